import { treasure } from '../../treasure';

/** Prerendered, and protected by the route guard alone. */
export default function Vault() {
  return <p>{treasure('vault')}</p>;
}
