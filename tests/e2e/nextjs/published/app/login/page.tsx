import { LogginProvider } from '@loggin/react';
import { LoginButton } from './login-button';

export const dynamic = 'force-dynamic';

export default function Login() {
  return (
    <LogginProvider baseUrl={process.env.LOGGIN_BASE_URL}>
      <h1>Sign in</h1>
      <LoginButton appKey={process.env.LOGGIN_APP_KEY ?? ''} />
    </LogginProvider>
  );
}
