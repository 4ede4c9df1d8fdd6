/** The way back from WhatsApp where the app's server holds the login: the link is worth nothing without the browser's cookie. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loginHandlers } from '../src/index.js';

const ORIGIN = 'https://acme.example';

const BROUGHT = 'X'.repeat(37);

/** The cookies of the browser at hand. */
let jar: Map<string, string>;

vi.mock('next/headers.js', () => ({
  cookies: async () => ({
    get: (name: string) => (jar.get(name) ? { value: jar.get(name) } : undefined),
    getAll: () => Array.from(jar, ([name, value]) => ({ name, value })),
    set: (name: string, value: string) => void jar.set(name, value),
  }),
  headers: async () => new Headers(),
}));

/** What the Loggin server was asked. */
let asked: { readonly path: string; readonly body: Record<string, unknown> }[];

/** How it responds: somebody has to confirm, and what was handed in is right. */
async function respond(url: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const path = new URL(String(url)).pathname;
  const body = JSON.parse(String(init.body)) as Record<string, unknown>;
  asked.push({ path, body });
  if (path.endsWith('/confirm')) {
    return Response.json({ status: 'verified' });
  }
  return Response.json({ error: 'unauthorized', message: '' }, { status: 401 });
}

const { POST } = loginHandlers({ appKey: '8XKPQ2WN' });

const ask = (step: string, body: object, origin: string | null = ORIGIN): Promise<Response> =>
  POST(
    new Request(`${ORIGIN}/api/login/${step}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Host: 'acme.example',
        ...(origin && { Origin: origin }),
      },
      body: JSON.stringify(body),
    }),
  );

const begin = async (): Promise<string> => (await (await ask('begin', {})).json()).login;

beforeEach(() => {
  vi.stubEnv('LOGGIN_SESSION_SECRET', 'a-secret-of-more-than-thirty-two-bytes-for-tests');
  vi.stubGlobal('fetch', respond);
  jar = new Map();
  asked = [];
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test.each([
  ['the page itself', `${ORIGIN}/sign-in`, ORIGIN, `${ORIGIN}/sign-in`],
  ['a page of another origin', 'https://evil.example/sign-in', ORIGIN, undefined],
  ['an origin that only begins alike', `${ORIGIN}.evil.example/`, ORIGIN, undefined],
  ['a page that no browser vouches for', `${ORIGIN}/sign-in`, null, undefined],
  ['no text', 7, ORIGIN, undefined],
])('of %s the server is told as much', async (_, page, origin, told) => {
  const login = await begin();
  await ask('wait', { login, return_to: page }, origin);
  const [{ path, body } = { path: '', body: {} }] = asked;
  expect(path).toBe('/api/v1/tokens/events');
  expect(body.return_to).toBe(told);
});

test('what the link brought is handed in with the token of the cookie', async () => {
  const login = await begin();
  expect((await ask('confirm', { login, code: BROUGHT })).status).toBe(200);
  const token = expect.stringMatching(/^lgn1_8XKPQ2WN_/);
  expect(asked).toEqual([{ path: '/api/v1/tokens/confirm', body: { token, confirmation_code: BROUGHT } }]);
});

test('a browser without the cookie hands in nothing, whatever it knows', async () => {
  const login = await begin();
  jar = new Map();
  const response = await ask('confirm', { login, code: BROUGHT });
  expect([response.status, (await response.json()).error]).toEqual([410, 'expired']);
  expect(asked).toEqual([]);
});
