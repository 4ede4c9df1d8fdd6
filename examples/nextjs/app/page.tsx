import { getSession } from '@loggin/nextjs';
import Link from 'next/link';

/** Everybody sees this page. */
export default async function Home() {
  const session = await getSession();
  return (
    <>
      <h1>Acme</h1>
      {session ? <Link href="/dashboard">Your dashboard</Link> : <Link href="/login">Sign in</Link>}
    </>
  );
}
