import { returnToOf } from '@loggin/nextjs';
import type { Metadata } from 'next';
import { SignIn } from './sign-in';

/** The app of a local server, ready to use; your own is `LOGGIN_APP_KEY`. */
const APP_KEY = '8XKPQ2WN';

export const metadata: Metadata = { title: 'Sign in' };

interface Props {
  searchParams: Promise<{ error?: string | string[]; returnTo?: string | string[] }>;
}

export default async function Login({ searchParams }: Props) {
  const { error, returnTo } = await searchParams;
  const next = returnToOf(returnTo, '/dashboard');
  const { LOGGIN_APP_KEY, LOGGIN_BASE_URL, LOGGIN_WHATSAPP_NUMBER } = process.env;
  return (
    <div className="card">
      <h1>Sign in to Acme</h1>
      {error && (
        <p role="alert" className="alert">
          You were not signed in. Please try again.
        </p>
      )}
      <SignIn
        appKey={LOGGIN_APP_KEY || APP_KEY}
        server={{ baseUrl: LOGGIN_BASE_URL, whatsappNumber: LOGGIN_WHATSAPP_NUMBER }}
        next={next}
      />
      <p className="small">No password, and no app to install.</p>
    </div>
  );
}
