import { requireSession } from '@loggin/nextjs';
import { treasure } from '../../treasure';

/** In front of the guard, and guarded by itself alone. */
export default async function Members() {
  await requireSession({ returnTo: '/members' });
  return <p>{treasure('members')}</p>;
}
