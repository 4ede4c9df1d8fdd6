'use server';

import { redeem, returnToOf } from '@loggin/nextjs';
import { redirect } from 'next/navigation';

/** Redeems the token that the button's page hands in. Where that fails, the login page says so, and keeps the way back. */
export async function signIn(token: string, next: string) {
  const { ok, error } = await redeem(token);
  redirect(ok ? returnToOf(next) : `/login?${new URLSearchParams({ error, returnTo: next })}`);
}
