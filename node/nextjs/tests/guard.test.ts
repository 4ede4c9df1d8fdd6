/** The route guard and what an app adds to it: responses, headers, lists of ended sessions; and how it turns people away. */

import { type NextFetchEvent, NextRequest, NextResponse } from 'next/server.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { configure, logginMiddleware } from '../src/index.js';
import { seal } from '../src/seal.js';
import { sealSession, signIn } from '../src/signed-in.js';

const COOKIE = 'loggin-dev';
const DAY_S = 24 * 60 * 60;
const EVENT = {} as NextFetchEvent;
const MATCHER = ['/dashboard/:path*'];
const PERSON = signIn({ phone: '919876543210', verifiedAt: new Date() });

beforeEach(() => {
  vi.stubEnv('LOGGIN_SESSION_SECRET', 'a-secret-of-more-than-thirty-two-bytes!');
  return () => {
    vi.unstubAllEnvs();
    vi.useRealTimers();
    configure({});
  };
});

/** The person's cookie, sealed so many seconds ago. */
async function cookie(ageS = 0): Promise<string> {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() - ageS * 1000);
  const { value } = await sealSession(PERSON);
  vi.useRealTimers();
  return `${COOKIE}=${value}`;
}

const request = (path: string, headers: Record<string, string> = {}, method = 'GET'): NextRequest =>
  new NextRequest(new URL(path, 'https://acme.example'), { headers, method });

describe('a handler behind the guard', () => {
  test('is told who is there, and not asked about who is turned away', async () => {
    const handler = vi.fn();
    const guard = logginMiddleware({ matcher: MATCHER }, handler);
    expect((await guard(request('/dashboard'), EVENT)).status).toBe(307);
    expect((await guard(request('/dashboard', { 'next-action': 'a' }, 'POST'), EVENT)).status).toBe(303);
    expect((await guard(request('/feed/(.)dashboard'), EVENT)).status).toBe(400);
    expect(handler).not.toHaveBeenCalled();
    const asked = request('/dashboard', { cookie: await cookie() });
    expect((await guard(asked, EVENT)).headers.get('x-middleware-next')).toBe('1');
    expect(handler).toHaveBeenLastCalledWith(asked, PERSON, EVENT);
    const open = request('/open');
    await guard(open, EVENT);
    expect(handler).toHaveBeenLastCalledWith(open, null, EVENT);
  });

  test.each(['/_next/static/chunks/a.js', '/_next/image?url=/open.png'])('leaves %s alone', async (path) => {
    const handler = vi.fn();
    await logginMiddleware({ matcher: MATCHER }, handler)(request(path), EVENT);
    expect(handler).not.toHaveBeenCalled();
  });

  test('rewrites, with cookies of its own', async () => {
    const guard = logginMiddleware({ matcher: MATCHER }, ({ url }) => {
      const response = NextResponse.rewrite(new URL('/en/dashboard', url));
      response.cookies.set('NEXT_LOCALE', 'en', { sameSite: 'lax' });
      return response;
    });
    const { headers } = await guard(request('/dashboard', { cookie: await cookie(2 * DAY_S) }), EVENT);
    expect(headers.get('x-middleware-rewrite')).toBe('https://acme.example/en/dashboard');
    expect(headers.getSetCookie().map((each) => each.split('=')[0])).toEqual(['NEXT_LOCALE', COOKIE]);
    expect(headers.get('Cache-Control')).toContain('no-store');
  });

  test('hands a nonce to pages and to the browser', async () => {
    const guard = logginMiddleware({ matcher: MATCHER }, (asked) => {
      const headers = new Headers(asked.headers);
      headers.set('x-nonce', 'n0nce');
      const response = NextResponse.next({ request: { headers } });
      response.headers.set('Content-Security-Policy', "script-src 'nonce-n0nce'");
      response.headers.set('Cache-Control', 'no-store, private');
      return response;
    });
    const { headers } = await guard(request('/dashboard', { cookie: await cookie() }), EVENT);
    expect(headers.get('x-middleware-request-x-nonce')).toBe('n0nce');
    expect(headers.get('Content-Security-Policy')).toBe("script-src 'nonce-n0nce'");
    expect(headers.get('Cache-Control')).toBe('no-store, private');
  });

  test('redirects, and may sign out although the session is due', async () => {
    const leave = (): Response => Response.redirect('https://acme.example/elsewhere');
    const signOut = (): Response => {
      const response = NextResponse.next();
      response.cookies.delete(COOKIE);
      return response;
    };
    const asked = (path: string, value: string): NextRequest => request(path, { cookie: value });
    const old = await cookie(2 * DAY_S);
    const left = await logginMiddleware({ matcher: MATCHER }, leave)(asked('/dashboard', old), EVENT);
    expect([left.status, left.headers.get('Location')]).toEqual([302, 'https://acme.example/elsewhere']);
    expect(left.headers.getSetCookie()).toHaveLength(1);
    const gone = await logginMiddleware({ matcher: MATCHER }, signOut)(asked('/open', old), EVENT);
    expect(gone.headers.getSetCookie().map((each) => each.includes(`${COOKIE}=;`))).toEqual([true]);
  });
});

describe('a server action without a session', () => {
  test('is told to go to the login page, in the words of the framework', async () => {
    const guard = logginMiddleware({ matcher: MATCHER });
    const { status, headers, body } = await guard(
      request('/dashboard/a?b=c;d&_rsc=1', { 'next-action': '7f', accept: 'text/x-component' }, 'POST'),
      EVENT,
    );
    expect([status, body, headers.get('Location'), headers.get('Content-Type')]).toEqual([
      303,
      null,
      null,
      null,
    ]);
    expect(headers.get('x-action-redirect')).toBe('/login?returnTo=%2Fdashboard%2Fa%3Fb%3Dc%253Bd;push');
    expect(headers.get('Cache-Control')).toBe('no-store');
  });

  test('other posts are refused', async () => {
    const guard = logginMiddleware({ matcher: MATCHER });
    expect((await guard(request('/dashboard', {}, 'POST'), EVENT)).status).toBe(401);
  });
});

describe('a session that was ended', () => {
  const isRevoked = vi.fn(({ jti }: { jti: string }) => Promise.resolve(jti === PERSON.jti));
  const open = { status: 200 };
  const shut = { status: 307 };

  test.each([
    ['the guard is told', { isRevoked }, {}],
    ['the app is told', {}, { isRevoked }],
  ])('opens nothing: %s', async (_, own, all) => {
    configure(all);
    const guard = logginMiddleware({ matcher: MATCHER, ...own });
    expect(await guard(request('/dashboard', { cookie: await cookie() }), EVENT)).toMatchObject(shut);
    const other = await sealSession(signIn(PERSON));
    const theirs = { cookie: `${COOKIE}=${other.value}` };
    expect(await guard(request('/dashboard', theirs), EVENT)).toMatchObject(open);
  });

  test('the list is not asked where nobody is', async () => {
    isRevoked.mockClear();
    const guard = logginMiddleware({ matcher: MATCHER, isRevoked });
    await guard(request('/dashboard'), EVENT);
    await guard(request('/open', { cookie: await cookie() }), EVENT);
    expect(isRevoked).not.toHaveBeenCalled();
  });

  test('a list that fails lets nobody in', async () => {
    const broken = (): never => {
      throw new Error('no database');
    };
    const guard = logginMiddleware({ matcher: MATCHER, isRevoked: broken });
    await expect(guard(request('/dashboard', { cookie: await cookie() }), EVENT)).rejects.toThrow();
  });
});

describe('the way to the login page', () => {
  const locationOf = async (url: string, headers: Record<string, string>): Promise<string | null> =>
    (await logginMiddleware()(new NextRequest(url, { headers }), EVENT)).headers.get('Location');

  test.each([
    [{ host: 'acme.example', 'x-forwarded-proto': 'https' }, 'https://acme.example'],
    [
      { host: 'inner:3000', 'x-forwarded-host': 'Acme.example, inner', 'x-forwarded-proto': 'https,http' },
      'https://acme.example',
    ],
    [{ host: 'acme.example:8443', 'x-forwarded-proto': 'https' }, 'https://acme.example:8443'],
    [{ host: 'acme.example' }, 'http://acme.example'],
    [{ host: 'acme.example', 'x-forwarded-proto': 'javascript' }, 'http://acme.example'],
    [{ host: 'localhost:3000', 'x-forwarded-proto': 'https' }, 'http://localhost:3000'],
    [{ host: 'not a host' }, 'http://localhost:3000'],
  ])('is that of the host that was asked: %j', async (headers, origin) => {
    expect(await locationOf('http://127.0.0.1:3000/a', headers)).toBe(`${origin}/login?returnTo=%2Fa`);
  });

  test('is believed of no header where the server knows its name', async () => {
    const headers = { 'x-forwarded-host': 'elsewhere.example' };
    expect(await locationOf('https://acme.example/a', headers)).toBe(
      'https://acme.example/login?returnTo=%2Fa',
    );
  });
});

test('a cookie of a login is none of a session', async () => {
  const value = await seal('loggin-login-dev', { token: 'x', jti: 'x' }, 60);
  const guard = logginMiddleware();
  expect((await guard(request('/', { cookie: `${COOKIE}=${value}` }), EVENT)).status).toBe(307);
});
