import { redeemHandlers, withSession } from '@loggin/nextjs';

export const runtime = 'edge';

/** Redeems the token of a page that has no server actions, and says who is signed in, without Node. */
export const { POST } = redeemHandlers();

export const GET = withSession((_request, { phone }) => Response.json({ phone }));
