import { returnToOf } from '@loggin/nextjs';
import { DecoupledLogin } from './decoupled-login';

interface Props {
  searchParams: Promise<{ returnTo?: string | string[] }>;
}

/** The same sign-in, with a token that never leaves the server. */
export default async function LoginByServer({ searchParams }: Props) {
  const { returnTo } = await searchParams;
  return (
    <div className="card">
      <h1>Sign in</h1>
      <DecoupledLogin next={returnToOf(returnTo, '/dashboard')} />
    </div>
  );
}
