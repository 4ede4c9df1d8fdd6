import { requireSession } from '@loggin/nextjs';
import { signOut } from './actions';

/** A page for people who have signed in. It asks by itself, whatever the door has asked. */
export default async function Dashboard() {
  const { phone, verifiedAt } = await requireSession({ returnTo: '/dashboard' });
  return (
    <div className="card">
      <h1>Dashboard</h1>
      <p>You are +{phone}.</p>
      <p className="soft small">
        WhatsApp said so at <time dateTime={verifiedAt.toISOString()}>{verifiedAt.toUTCString()}</time>.
      </p>
      <form action={signOut}>
        <button type="submit" className="action">
          Sign out
        </button>
      </form>
    </div>
  );
}
