import { requireSession } from '@loggin/nextjs';
import type { Metadata } from 'next';
import { signOut } from './actions';

export const metadata: Metadata = { title: 'Dashboard' };

const TIME = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });

/** A page for people who have signed in. It asks by itself, whatever the guard has asked. */
export default async function Dashboard() {
  const { phone, verifiedAt } = await requireSession({ returnTo: '/dashboard' });
  return (
    <div className="wide">
      <div className="row">
        <h1>Dashboard</h1>
        <form action={signOut}>
          <button type="submit" className="button">
            Sign out
          </button>
        </form>
      </div>
      <p className="lead">You are +{phone}.</p>
      <ul className="cards">
        <li>
          <h2>Signed in</h2>
          <p>
            WhatsApp vouched for you on{' '}
            <time dateTime={verifiedAt.toISOString()}>{TIME.format(verifiedAt)} UTC</time>.
          </p>
        </li>
        <li>
          <h2>Orders</h2>
          <p>Nothing yet. What your app does begins here.</p>
        </li>
      </ul>
    </div>
  );
}
