/** Waits and calls against servers that respond as the protocol says. */

import * as sdk from '@loggin/sdk';
import { Loggin, type LogginOptions } from '@loggin/sdk';
import { describe, expect, it } from 'vitest';
import { version } from '../package.json';
import { event, json, ScriptedServer, SESSION, stream, verified } from './scripted-server.js';

const SECRET_KEY = 'lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK';

const EXPECTED = {
  appKey: '8XKPQ2WN',
  phone: '919876543210',
  userId: 'IN.13491208655302741918',
  subject: 'lgsu_000G40R40M30E209185GR38E1W8124GK',
  confirmation: 'none',
  assurance: 'normal',
  verifiedAt: new Date('2026-11-21T10:20:30.250Z'),
};

async function start(options: LogginOptions = {}) {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl, ...options });
  const { token, code } = client.createToken('8XKPQ2WN');
  return { server, client, token, code };
}

describe('waitForVerify', () => {
  it('gives the session of the person who signed in', async () => {
    const { server, client, token, code } = await start();
    server.respond(stream(event('ready', { pending: 1 }), event('verified', { code, session: SESSION })));
    await expect(client.waitForVerify(token)).resolves.toEqual(EXPECTED);
    expect(server.received).toHaveLength(1);
    const [{ method, path, body, headers } = expect.fail()] = server.received;
    expect({ method, path, body }).toEqual({
      method: 'POST',
      path: '/api/v1/tokens/events',
      body: { tokens: [token], claim: true },
    });
    expect(headers['user-agent']).toBe(`loggin-node/${version}`);
    expect(headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.authorization).toBeUndefined();
  });

  it('connects anew, at once, when the client is resumed', async () => {
    const { server, client, token, code } = await start();
    server.respond(stream(event('ready', { pending: 1 })), stream(verified(code)));
    const wait = client.waitForVerify(token);
    const { ended } = await server.request(0);
    client.resume();
    await ended;
    await expect(wait).resolves.toEqual(EXPECTED);
    expect(server.received).toHaveLength(2);
  });

  it('says where the login began, as does watch', async () => {
    const { server, client, token, code } = await start();
    const returnTo = 'https://shop.example/login';
    server.respond(stream(verified(code)));
    await client.waitForVerify(token, { returnTo, onProgress: () => {} });
    expect(server.received[0]?.body).toEqual({ tokens: [token], claim: true, return_to: returnTo });
    const other = client.createToken('8XKPQ2WN');
    server.respond(stream(verified(other.code)));
    for await (const { session } of client.watch(other.token, { returnTo })) {
      expect(session?.phone).toBe(EXPECTED.phone);
    }
    expect(server.received.at(-1)?.body).toEqual({
      tokens: [other.token],
      claim: true,
      return_to: returnTo,
    });
  });

  it('refuses a page that is no string, and one where nothing is waited for', async () => {
    const { client, token } = await start();
    const bad = { returnTo: new URL('https://shop.example/login') } as never;
    await expect(client.waitForVerify(token, bad)).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(client.watch(token, bad).next()).rejects.toMatchObject({ code: 'invalid_request' });
    const unknown = { returnTo: 'https://shop.example/login' } as never;
    await expect(client.verifyToken(token, unknown)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('takes a token with white space around it, in lower case', async () => {
    const { server, client, token, code } = await start();
    server.respond(stream(verified(code)));
    await expect(client.waitForVerify(` ${token.toLowerCase()}\n`)).resolves.toEqual(EXPECTED);
    expect(server.received[0]?.body.tokens).toEqual([token]);
  });

  it('tells a user id that WhatsApp does not know as null', async () => {
    const { server, client, token, code } = await start();
    const session = { ...SESSION, user_id: null };
    server.respond(stream(event('ready', { pending: 0 }), event('verified', { code, session })));
    expect((await client.waitForVerify(token)).userId).toBeNull();
  });

  it('goes by what concerns it among what it does not know', async () => {
    const { server, client, token, code } = await start();
    server.respond(
      stream(
        ': a comment\n',
        event('ready', { pending: 1, new_field: [] }),
        event('weather', { sunny: true }),
        event('progress', { code, status: 'message_received' }),
        event('progress', { code, status: 'of_a_newer_server' }),
        'event: verified\n\n',
        event('verified', { code, new_field: {}, session: { ...SESSION, new_field: 1 } }),
      ),
    );
    await expect(client.waitForVerify(token)).resolves.toEqual(EXPECTED);
    expect(server.received).toHaveLength(1);
  });

  it('gives all waits on one token its result, the late ones too', async () => {
    const { server, client, token, code } = await start();
    server.respond(stream(verified(code)));
    const waits = [client.waitForVerify(token), client.waitForVerify(token)];
    await expect(Promise.all(waits)).resolves.toEqual([EXPECTED, EXPECTED]);
    await expect(client.waitForVerify(token)).resolves.toEqual(EXPECTED);
  });

  it('carries many waits on few streams', async () => {
    const { server, client } = await start();
    const logins = Array.from({ length: 300 }, () => client.createToken('8XKPQ2WN'));
    const codes = new Map(logins.map(({ token, code }) => [token, code]));
    server.respond((response, received) => {
      stream(...(received.body.tokens ?? []).map((each) => verified(codes.get(each) ?? '')))(
        response,
        received,
      );
    });
    const sessions = await Promise.all(logins.map(({ token }) => client.waitForVerify(token)));
    expect(sessions).toHaveLength(300);
    expect(server.received.length).toBeLessThan(30);
  });

  it.each([
    ['already_used', 'AlreadyUsedError'],
    ['denied', 'DeniedError'],
    ['expired', 'ExpiredError'],
    ['phone_hidden', 'PhoneHiddenError'],
    ['unauthorized', 'AuthenticationError'],
    ['unknown_app', 'AuthenticationError'],
    ['of_a_newer_server', 'ServerError'],
  ] as const)('rejects with %s as %s', async (error, className) => {
    const { server, client, token, code } = await start();
    server.respond(
      stream(event('ready', { pending: 0 }), event('rejected', { code, error, message: 'No.' })),
    );
    const failure = await client.waitForVerify(token).catch((reason: unknown) => reason);
    expect(failure).toBeInstanceOf(sdk[className]);
    expect(failure).toMatchObject({ code: error, name: className, message: 'No.', retryable: false });
  });

  it('ends at once where the server refuses the call', async () => {
    const { server, client, token } = await start();
    server.respond(json(401, { error: 'unauthorized', message: 'Wrong key.', request_id: 'r-1' }));
    const failure = await client.waitForVerify(token).catch((reason: unknown) => reason);
    expect(failure).toBeInstanceOf(sdk.AuthenticationError);
    expect(failure).toMatchObject({ code: 'unauthorized', status: 401, requestId: 'r-1' });
    expect(server.received).toHaveLength(1);
  });

  it('ends with timeout at its own deadline', async () => {
    const { server, client, token } = await start();
    server.respond(stream(event('ready', { pending: 1 })));
    const failure = await client.waitForVerify(token, { timeoutMs: 20 }).catch((reason: unknown) => reason);
    expect(failure).toBeInstanceOf(sdk.VerifyTimeoutError);
    expect(failure).toMatchObject({ code: 'timeout', retryable: false });
  });

  it("ends with timeout at the client's deadline", async () => {
    const { server, client, token } = await start({ timeoutMs: 20 });
    server.respond(stream(event('ready', { pending: 1 })));
    await expect(client.waitForVerify(token)).rejects.toBeInstanceOf(sdk.VerifyTimeoutError);
  });

  it('rejects with an error whose stack leads to the caller', async () => {
    const { client } = await start();
    const failure: Error = await waitFromHere(client).catch((reason) => reason);
    expect(failure.stack).toContain('waitFromHere');
  });
});

async function waitFromHere(client: Loggin) {
  return await client.waitForVerify('lgn1_');
}

describe('verifyToken', () => {
  it('gives null while nobody has signed in, then the session', async () => {
    const { server, client, token } = await start();
    server.respond(json(200, { status: 'pending' }), json(200, { status: 'verified', ...SESSION }));
    await expect(client.verifyToken(token)).resolves.toBeNull();
    await expect(client.verifyToken(token)).resolves.toEqual(EXPECTED);
    expect(server.received.map(({ path, body }) => ({ path, body }))).toEqual([
      { path: '/api/v1/tokens/verify', body: { token } },
      { path: '/api/v1/tokens/verify', body: { token } },
    ]);
  });

  it('is the same redeemer as a wait of the same client, and another one than any other client', async () => {
    const { server, client, token, code } = await start();
    const other = new Loggin({ baseUrl: server.baseUrl });
    server.respond(stream(verified(code)), json(200, { status: 'pending' }));
    await client.waitForVerify(token);
    await client.verifyToken(token);
    await other.verifyToken(token);
    const [first, second, third] = server.received.map(({ headers }) => headers['idempotency-key']);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('sends the key and the idempotency key that it was given', async () => {
    const { server, client, token } = await start({ secretKey: SECRET_KEY, idempotencyKey: 'worker-7' });
    server.respond(json(200, { status: 'pending' }));
    await client.verifyToken(token);
    expect(server.received[0]?.headers).toMatchObject({
      authorization: `Bearer ${SECRET_KEY}`,
      'idempotency-key': 'worker-7',
    });
  });

  it('sends the token in its canonical form', async () => {
    const { server, client, token } = await start();
    server.respond(json(200, { status: 'pending' }));
    await client.verifyToken(token.toLowerCase());
    expect(server.received[0]?.body.token).toBe(token);
  });
});
