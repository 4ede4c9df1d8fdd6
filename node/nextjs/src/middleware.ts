/** The door before the pages: `middleware.ts` of Next.js 15, and `proxy.ts` of Next.js 16. */

import { type NextRequest, NextResponse } from 'next/server.js';
import { cookieAttributes, cookieName } from './cookies.js';
import { DEFAULT_LOGIN_PATH, withReturnTo } from './return-to.js';
import { type Access, accessOf } from './routes.js';
import { openSession, SESSION_LIFETIME_S, sealSession } from './signed-in.js';

export interface LogginMiddlewareOptions {
  /** Where people sign in, always public; `/login` by default. */
  readonly loginPath?: string | undefined;
  /** Protected routes, such as `/dashboard/:path*`. Without it, and without `publicRoutes`, everything is protected. */
  readonly matcher?: readonly string[] | undefined;
  /** The routes that everybody may see: all others are protected, unlisted ones too. */
  readonly publicRoutes?: readonly string[] | undefined;
}

/** Requests that only read: they may be sent elsewhere, and may renew a session. */
const READS = ['GET', 'HEAD'];

/** What is for one person is kept by no cache. */
const PRIVATE = 'private, no-cache, no-store, max-age=0, must-revalidate';

/** The parameter by which Next.js tells the parts of pages apart for caches. */
const CACHE_PARAMETER = '_rsc';

/**
 * A door that lets only people with a session to protected routes: the default export of `middleware.ts` or
 * `proxy.ts`. Reads are sent to the login page, everything else is answered 401. It renews sessions.
 *
 * Do not export a `config.matcher` beside it: the door has to see every request. Rewrites of `next.config` run behind
 * it, so that their sources are what has to be protected. Pages still ask `requireSession()`.
 *
 * @throws InvalidInputError `invalid_config` where a route is not understood.
 */
export function logginMiddleware(
  options: LogginMiddlewareOptions = {},
): (request: NextRequest) => Promise<NextResponse> {
  const { loginPath = DEFAULT_LOGIN_PATH, matcher, publicRoutes } = options;
  const judge = accessOf({ loginPath, matcher, publicRoutes });
  const accessTo = ({ nextUrl, url }: NextRequest): Access => {
    const asked = belowBasePath(new URL(url), nextUrl.basePath);
    if (nextUrl.locale && asked.pathname === `/${nextUrl.locale}${loginPath}`) {
      return 'public';
    }
    return strictest([judge(asked), judge(withoutLocale(nextUrl))]);
  };
  return async (request) => {
    const access = accessTo(request);
    if (access === 'malformed') {
      return refuse('invalid_request', 400);
    }
    const opened = await openSession(request.cookies.get(cookieName('session'))?.value);
    const isRead = READS.includes(request.method);
    if (access === 'protected' && !opened) {
      return isRead ? toLogin(request, loginPath) : refuse('unauthorized', 401);
    }
    const response = NextResponse.next();
    if (access === 'protected') {
      response.headers.set('Cache-Control', PRIVATE);
    }
    // An action that signs out must not be overtaken by its own renewal.
    if (opened?.isDue && isRead) {
      const value = await sealSession(opened.session);
      response.cookies.set(cookieName('session'), value, cookieAttributes(SESSION_LIFETIME_S));
      response.headers.set('Cache-Control', PRIVATE);
    }
    return response;
  };
}

/** The address as it was asked for, in an app that stands below a path of its host. */
function belowBasePath(url: URL, basePath: string): URL {
  if (basePath && url.pathname.startsWith(basePath)) {
    url.pathname = url.pathname.slice(basePath.length);
  }
  return url;
}

/** The address as Next.js routes it, without locale and base path. */
function withoutLocale(nextUrl: NextRequest['nextUrl']): URL {
  const url = new URL(nextUrl.href);
  url.pathname = nextUrl.pathname;
  return url;
}

function strictest(all: readonly Access[]): Access {
  return (['malformed', 'protected'] as const).find((access) => all.includes(access)) ?? 'public';
}

function refuse(error: string, status: number): NextResponse {
  return NextResponse.json({ error }, { status, headers: { 'Cache-Control': 'no-store' } });
}

function toLogin({ nextUrl }: NextRequest, loginPath: string): NextResponse {
  const parameters = new URLSearchParams(nextUrl.search);
  parameters.delete(CACHE_PARAMETER);
  const query = parameters.size > 0 ? `?${parameters}` : '';
  const [path = '', search = ''] = withReturnTo(loginPath, nextUrl.pathname + query).split('?');
  const url = nextUrl.clone();
  url.pathname = path;
  url.search = search;
  return NextResponse.redirect(url, { headers: { 'Cache-Control': 'no-store' } });
}
