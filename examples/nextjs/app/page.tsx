import { getSession } from '@loggin/nextjs';
import Link from 'next/link';

/** Everybody sees this page. */
export default async function Home() {
  const session = await getSession();
  return (
    <article className="wide">
      <h1>Shop where you already talk.</h1>
      <p className="lead">Acme knows you by your WhatsApp: no password, and no SMS to wait for.</p>
      <Link href={session ? '/dashboard' : '/login'} className="button primary">
        {session ? 'Your dashboard' : 'Sign in'}
      </Link>
      <ul className="cards">
        <li>
          <h2>One tap, or one scan</h2>
          <p>A phone opens WhatsApp with the message written. A computer shows a QR code.</p>
        </li>
        <li>
          <h2>Or a code</h2>
          <p>The number is typed, and WhatsApp brings six digits.</p>
        </li>
        <li>
          <h2>Or all on the server</h2>
          <p>
            The token of a login need not reach the page. <Link href="/login/link">Try it</Link>
          </p>
        </li>
      </ul>
    </article>
  );
}
