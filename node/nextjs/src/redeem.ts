/** The button's flow: a page waits for the login, then hands in the token, which only the server redeems. */

import { loggin, type Session, type VerifyTokenOptions } from '@loggin/web';
import { answer, answering, ownRequest, refusal } from './answers.js';
import { createSession } from './session.js';
import type { SignedIn } from './signed-in.js';

/**
 * Redeems a token that a page handed in: the session, or null while nobody has signed in.
 *
 * It works in Node and at the edge, and rejects with a `LogginError`: `expired`, `already_used`, `denied`,
 * `invalid_token`, `unauthorized` and the others of `@loggin/web`.
 */
export async function verifyToken(token: string, options?: VerifyTokenOptions): Promise<Session | null> {
  return await loggin.verifyToken(token, options);
}

export interface RedeemOptions {
  /** Called with who is about to be signed in; an error that it throws keeps them out. */
  readonly onSession?: ((session: Session) => unknown) | undefined;
}

/**
 * Redeems a token and signs its person in, in a server action: `onSuccess={({ token }) => redeem(token)}` through an
 * action of the app's own. Null while nobody has signed in. It rejects like `verifyToken`.
 */
export async function redeem(token: string, options: RedeemOptions = {}): Promise<SignedIn | null> {
  const session = await verifyToken(token);
  if (!session) {
    return null;
  }
  await options.onSession?.(session);
  return await createSession(session);
}

/**
 * The same as a route: `export const { POST } = redeemHandlers()` takes `{"token"}` and answers
 * `{"status": "verified"}` or `{"status": "pending"}`, or an error with its code.
 */
export function redeemHandlers(options: RedeemOptions = {}): {
  POST: (request: Request) => Promise<Response>;
} {
  const POST = async (request: Request): Promise<Response> => {
    const body = await ownRequest(request);
    if (body instanceof Response) {
      return body;
    }
    const { token } = body;
    if (typeof token !== 'string') {
      return refusal('invalid_token', 400);
    }
    return await answering(async () => {
      const session = await redeem(token, options);
      return answer({ status: session ? 'verified' : 'pending' });
    });
  };
  return { POST };
}
