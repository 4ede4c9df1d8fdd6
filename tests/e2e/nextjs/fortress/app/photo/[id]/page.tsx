import { treasure } from '../../../treasure';

/** Guarded by the door alone. */
export default function Photo() {
  return <p>{treasure('photo')}</p>;
}
