import { signOutEverywhere } from '@loggin/nextjs';

/** Signs a person out in all their browsers. */
export async function POST() {
  await signOutEverywhere();
  return new Response(null, { status: 204 });
}
