/** What this client has that the SDK for Node has not: a browser, progress, confirmation, `fetch`. */

import * as sdk from '@loggin/sdk';
import * as web from '@loggin/web';
import { Loggin, type LogginOptions, type Progress } from '@loggin/web';
import { describe, expect, it, vi } from 'vitest';
import { event, json, ScriptedServer, SESSION, stream, verified } from '../../sdk/tests/scripted-server.js';
import { Linked } from '../dist/esm/abort.js';
import { version } from '../package.json';
import { openPage, stopClock } from './page.js';

const APP_KEY = '8XKPQ2WN';
const SECRET_KEY = 'lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK';

async function start(options: LogginOptions = {}) {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl, ...options });
  const { token, code } = client.createToken('8XKPQ2WN');
  return { server, client, token, code };
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('nothing was thrown'),
    (reason: unknown) => reason,
  );

it('a deadline beyond the longest timer comes when it should', () => {
  stopClock();
  const ended = new Linked();
  ended.abortAfter(2 ** 33);
  vi.advanceTimersByTime(2 ** 33 - 1);
  expect(ended.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(ended.signal.aborted).toBe(true);
});

it('null stands for a timeout that is not given', async () => {
  const { server, client, token } = await start();
  server.respond(json(200, { status: 'pending' }));
  expect(await client.verifyToken(token, { timeoutMs: null as unknown as undefined })).toBeNull();
});

describe('on a server', () => {
  it('a wait redeems, and names itself', async () => {
    const { server, client, token, code } = await start({ secretKey: SECRET_KEY });
    server.respond(stream(verified(code)));
    await client.waitForVerify(token);
    const [{ method, path, body, headers } = expect.fail()] = server.received;
    expect({ method, path, body }).toEqual({
      method: 'POST',
      path: '/api/v1/tokens/events',
      body: { tokens: [token], claim: true },
    });
    expect(headers).toMatchObject({
      accept: 'text/event-stream',
      authorization: `Bearer ${SECRET_KEY}`,
      'content-type': 'application/json',
      'idempotency-key': expect.stringMatching(/^[0-9a-f]{32}$/),
      'user-agent': `loggin-web/${version}`,
    });
  });

  it('a wait is told a phone number, or that the response is none', async () => {
    const { server, client, token, code } = await start();
    server.respond(stream(event('verified', { code, session: { ...SESSION, phone: null } })));
    expect(await rejection(client.waitForVerify(token))).toMatchObject({ code: 'invalid_response' });
    expect(server.received).toHaveLength(1);
  });
});

describe('in a browser', () => {
  it('a wait observes, and names nobody', async () => {
    openPage();
    const { server, client, token, code } = await start();
    server.respond(stream(verified(code)));
    await client.waitForVerify(token);
    const [{ body, headers } = expect.fail()] = server.received;
    expect(body).toEqual({ tokens: [token], claim: false });
    expect(headers['user-agent']).not.toContain('loggin');
    expect(headers.authorization).toBeUndefined();
  });

  it('a wait may be told no phone number', async () => {
    openPage();
    const { server, client, token, code } = await start();
    server.respond(stream(event('verified', { code, session: { ...SESSION, phone: null } })));
    await expect(client.waitForVerify(token)).resolves.toMatchObject({ appKey: '8XKPQ2WN', phone: null });
  });

  it.each([
    ['a page', 'document', {}],
    ['a worker of a page', 'importScripts', () => {}],
    ['a web view', 'navigator', { product: 'ReactNative' }],
  ])('%s refuses a secret key', (_, name, value) => {
    vi.stubGlobal(name, value);
    try {
      expect(() => new Loggin({ secretKey: SECRET_KEY })).toThrow(web.InvalidInputError);
      expect(() => new Loggin()).not.toThrow();
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('a page has no environment', () => {
    openPage();
    vi.stubEnv('LOGGIN_SECRET_KEY', SECRET_KEY);
    vi.stubEnv('LOGGIN_BASE_URL', 'https://login.example');
    expect(new Loggin().createToken('8XKPQ2WN').link).toContain('http://127.0.0.1:8787/l/');
    vi.unstubAllEnvs();
  });
});

describe('progress', () => {
  const step = (code: string, status: string) => event('progress', { code, status });

  it('is told in its order, each step once, also by another stream', async () => {
    const { server, client, token, code } = await start();
    const told: Progress[] = [];
    server.respond(
      (response, received) => {
        stream(event('ready', { pending: 1 }), step(code, 'message_received'))(response, received);
        response.end();
      },
      stream(
        event('ready', { pending: 1 }),
        step(code, 'message_received'),
        step(code, 'of_a_newer_server'),
        step('8XKPQ2WN-00000-00000-00000-00000', 'awaiting_confirmation'),
        step(code, 'awaiting_confirmation'),
        event('verified', { code, session: SESSION }),
      ),
    );
    await client.waitForVerify(token, { onProgress: (status) => told.push(status) });
    expect(told).toEqual(['message_received', 'of_a_newer_server', 'awaiting_confirmation']);
    expect(server.received).toHaveLength(2);
  });

  it('is told to a function or to nobody', async () => {
    const { client, token } = await start();
    const failure = await rejection(client.waitForVerify(token, { onProgress: 'log' as never }));
    expect(failure).toMatchObject({ code: 'invalid_request' });
  });
});

describe('confirm', () => {
  it('hands in the digits', async () => {
    const { server, client, token } = await start();
    server.respond(json(200, { status: 'verified' }));
    await expect(client.confirm(token.toLowerCase(), '123 456')).resolves.toBeUndefined();
    expect(server.received.map(({ path, body }) => ({ path, body }))).toEqual([
      { path: '/api/v1/tokens/confirm', body: { token, confirmation_code: '123 456' } },
    ]);
  });

  it('tells how many tries are left', async () => {
    const { server, client, token } = await start();
    server.respond(json(422, { error: 'invalid_code', message: 'No.', attempts_left: 4, request_id: 'r-1' }));
    const failure = await rejection(client.confirm(token, '000000'));
    expect(failure).toBeInstanceOf(web.InvalidCodeError);
    expect(failure).toMatchObject({ code: 'invalid_code', attemptsLeft: 4, status: 422, requestId: 'r-1' });
  });

  it.each<[string, number, object, string]>([
    ['after too many tries', 422, { error: 'blocked', message: '' }, 'blocked'],
    ['that comes too late', 410, { error: 'expired', message: '' }, 'expired'],
    ['whose response is none', 200, { status: 'pending' }, 'invalid_response'],
  ])('tells of a try %s', async (_, status, body, code) => {
    const { server, client, token } = await start();
    server.respond(json(status, body));
    expect(await rejection(client.confirm(token, '000000'))).toMatchObject({ code });
  });

  it('takes digits as text only', async () => {
    const { server, client, token } = await start();
    const failure = await rejection(client.confirm(token, 123456 as never));
    expect(failure).toMatchObject({ code: 'invalid_request' });
    expect(server.received).toEqual([]);
  });
});

describe('fetch', () => {
  it('is the one that was given', async () => {
    const { server, token } = await start();
    server.respond(json(200, { status: 'pending' }));
    const asked: string[] = [];
    const client = new Loggin({
      baseUrl: 'https://login.example/wa',
      fetch: (url, init) => {
        asked.push(String(url));
        return fetch(server.baseUrl, init);
      },
    });
    await expect(client.verifyToken(token)).resolves.toBeNull();
    expect(asked).toEqual(['https://login.example/wa/api/v1/tokens/verify']);
  });

  it('keeps the call out of caches, cookies and referrers, where the runtime knows of them', async () => {
    const { client, token } = await start();
    const seen: RequestInit[] = [];
    const spy = new Loggin({
      fetch: (_, init) => {
        seen.push(init ?? {});
        return Promise.resolve(Response.json({ status: 'pending' }));
      },
    });
    await spy.verifyToken(token);
    expect(seen[0]).toMatchObject({ cache: 'no-store', credentials: 'omit', redirect: 'manual' });
    client.close();
  });
});

describe('errors', () => {
  const names = Object.keys(sdk).filter((name) => name.endsWith('Error') && name !== 'isLogginError');

  it('are those of the SDK', () => {
    const own = Object.keys(web).filter((name) => name.endsWith('Error') && name !== 'isLogginError');
    expect(own.sort()).toEqual(names.sort());
  });

  it.each(names)('%s is an instance there, and the other way round', (name) => {
    const className = name as 'ExpiredError';
    const fields = { code: 'any', message: '' };
    expect(new web[className](fields)).toBeInstanceOf(sdk[className]);
    expect(new sdk[className](fields)).toBeInstanceOf(web[className]);
    expect(sdk.isLogginError(new web[className](fields))).toBe(true);
  });
});

describe('the language of a link', () => {
  const baseUrl = 'https://login.example';

  it('stands in a link through the server, and nowhere else', () => {
    const loggin = new Loggin({ baseUrl });
    const { code, link } = loggin.createToken(APP_KEY, { lang: 'pt-BR' });
    expect(link).toBe(`${baseUrl}/l/${code}?lang=pt-BR`);
    expect(loggin.createToken(APP_KEY).link).not.toContain('?');
    const direct = new Loggin({ baseUrl, whatsappNumber: '+1 555 010 0000' });
    expect(direct.createToken(APP_KEY, { lang: 'pt-BR' }).link).not.toContain('lang');
  });

  it.each(['', 'a&b', 'pt BR', 'x'.repeat(9), 7])('is none: %j', (lang) => {
    const make = () => new Loggin({ baseUrl }).createToken(APP_KEY, { lang: lang as string });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('a text needs a number, because the server writes the message without one', () => {
    const make = (whatsappNumber?: string) =>
      new Loggin({ baseUrl, whatsappNumber }).createToken(APP_KEY, { text: 'Hola {code}' });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_config' }));
    expect(make('+1 555 010 0000').link).toContain('text=Hola');
  });
});
