/** The route guard before the pages: `middleware.ts` of Next.js 15, and `proxy.ts` of Next.js 16. */

import { type NextFetchEvent, type NextRequest, NextResponse } from 'next/server.js';
import { cookieAttributes, cookieName } from './cookies.js';
import { isRead, refuse, turnAway } from './refusals.js';
import { DEFAULT_LOGIN_PATH } from './return-to.js';
import { type IsRevoked, isEnded } from './revocation.js';
import { type Access, accessOf, isOfFramework } from './routes.js';
import { type OpenedSession, openSession, type SignedIn, sealSession } from './signed-in.js';

export interface LogginMiddlewareOptions {
  /** Where people sign in, always public; `/login` by default. */
  readonly loginPath?: string | undefined;
  /** Protected routes, such as `/dashboard/:path*`. Without it, and without `publicRoutes`, everything is protected. */
  readonly matcher?: readonly string[] | undefined;
  /**
   * The routes that everybody may see: all others are protected, unlisted ones too, but for what every site has for
   * everybody: `/favicon.ico`, `/robots.txt`, `/sitemap.xml`, `/manifest.webmanifest`, icons, and `/.well-known/*`.
   */
  readonly publicRoutes?: readonly string[] | undefined;
  /** Whether a session was ended before its time; that of `configure` by default. */
  readonly isRevoked?: IsRevoked | undefined;
}

/**
 * What an app's own middleware does behind the guard: it may rewrite, redirect, or add headers. The session is null where
 * nobody is signed in, which is so on public routes alone.
 */
export type LogginMiddlewareHandler = (
  request: NextRequest,
  session: SignedIn | null,
  event: NextFetchEvent,
) => HandlerResult | Promise<HandlerResult>;

// biome-ignore lint/suspicious/noConfusingVoidType: a handler that only looks returns nothing.
type HandlerResult = Response | null | undefined | void;

/** What is for one person is kept by no cache. */
const PRIVATE = 'private, no-cache, no-store, max-age=0, must-revalidate';

/**
 * A route guard that lets only people with a session to protected routes: the default export of `middleware.ts` or
 * `proxy.ts`. Reads and server actions are sent to the login page, everything else gets a 401. It renews sessions.
 *
 * A handler runs behind it, for everybody who is let through, except for files of the framework; its response gets the
 * guard's cookie and `Cache-Control` besides its own. What it rewrites to is its own word: protect what is asked for.
 *
 * The guard has to see every request: a `config.matcher` that is exported beside it narrows what it guards to what Next.js
 * matches. Rewrites of `next.config` run behind it, so that their sources are what has to be protected. Pages still ask
 * `requireSession()`.
 *
 * @throws InvalidInputError `invalid_config` where a route is not understood.
 */
export function logginMiddleware(
  options: LogginMiddlewareOptions = {},
  handler?: LogginMiddlewareHandler,
): (request: NextRequest, event: NextFetchEvent) => Promise<NextResponse> {
  const { loginPath = DEFAULT_LOGIN_PATH, matcher, publicRoutes, isRevoked } = options;
  const accessTo = accessOfRequests(loginPath, accessOf({ loginPath, matcher, publicRoutes }));
  return async (request, event) => {
    const access = accessTo(request);
    if (access === 'malformed') {
      return refuse('invalid_request', 400);
    }
    const isHandled = handler !== undefined && !isOfFramework(request.nextUrl.pathname);
    let opened = await openSession(request.cookies.get(cookieName('session'))?.value);
    // A list is not asked about every file.
    if (opened && (access === 'protected' || isHandled) && (await isEnded(opened.session, isRevoked))) {
      opened = null;
    }
    if (access === 'protected' && !opened) {
      return turnAway(request, loginPath);
    }
    const own = isHandled ? await handler(request, opened?.session ?? null, event) : null;
    const response = own ? new NextResponse(own.body, own) : NextResponse.next();
    return await finished(response, access, isRead(request) ? opened : null);
  };
}

/** How requests are judged: as they were asked, and as Next.js routes them. */
function accessOfRequests(
  loginPath: string,
  judge: ReturnType<typeof accessOf>,
): (request: NextRequest) => Access {
  return ({ nextUrl, url }) => {
    const { basePath, locale, pathname: routed, searchParams } = nextUrl;
    const pathname = belowBasePath(new URL(url).pathname, basePath);
    if (locale && pathname === `/${locale}${loginPath}`) {
      return 'public';
    }
    const readings = [pathname, routed].map((path) => judge({ pathname: path, searchParams, basePath }));
    return strictest(readings);
  };
}

/** The response with what the guard adds. An action that signs out must not be overtaken by its own renewal. */
async function finished(
  response: NextResponse,
  access: Access,
  opened: OpenedSession | null,
): Promise<NextResponse> {
  const { headers } = response;
  const isRenewed = opened?.isDue === true && !setsSession(headers);
  if (isRenewed) {
    for (const cookie of await renewalOf(opened)) {
      headers.append('Set-Cookie', cookie);
    }
  }
  if ((isRenewed || access === 'protected') && !headers.get('Cache-Control')?.includes('no-store')) {
    headers.set('Cache-Control', PRIVATE);
  }
  return response;
}

/** Whether a handler has written, or taken back, the session's cookie. */
function setsSession(headers: Headers): boolean {
  return headers.getSetCookie().some((cookie) => cookie.startsWith(`${cookieName('session')}=`));
}

/** Written apart: setting a cookie on a response writes those that it has anew. */
async function renewalOf({ session, endsAt }: OpenedSession): Promise<string[]> {
  const { value, maxAge } = await sealSession(session, endsAt);
  const { cookies, headers } = new NextResponse();
  cookies.set(cookieName('session'), value, cookieAttributes(maxAge));
  return headers.getSetCookie();
}

/** A path as it was asked for, in an app that stands below a path of its host. */
function belowBasePath(pathname: string, basePath: string): string {
  return basePath && pathname.startsWith(basePath) ? pathname.slice(basePath.length) : pathname;
}

function strictest(all: readonly Access[]): Access {
  return (['malformed', 'protected'] as const).find((access) => all.includes(access)) ?? 'public';
}
