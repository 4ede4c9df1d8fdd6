/** The session of the request at hand, in pages, server actions and route handlers. */

import { cookies, headers } from 'next/headers.js';
import { checkedClaims, type SessionClaims } from './claims.js';
import { cookieAttributes, cookieName } from './cookies.js';
import { warnOfPlainHttp } from './hosts.js';
import { refusal } from './responses.js';
import { DEFAULT_LOGIN_PATH, withReturnTo } from './return-to.js';
import { endAll, isEnded, type Person } from './revocation.js';
import {
  endOf,
  type Identity,
  isYoungerThan,
  MAX_AGE_S,
  type OpenedSession,
  openSession,
  type SessionSource,
  type SignedIn,
  sealSession,
  signIn,
  withClaims,
} from './signed-in.js';

export interface CreateSessionOptions {
  /**
   * How many seconds after `verifiedAt` the session ends at the latest, however often it is renewed; 90 days by
   * default.
   */
  readonly maxAge?: number | undefined;
  /**
   * What the app adds to the session, a JSON object of at most 1,024 bytes; or what finds it, once it is known who signs
   * in: the place to look up, or make, an account of the app's own. An error that it throws keeps the person out.
   */
  readonly claims?:
    | SessionClaims
    | ((identity: Identity) => SessionClaims | Promise<SessionClaims>)
    | undefined;
}

type Jar = Awaited<ReturnType<typeof cookies>>;

/**
 * Signs somebody in, for 30 days from their last visit: in a server action or a route handler, with what `verifyToken`
 * or a one-time code gave.
 *
 * @throws InvalidInputError `invalid_config` without a valid `LOGGIN_SESSION_SECRET`, and TypeError where the identity
 * is none, or was verified too long ago, or the claims are none.
 */
export async function createSession(
  identity: Identity,
  options: CreateSessionOptions = {},
): Promise<SignedIn> {
  const { session, write } = await prepareSession(identity, options);
  write(await cookies());
  return session;
}

/** A session, and what writes its cookie. It throws like `createSession`; `write` does where cookies are only read. */
export async function prepareSession(
  identity: Identity,
  { maxAge = MAX_AGE_S, claims }: CreateSessionOptions,
  jti?: string,
): Promise<{ readonly session: SignedIn; readonly write: (jar: Jar) => void }> {
  const session = signIn(identity, typeof claims === 'function' ? await claims(identity) : claims, jti);
  if (!isYoungerThan(session, maxAge)) {
    throw new TypeError('maxAge is a number of seconds above the age of what was verified.');
  }
  const sealed = await sealSession(session, endOf(session, maxAge));
  const asked = await headersOfRequest();
  const write = (jar: Jar): void => {
    jar.set(cookieName('session'), sealed.value, cookieAttributes(sealed.maxAge));
    warnOfPlainHttp(asked);
  };
  return { session, write };
}

async function headersOfRequest(): Promise<Headers | null> {
  try {
    return await headers();
  } catch {
    return null;
  }
}

/**
 * Who is signed in; null where nobody is. A cookie that is altered, expired, revoked or another's counts as none.
 *
 * The Pages Router hands in its request: `getSession(context.req)`.
 */
export async function getSession(source?: SessionSource): Promise<SignedIn | null> {
  return (await openedSession(source?.cookies ?? (await cookies())))?.session ?? null;
}

async function openedSession(jar: SessionSource['cookies']): Promise<OpenedSession | null> {
  const name = cookieName('session');
  const value = typeof jar.get === 'function' ? jar.get(name)?.value : (jar as Record<string, string>)[name];
  const opened = await openSession(value);
  return opened && !(await isEnded(opened.session)) ? opened : null;
}

/**
 * Puts other claims in the place of the session's, in a server action or a route handler; null where nobody is signed
 * in. Other browsers of the person keep theirs.
 *
 * @throws TypeError where the claims are none.
 */
export async function updateSession(claims: SessionClaims): Promise<SignedIn | null> {
  const jar = await cookies();
  const opened = await openedSession(jar);
  if (!opened) {
    return null;
  }
  const session = withClaims(opened.session, checkedClaims(claims));
  const { value, maxAge } = await sealSession(session, opened.endsAt);
  jar.set(cookieName('session'), value, cookieAttributes(maxAge));
  return session;
}

/** Signs out, in a server action or a route handler. */
export async function destroySession(): Promise<void> {
  (await cookies()).set(cookieName('session'), '', cookieAttributes(0));
}

/**
 * Ends every session that the person of this one has until now, in every browser, this one included. Elsewhere, as in
 * a console of the app's own, it is handed the person.
 *
 * It needs `configure({ signOuts })`, by which the app keeps one moment for each person.
 *
 * @throws InvalidInputError `invalid_config` where the app keeps none.
 */
export async function signOutEverywhere(person?: Person): Promise<void> {
  await endAll(person ?? (await getSession()));
  if (!person) {
    await destroySession();
  }
}

export interface FreshSessionOptions {
  /**
   * How many seconds ago the person may have proved who they are, for what asks for more than a cookie: older sessions
   * have to sign in again. Any that has not ended, by default.
   */
  readonly maxAge?: number | undefined;
}

export interface RequireSessionOptions extends FreshSessionOptions {
  /** Where people sign in; `/login` by default. */
  readonly loginPath?: string | undefined;
  /** The path to come back to; other sites are not gone to. */
  readonly returnTo?: string | undefined;
}

async function freshSession({ maxAge }: FreshSessionOptions): Promise<SignedIn | null> {
  const session = await getSession();
  return session && (maxAge === undefined || isYoungerThan(session, maxAge)) ? session : null;
}

/**
 * Who is signed in; everybody else is sent to the login page. Every protected page, server action and route handler
 * asks by itself: a matcher alone has failed too often.
 *
 * A route handler that responds to programs is better wrapped in `withSession`.
 */
export async function requireSession(options: RequireSessionOptions = {}): Promise<SignedIn> {
  const { loginPath = DEFAULT_LOGIN_PATH, returnTo } = options;
  const session = await freshSession(options);
  if (session) {
    return session;
  }
  // Route handlers and pages have different modules of this name, which only the bundler tells apart.
  const { redirect } = await import('next/navigation');
  return redirect(withReturnTo(loginPath, returnTo));
}

/** A route handler for those who are signed in; everybody else gets a 401 `unauthorized`. */
export function withSession<Context>(
  handler: (request: Request, session: SignedIn, context: Context) => Promise<Response> | Response,
  options: FreshSessionOptions = {},
): (request: Request, context: Context) => Promise<Response> {
  return async (request, context) => {
    const session = await freshSession(options);
    return session ? await handler(request, session, context) : refusal('unauthorized', 401);
  };
}
