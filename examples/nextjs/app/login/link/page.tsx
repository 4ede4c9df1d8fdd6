import { returnToOf } from '@loggin/nextjs';
import type { Metadata } from 'next';
import { DecoupledLogin } from './decoupled-login';

export const metadata: Metadata = { title: 'Sign in' };

interface Props {
  searchParams: Promise<{ returnTo?: string | string[] }>;
}

/** The same sign-in, with a token that never leaves the server. */
export default async function LoginByServer({ searchParams }: Props) {
  const { returnTo } = await searchParams;
  return (
    <div className="card">
      <h1>Sign in to Acme</h1>
      <DecoupledLogin next={returnToOf(returnTo, '/dashboard')} />
      <p className="small">Here the server waits for your message, and this page has the link alone.</p>
    </div>
  );
}
