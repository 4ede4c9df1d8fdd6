import { requireSession } from '@loggin/nextjs';
import { treasure } from '../../treasure';

/** For those who have proved in the last hour who they are; others sign in again. */
export default async function Payment() {
  await requireSession({ maxAge: 3600, returnTo: '/payment' });
  return <p>{treasure('payment')}</p>;
}
