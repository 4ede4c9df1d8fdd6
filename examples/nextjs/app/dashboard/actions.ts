'use server';

import { destroySession } from '@loggin/nextjs';
import { redirect } from 'next/navigation';

export async function signOut() {
  await destroySession();
  redirect('/');
}
