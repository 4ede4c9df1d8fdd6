import { getSession } from '@loggin/nextjs';
import Link from 'next/link';

/** Everybody sees this page. */
export default async function Home() {
  const session = await getSession();
  return (
    <div className="card">
      <h1>Orders, where your customers are</h1>
      <p className="soft">Acme is an example: sign-in with WhatsApp, a door, and a page behind it.</p>
      {session ? (
        <Link href="/dashboard" className="action">
          Your dashboard
        </Link>
      ) : (
        <Link href="/login" className="action">
          Sign in
        </Link>
      )}
    </div>
  );
}
