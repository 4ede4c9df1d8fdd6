/** The session of the request at hand, in pages, server actions and route handlers. */

import { cookies } from 'next/headers.js';
import { refusal } from './answers.js';
import { cookieAttributes, cookieName } from './cookies.js';
import { DEFAULT_LOGIN_PATH, withReturnTo } from './return-to.js';
import {
  type Identity,
  openSession,
  SESSION_LIFETIME_S,
  type SessionSource,
  SignedIn,
  sealSession,
} from './signed-in.js';

/**
 * Signs somebody in, for 30 days from their last visit: in a server action or a route handler, with what `verifyToken`
 * or a one-time code gave.
 *
 * @throws InvalidInputError `invalid_config` without a valid `LOGGIN_SESSION_SECRET`.
 */
export async function createSession(identity: Identity): Promise<SignedIn> {
  const session = new SignedIn(identity);
  const value = await sealSession(session);
  (await cookies()).set(cookieName('session'), value, cookieAttributes(SESSION_LIFETIME_S));
  return session;
}

/**
 * Who is signed in; null where nobody is. A cookie that is altered, expired or another's counts as none.
 *
 * The Pages Router hands in its request: `getSession(context.req)`.
 */
export async function getSession(source?: SessionSource): Promise<SignedIn | null> {
  const name = cookieName('session');
  const jar = source?.cookies ?? (await cookies());
  const value = typeof jar.get === 'function' ? jar.get(name)?.value : (jar as Record<string, string>)[name];
  return (await openSession(value))?.session ?? null;
}

/** Signs out, in a server action or a route handler. */
export async function destroySession(): Promise<void> {
  (await cookies()).set(cookieName('session'), '', cookieAttributes(0));
}

export interface RequireSessionOptions {
  /** Where people sign in; `/login` by default. */
  readonly loginPath?: string | undefined;
  /** The path to come back to; other sites are not gone to. */
  readonly returnTo?: string | undefined;
}

/**
 * Who is signed in; everybody else is sent to the login page. Every protected page, server action and route handler
 * asks by itself: a matcher alone has failed too often.
 *
 * A route handler that answers programs is better wrapped in `withSession`.
 */
export async function requireSession(options: RequireSessionOptions = {}): Promise<SignedIn> {
  const { loginPath = DEFAULT_LOGIN_PATH, returnTo } = options;
  const session = await getSession();
  if (session) {
    return session;
  }
  // Route handlers and pages have different modules of this name, which only the bundler tells apart.
  const { redirect } = await import('next/navigation');
  return redirect(withReturnTo(loginPath, returnTo));
}

/** A route handler for those who are signed in; everybody else is answered 401 `unauthorized`. */
export function withSession<Context>(
  handler: (request: Request, session: SignedIn, context: Context) => Promise<Response> | Response,
): (request: Request, context: Context) => Promise<Response> {
  return async (request, context) => {
    const session = await getSession();
    return session ? await handler(request, session, context) : refusal('unauthorized', 401);
  };
}
