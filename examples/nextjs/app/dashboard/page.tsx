import { requireSession } from '@loggin/nextjs';
import { signOut } from './actions';

/** A page for people who have signed in. It asks by itself, whatever the door has asked. */
export default async function Dashboard() {
  const { phone } = await requireSession({ returnTo: '/dashboard' });
  return (
    <>
      <h1>Dashboard</h1>
      <p>You are +{phone}.</p>
      <form action={signOut}>
        <button type="submit">Sign out</button>
      </form>
    </>
  );
}
