/** Servers that are away, broken, or none of ours: what a wait outlives, and what a call tells. */

import * as sdk from '@loggin/sdk';
import { ConnectionFailedError, Loggin, type LogginOptions, RateLimitError, ServerError } from '@loggin/sdk';
import { describe, expect, it } from 'vitest';
import {
  breakOff,
  event,
  json,
  type Responder,
  ScriptedServer,
  SESSION,
  stream,
  verified,
} from './scripted-server.js';

async function start(options: LogginOptions = {}) {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl, ...options });
  const { token, code } = client.createToken('8XKPQ2WN');
  return { server, client, token, code };
}

/** The reason that a promise rejects with. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('nothing was thrown'),
    (reason: unknown) => reason,
  );
}

const html: Responder = (response) => {
  response.writeHead(200, { 'Content-Type': 'text/html' });
  response.end('<!doctype html><title>Welcome to nginx!</title>');
};

const unavailable = (headers: Record<string, string> = {}) =>
  json(503, { error: 'unavailable', message: 'Starting.', request_id: 'r-7' }, headers);

describe('a wait outlives', () => {
  it.each<[string, Responder]>([
    ['a connection that breaks off', breakOff],
    ['HTML', html],
    [
      'HTML with status 500',
      (response) => void response.writeHead(500).end('<h1>Internal Server Error</h1>'),
    ],
    ['an internal error', json(500, { error: 'internal', message: 'Sorry.' })],
    ['a server that is starting', unavailable()],
    ['an error code of a newer server with status 502', json(502, { error: 'newer', message: '' })],
    ['JSON in place of a stream', json(200, { status: 'pending' })],
    [
      'an empty stream',
      (response, received) => {
        stream(event('ready', { pending: 1 }))(response, received);
        response.end();
      },
    ],
    [
      'a stream cut off in an event',
      (response, received) => {
        stream(event('ready', { pending: 1 }), 'event: verified\ndata: {"code"')(response, received);
        response.end();
      },
    ],
  ])('%s', async (_, responder) => {
    const { server, client, token, code } = await start();
    server.respond(responder, stream(verified(code)));
    expect((await client.waitForVerify(token)).phone).toBe(SESSION.phone);
    expect(server.received.map(({ body }) => body)).toEqual(Array(2).fill({ tokens: [token], claim: true }));
  });

  it('a server that is down at the start', async () => {
    const { server, client, token, code } = await start({ maxRetries: 0 });
    const { port } = server;
    server.stop();
    const wait = client.waitForVerify(token);
    expect(await rejection(client.verifyToken(token))).toBeInstanceOf(ConnectionFailedError);
    const next = await ScriptedServer.start(port);
    next.respond(stream(verified(code)));
    expect((await wait).appKey).toBe('8XKPQ2WN');
    expect(next.received).toHaveLength(1);
  });

  it('a server that dies and comes back', async () => {
    const { server, client, token, code } = await start();
    const { port } = server;
    server.respond(stream(event('ready', { pending: 1 })));
    const wait = client.waitForVerify(token);
    await server.request(0);
    server.stop();
    const next = await ScriptedServer.start(port);
    next.respond(stream(verified(code)));
    expect((await wait).appKey).toBe('8XKPQ2WN');
    expect(next.received).toHaveLength(1);
  });

  it('an endless line, which it hangs up on', async () => {
    const { server, client, token, code } = await start();
    const endless: Responder = (response, received) => {
      stream(event('ready', { pending: 1 }), 'data: ')(response, received);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) {}
      };
      response.on('drain', more);
      more();
    };
    server.respond(endless, stream(verified(code)));
    expect((await client.waitForVerify(token)).appKey).toBe('8XKPQ2WN');
    await server.received[0]?.ended;
    expect(server.received).toHaveLength(2);
  });

  it('a redirect, which it does not follow', async () => {
    const { server, client, token, code } = await start();
    const elsewhere = await ScriptedServer.start();
    elsewhere.respond(stream(verified(code)));
    const redirect =
      (status: number): Responder =>
      (response) =>
        void response.writeHead(status, { Location: `${elsewhere.baseUrl}/api/v1/tokens/events` }).end();
    server.respond(redirect(302), redirect(307), redirect(308), stream(verified(code)));
    expect((await client.waitForVerify(token)).appKey).toBe('8XKPQ2WN');
    expect(server.received).toHaveLength(4);
    expect(elsewhere.received).toEqual([]);
  });

  it('a Retry-After, which it obeys', async () => {
    const { server, client, token, code } = await start();
    server.respond(unavailable({ 'Retry-After': '1' }), stream(verified(code)));
    await client.waitForVerify(token);
    const [first, second] = server.received.map(({ at }) => at);
    expect(server.received).toHaveLength(2);
    // A millisecond is lost where two clocks are rounded.
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(999);
  });
});

describe('a network in between', () => {
  it('that keeps streams back is polled through', async () => {
    const { server, client, token, code } = await start();
    server.respond(
      stream(),
      json(200, { events: [{ event: 'verified', data: { code, session: SESSION } }] }),
    );
    expect((await client.waitForVerify(token)).phone).toBe(SESSION.phone);
    expect(server.received.map(({ headers }) => headers.accept)).toEqual([
      'text/event-stream',
      'application/json',
    ]);
  }, 20_000);

  it('that cuts each stream right after ready is given pauses', async () => {
    const { server, client, token } = await start();
    server.respond((response, received) => {
      stream(event('ready', { pending: 1 }))(response, received);
      response.end();
    });
    const failure = await rejection(client.waitForVerify(token, { timeoutMs: 4_000 }));
    expect(failure).toMatchObject({ code: 'timeout' });
    expect(server.received.length).toBeGreaterThan(3);
    expect(server.received.length).toBeLessThan(25);
  }, 20_000);
});

describe('verifyToken', () => {
  it('is repeated twice on a failure that passes, as the same call', async () => {
    const { server, client, token } = await start();
    server.respond(unavailable(), breakOff, json(200, { status: 'pending' }));
    await expect(client.verifyToken(token)).resolves.toBeNull();
    expect(server.received).toHaveLength(3);
    expect(new Set(server.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  it.each([
    [undefined, 3],
    [0, 1],
    [1, 2],
    [4, 5],
  ])('with maxRetries %s gives up after %i requests', async (maxRetries, requests) => {
    const { server, client, token } = await start({ maxRetries });
    server.respond(unavailable({ 'Retry-After': '0' }));
    const failure = await rejection(client.verifyToken(token));
    expect(failure).toBeInstanceOf(ServerError);
    expect(failure).toMatchObject({
      code: 'unavailable',
      status: 503,
      retryable: true,
      retryAfter: 0,
      requestId: 'r-7',
    });
    expect(server.received).toHaveLength(requests);
  });

  it('does not wait for more than five seconds', async () => {
    const { server, client, token } = await start();
    server.respond(json(429, { error: 'rate_limited', message: 'Slow down.', retry_after: 6 }));
    const failure = await rejection(client.verifyToken(token));
    expect(failure).toBeInstanceOf(RateLimitError);
    expect(failure).toMatchObject({ code: 'rate_limited', status: 429, retryable: true, retryAfter: 6 });
    expect(server.received).toHaveLength(1);
  });

  it.each([
    ['quota_exceeded', 429, 'QuotaExceededError', false],
    ['send_failed', 502, 'ServerError', false],
    ['already_used', 409, 'AlreadyUsedError', false],
    ['unknown_app', 404, 'AuthenticationError', false],
    ['internal', 500, 'ServerError', true],
    ['of_a_newer_server', 418, 'ServerError', false],
  ] as const)('is not repeated after %s', async (error, status, className, retryable) => {
    const { server, client, token } = await start();
    server.respond(json(status, { error, message: 'No.' }));
    const failure = await rejection(client.verifyToken(token));
    expect(failure).toBeInstanceOf(sdk[className]);
    expect(failure).toMatchObject({ code: error, status, retryable });
    expect(server.received).toHaveLength(1);
  });

  it.each<[string, Responder, number]>([
    ['HTML', html, 1],
    ['a redirect', (response) => void response.writeHead(302, { Location: '/' }).end(), 1],
    ['another object', json(200, { status: 'of_a_newer_server' }), 1],
    ['a session without a phone', json(200, { status: 'verified', ...SESSION, phone: null }), 1],
    ['an error without a code', json(400, { message: 'No.' }), 1],
    ['an error that is HTML, with status 502', (response) => void response.writeHead(502).end('<h1>'), 3],
    ['an endless response', json(200, { status: 'pending', filler: 'x'.repeat(70_000) }), 1],
  ])('tells %s as invalid_response', async (_, responder, requests) => {
    const { server, client, token } = await start();
    server.respond(responder);
    const failure = await rejection(client.verifyToken(token));
    expect(failure).toBeInstanceOf(ServerError);
    expect(failure).toMatchObject({ code: 'invalid_response' });
    expect(server.received).toHaveLength(requests);
  });

  it.each([
    ['its own', {}, { timeoutMs: 300 }],
    ["the client's", { callTimeoutMs: 300 }, {}],
    ['0', {}, { timeoutMs: 0 }],
  ])('has a time for all its tries: %s', async (_, options, callOptions) => {
    const { server, client, token } = await start(options);
    server.respond(() => {});
    const began = performance.now();
    const failure = await rejection(client.verifyToken(token, callOptions));
    expect(failure).toMatchObject({ code: 'connection' });
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('is hung up on when it is aborted, and when the client closes', async () => {
    const { server, client, token } = await start();
    server.respond(() => {});
    const controller = new AbortController();
    const aborted = rejection(client.verifyToken(token, { signal: controller.signal }));
    const first = await server.request(0);
    controller.abort('enough');
    expect(await aborted).toBe('enough');
    await first.ended;
    const closed = rejection(client.verifyToken(token));
    const second = await server.request(1);
    client.close();
    expect(await closed).toMatchObject({ code: 'closed' });
    await second.ended;
  });

  it('does not stand behind others that hang', async () => {
    const { server, client, token } = await start();
    server.respond(...Array<Responder>(16).fill(() => {}), json(200, { status: 'pending' }));
    const hanging = Array.from({ length: 16 }, () => rejection(client.verifyToken(token)));
    await server.request(15);
    const began = performance.now();
    await expect(client.verifyToken(token)).resolves.toBeNull();
    expect(performance.now() - began).toBeLessThan(5_000);
    client.close();
    await Promise.all(hanging);
  });

  it('tells a server that breaks off as connection', async () => {
    const { server, client, token } = await start();
    server.respond(breakOff);
    const failure = await rejection(client.verifyToken(token));
    expect(failure).toBeInstanceOf(ConnectionFailedError);
    expect(failure).toMatchObject({ code: 'connection', retryable: true });
    expect(server.received).toHaveLength(3);
  });
});

describe('a malformed token', () => {
  it.each([
    ['cut off', (token: string) => token.slice(0, -1)],
    ['too long', (token: string) => `${token}0`],
    ['with a U', (token: string) => `${token.slice(0, -1)}U`],
    ['with another prefix', (token: string) => `lgsk${token.slice(4)}`],
    ['in place of which there is a code', () => '8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB'],
    ['empty', () => ''],
    ['with half a character', (token: string) => `${token.slice(0, -1)}\ud800`],
    ['undefined', () => undefined as unknown as string],
    ['null', () => null as unknown as string],
    ['a number', () => 5 as unknown as string],
    ['a created token', (token: string) => ({ token }) as unknown as string],
  ])('%s fails at once, without a call', async (_, spoil) => {
    const { server, client, token } = await start();
    for (const failing of [client.waitForVerify(spoil(token)), client.verifyToken(spoil(token))]) {
      const failure = await rejection(failing);
      expect(failure).toBeInstanceOf(sdk.InvalidInputError);
      expect(failure).toMatchObject({ code: 'invalid_token', retryable: false });
    }
    expect(server.received).toEqual([]);
  });
});
