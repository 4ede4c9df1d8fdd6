import { LogginProvider } from '@loggin/react';
import { connection } from 'next/server';
import { LoginButton } from '../login-button';

/** The page around the button whose action calls `verifyToken`. */
export default async function LoginByVerifyToken() {
  await connection();
  return (
    <LogginProvider baseUrl={process.env.LOGGIN_BASE_URL}>
      <LoginButton appKey={process.env.LOGGIN_APP_KEY ?? ''} />
    </LogginProvider>
  );
}
