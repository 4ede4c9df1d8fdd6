/** What the route guard responds where it lets nobody through: the way to the login page, or an error. */

import { type NextRequest, NextResponse } from 'next/server.js';
import { hostOf, isLoopback } from './hosts.js';
import { withReturnTo } from './return-to.js';

/** Requests that only read: they may be sent elsewhere, and may renew a session. */
const READS = ['GET', 'HEAD'];

/** By which a page of the framework calls a server action. */
const ACTION = 'Next-Action';

/** The parameter by which Next.js tells the parts of pages apart for caches. */
const CACHE_PARAMETER = '_rsc';

const NO_STORE = { 'Cache-Control': 'no-store' };

export const isRead = ({ method }: NextRequest): boolean => READS.includes(method);

export function refuse(error: string, status: number): NextResponse {
  return NextResponse.json({ error }, { status, headers: NO_STORE });
}

/** What somebody without a session gets: reads and actions are sent to the login page. */
export function turnAway(request: NextRequest, loginPath: string): NextResponse {
  if (request.headers.has(ACTION)) {
    return fromAction(request, loginPath);
  }
  return isRead(request) ? toLogin(request, loginPath) : refuse('unauthorized', 401);
}

/** The login page's address with the way back, as routes are written: without base path and locale. */
function wayToLogin({ nextUrl }: NextRequest, loginPath: string): string {
  const parameters = new URLSearchParams(nextUrl.search);
  parameters.delete(CACHE_PARAMETER);
  const query = parameters.size > 0 ? `?${parameters}` : '';
  return withReturnTo(loginPath, nextUrl.pathname + query);
}

/**
 * Next.js takes a response to an action that is none of its own for a crash. This is how an action itself redirects; a
 * `Location` would be followed by `fetch`, and a body would be read.
 */
function fromAction(request: NextRequest, loginPath: string): NextResponse {
  const headers = { ...NO_STORE, 'x-action-redirect': `${wayToLogin(request, loginPath)};push` };
  return new NextResponse(null, { status: 303, headers });
}

function toLogin(request: NextRequest, loginPath: string): NextResponse {
  const [path = '', search = ''] = wayToLogin(request, loginPath).split('?');
  const url = request.nextUrl.clone();
  url.pathname = path;
  url.search = search;
  asAsked(url, request.headers);
  return NextResponse.redirect(url, { headers: NO_STORE });
}

/**
 * Behind a proxy, a server that listens on this machine alone believes to be `localhost`, and would send visitors to
 * their own one.
 */
function asAsked(url: NextRequest['nextUrl'], headers: Headers): void {
  const host = hostOf(headers);
  if (host === null || !isLoopback(url.hostname) || isLoopback(host) || !URL.canParse(`http://${host}`)) {
    return;
  }
  const scheme = headers.get('X-Forwarded-Proto')?.split(',')[0]?.trim();
  url.protocol = scheme === 'http' || scheme === 'https' ? scheme : url.protocol;
  const { hostname, port } = new URL(`${url.protocol}//${host}`);
  url.hostname = hostname;
  url.port = port;
}
