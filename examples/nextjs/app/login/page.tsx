import { returnToOf } from '@loggin/nextjs';
import Link from 'next/link';
import { SignIn } from './sign-in';

/** The app of a local server, ready to use; your own is `LOGGIN_APP_KEY`. */
const APP_KEY = '8XKPQ2WN';

interface Props {
  searchParams: Promise<{ error?: string | string[]; returnTo?: string | string[] }>;
}

export default async function Login({ searchParams }: Props) {
  const { error, returnTo } = await searchParams;
  const next = returnToOf(returnTo, '/dashboard');
  const { LOGGIN_APP_KEY, LOGGIN_BASE_URL } = process.env;
  return (
    <div className="card">
      <h1>Sign in</h1>
      {error && <p role="alert">You were not signed in. Please try again.</p>}
      <SignIn appKey={LOGGIN_APP_KEY || APP_KEY} baseUrl={LOGGIN_BASE_URL} next={next} />
      <p className="soft small">
        No password, no app to install. <Link href="/login/link">The same, with the token on the server</Link>
      </p>
    </div>
  );
}
