import { verifyToken } from '@loggin/nextjs';

/** A route handler that keeps the cookie to itself. */
export async function POST(request: Request) {
  const session = await verifyToken(await request.text(), { session: false });
  return Response.json(session);
}
