'use server';

import { beginLogin, redeem, returnToOf } from '@loggin/nextjs';
import { redirect } from 'next/navigation';

/** Redeems the token that the button's page hands in. */
export async function signIn(token: string, next: string) {
  const session = await redeem(token);
  redirect(session ? returnToOf(next) : '/login');
}

/** Begins a login whose token stays on this server. */
export async function begin() {
  const { link } = await beginLogin(process.env.LOGGIN_APP_KEY || '8XKPQ2WN');
  return link;
}
