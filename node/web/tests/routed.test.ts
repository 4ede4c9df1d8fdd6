/** Logins that the app's own server holds: what its route is asked, and what becomes of its responses. */

import type { Server } from '@loggin/web/create';
import { awaitLogin, confirmLogin } from '@loggin/web/finish';
import { beginByRoute, routeFetch } from '@loggin/web/routed';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

const ROUTE = '/api/login';
const BEGUN = { login: 'a-name', link: 'https://login.example/l/8XKPQ2WN-1', code: '8XKPQ2WN-1' };

/** A route that gives these responses, one after the other, and what it was asked. */
function routeOf(...responses: (Response | Error)[]): {
  readonly asked: [string, unknown, Record<string, unknown>][];
} {
  const asked: [string, unknown, Record<string, unknown>][] = [];
  vi.stubGlobal('fetch', async (path: string, { body, credentials }: RequestInit) => {
    asked.push([path, credentials, JSON.parse(String(body)) as Record<string, unknown>]);
    const response = responses.shift() ?? expect.fail('the route is asked once more');
    if (response instanceof Error) {
      throw response;
    }
    return response;
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  return { asked };
}

const server: Server = {
  baseUrl: ROUTE,
  whatsappNumber: undefined,
  fetch: (url, init) => routeFetch(ROUTE, String(url), init as RequestInit),
};

const never = (): AbortSignal => new AbortController().signal;

describe('a login is begun', () => {
  it('although the route is not reached, and then fails', async () => {
    const { asked } = routeOf(
      new TypeError('Failed to fetch'),
      new Response('Bad gateway', { status: 502 }),
      Response.json(BEGUN),
    );
    const login = await beginByRoute(ROUTE, { replaces: 'another' }, never());
    expect(login).toEqual({ token: 'a-name', link: BEGUN.link, code: BEGUN.code });
    expect(asked).toEqual(Array(3).fill([`${ROUTE}/begin`, 'same-origin', { replaces: 'another' }]));
  });

  it.each([
    ['there is no such route', new Response('<p>', { status: 404 }), 'invalid_request'],
    [
      'a route guard stands before it',
      Response.json({ error: 'unauthorized' }, { status: 401 }),
      'invalid_request',
    ],
    ['it is something else', Response.json({}), 'invalid_request'],
    ['the text is refused', Response.json({ error: 'invalid_request' }, { status: 400 }), 'invalid_request'],
    ['another site may ask', Response.json({ error: 'denied' }, { status: 403 }), 'denied'],
  ])('and is not, where %s', async (_, response, code) => {
    routeOf(response);
    await expect(beginByRoute(ROUTE, {}, never())).rejects.toMatchObject({ code });
  });

  it('and what keeps it is told once, after 8 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { asked } = routeOf(...Array(40).fill(new TypeError('Failed to fetch')), Response.json(BEGUN));
    const lost = vi.fn();
    const begun = beginByRoute(ROUTE, {}, never(), lost);
    await vi.advanceTimersByTimeAsync(7_990);
    expect(lost).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20);
    expect(lost.mock.calls).toEqual([[expect.objectContaining({ code: 'connection' })]]);
    await vi.advanceTimersByTimeAsync(600_000);
    await expect(begun).resolves.toMatchObject({ link: BEGUN.link });
    expect(lost).toHaveBeenCalledTimes(1);
    expect(asked).toHaveLength(41);
  });

  it('until nobody wants it any more', async () => {
    const { asked } = routeOf(...Array(20).fill(new TypeError('Failed to fetch')));
    const ended = new AbortController();
    const begun = beginByRoute(ROUTE, {}, ended.signal);
    await vi.waitUntil(() => asked.length > 0);
    const left = new DOMException('The person left.', 'AbortError');
    ended.abort(left);
    await expect(begun).rejects.toBe(left);
  });
});

describe('a login is waited for', () => {
  const wait = (onProgress?: (status: string) => void) =>
    awaitLogin(server, { token: 'a-name', code: 'a-code', claim: false, onProgress });

  it('in questions that say what the page knows, also after one without an response', async () => {
    const { asked } = routeOf(
      Response.json({ status: 'awaiting_confirmation' }, { status: 202 }),
      new TypeError('Failed to fetch'),
      Response.json({ status: 'verified' }),
    );
    const told: string[] = [];
    await expect(wait((status) => told.push(status))).resolves.toMatchObject({ phone: null });
    expect(told).toEqual(['awaiting_confirmation']);
    const known = { login: 'a-name', known: 'awaiting_confirmation' };
    expect(asked).toEqual([
      [`${ROUTE}/wait`, 'same-origin', { login: 'a-name' }],
      [`${ROUTE}/wait`, 'same-origin', known],
      [`${ROUTE}/wait`, 'same-origin', known],
    ]);
  });

  it('with the address of the page, once the person went to WhatsApp there', async () => {
    let page: string | undefined;
    const { asked } = routeOf(
      Response.json({ status: 'message_received' }, { status: 202 }),
      Response.json({ status: 'verified' }),
    );
    const returnTo = (): string | undefined => page;
    const onProgress = (): void => {
      page = 'https://acme.example/sign-in';
    };
    await awaitLogin(server, { token: 'a-name', code: 'a-code', claim: false, returnTo, onProgress });
    expect(asked.map(([, , body]) => body.return_to)).toEqual([undefined, page]);
  });

  it.each(['expired', 'denied', 'already_used', 'phone_hidden'])('until it ends as %s', async (code) => {
    routeOf(Response.json({ error: code }, { status: 410 }));
    await expect(wait()).rejects.toMatchObject({ code });
  });

  it('until its digits are typed', async () => {
    const { asked } = routeOf(
      Response.json({ error: 'invalid_code', attempts_left: 4 }, { status: 422 }),
      Response.json({ status: 'verified' }),
    );
    await expect(confirmLogin(server, 'a-name', '111111')).rejects.toMatchObject({ attemptsLeft: 4 });
    await confirmLogin(server, 'a-name', '123456');
    expect(asked[1]).toEqual([`${ROUTE}/confirm`, 'same-origin', { login: 'a-name', code: '123456' }]);
  });
});
