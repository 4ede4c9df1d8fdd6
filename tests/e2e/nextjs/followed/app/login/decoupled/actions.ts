'use server';
import { createToken, waitForVerify } from '@loggin/nextjs';

export async function startLogin() {
  const { token, link } = createToken(process.env.LOGGIN_APP_KEY ?? '');
  return { token, link };
}

export async function finishLogin(token: string) {
  return await waitForVerify(token);
}
