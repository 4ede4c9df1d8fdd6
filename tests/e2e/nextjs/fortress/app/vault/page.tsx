import { treasure } from '../../treasure';

/** Prerendered, and guarded by the door alone. */
export default function Vault() {
  return <p>{treasure('vault')}</p>;
}
