import { treasure } from '../../../treasure';

/** Protected by the route guard alone. */
export default function Photo() {
  return <p>{treasure('photo')}</p>;
}
