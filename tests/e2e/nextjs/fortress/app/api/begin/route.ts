import { beginLogin } from '@loggin/nextjs';

/** Begins a login whose token stays in this browser's cookie. */
export async function POST() {
  const { link } = await beginLogin(process.env.LOGGIN_APP_KEY || '8XKPQ2WN');
  return Response.json({ link });
}
