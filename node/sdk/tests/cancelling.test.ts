/** Ends that the caller sets: a signal, `close()`, the end of a `using` block. */

import {
  ClosedError,
  InvalidInputError,
  Loggin,
  type VerifyTokenOptions,
  type WaitForVerifyOptions,
} from '@loggin/sdk';
import { describe, expect, it, onTestFinished } from 'vitest';
import { event, json, ScriptedServer, SESSION, stream, verified } from './scripted-server.js';

async function start() {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl });
  const { token, code } = client.createToken('8XKPQ2WN');
  return { server, client, token, code };
}

const CALLS = {
  waitForVerify: (client: Loggin, token: string, options?: VerifyTokenOptions) =>
    client.waitForVerify(token, options),
  watch: (client: Loggin, token: string, options?: VerifyTokenOptions) => client.watch(token, options).next(),
  verifyToken: (client: Loggin, token: string, options?: VerifyTokenOptions) =>
    client.verifyToken(token, options),
  confirm: (client: Loggin, token: string, options?: VerifyTokenOptions) =>
    client.confirm(token, '123456', options),
  status: (client: Loggin, token: string, options?: VerifyTokenOptions) => client.status(token, options),
};

const METHODS = Object.keys(CALLS) as (keyof typeof CALLS)[];

describe('a signal', () => {
  it.each(METHODS)('that is aborted already ends %s without a call', async (method) => {
    const { server, client, token } = await start();
    const reason = { of: 'the caller' };
    await expect(CALLS[method](client, token, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.received).toEqual([]);
  });

  it.each(METHODS)('that is aborted ends %s with its reason', async (method) => {
    const { server, client, token } = await start();
    const controller = new AbortController();
    const pending = CALLS[method](client, token, { signal: controller.signal });
    await server.request(0);
    const reason = new RangeError('enough');
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });

  it('aborted without a reason rejects with an AbortError', async () => {
    const { client, token } = await start();
    const controller = new AbortController();
    const wait = client.waitForVerify(token, { signal: controller.signal });
    controller.abort();
    await expect(wait).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('that runs out rejects with a TimeoutError', async () => {
    const { server, client, token } = await start();
    server.respond(stream(event('ready', { pending: 1 })));
    const wait = client.waitForVerify(token, { signal: AbortSignal.timeout(20) });
    await expect(wait).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('takes the token off the stream: one without a token is ended', async () => {
    const { server, client, token } = await start();
    server.respond(stream(event('ready', { pending: 1 })));
    const controller = new AbortController();
    const wait = client.waitForVerify(token, { signal: controller.signal });
    const { ended } = await server.request(0);
    controller.abort();
    await expect(wait).rejects.toBe(controller.signal.reason);
    await ended;
    expect(server.received).toHaveLength(1);
  });

  it('takes the token off the stream: the next one is opened without it', async () => {
    const { server, client, token } = await start();
    const other = client.createToken('8XKPQ2WN');
    server.respond(stream(event('ready', { pending: 2 })));
    const controller = new AbortController();
    const aborted = client.waitForVerify(token, { signal: controller.signal });
    const wait = client.waitForVerify(other.token);
    await server.request(0);
    controller.abort();
    await expect(aborted).rejects.toBe(controller.signal.reason);
    const { port } = server;
    server.stop();
    const next = await ScriptedServer.start(port);
    next.respond(stream(verified(other.code)));
    await wait;
    expect(next.received.map(({ body }) => body.tokens)).toEqual([[other.token]]);
  });

  it('ends one wait on a token and not another', async () => {
    const { server, client, token, code } = await start();
    const streams: ServerStream[] = [];
    server.respond((response, received) => {
      stream(event('ready', { pending: 1 }))(response, received);
      streams.push(response);
    });
    const controller = new AbortController();
    const aborted = client.waitForVerify(token, { signal: controller.signal });
    const wait = client.waitForVerify(token);
    await server.request(0);
    controller.abort();
    await expect(aborted).rejects.toBe(controller.signal.reason);
    for (const open of streams) {
      open.write(event('verified', { code, session: SESSION }));
    }
    expect((await wait).phone).toBe(SESSION.phone);
  });

  it.each(METHODS)('is let go of when %s has settled', async (method) => {
    const { server, client, token, code } = await start();
    const { signal } = new AbortController();
    const listeners = countListeners(signal);
    const scripts = {
      verifyToken: json(200, { status: 'pending' }),
      confirm: json(200, { status: 'verified' }),
      status: json(200, { events: [] }),
    };
    server.respond(scripts[method as keyof typeof scripts] ?? stream(verified(code)));
    await CALLS[method](client, token, { signal });
    expect(listeners).toEqual({ added: 1, left: 0 });
  });

  it('has one listener for many waits', async () => {
    const { client } = await start();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const waits = Array.from({ length: 50 }, () =>
      client.waitForVerify(client.createToken('8XKPQ2WN').token, { signal: controller.signal }),
    );
    controller.abort('enough');
    const ends = await Promise.allSettled(waits);
    expect(ends.every((end) => end.status === 'rejected' && end.reason === 'enough')).toBe(true);
    expect(listeners).toEqual({ added: 1, left: 0 });
    // Warnings come in the next turn of the event loop.
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['a signal that is none', { signal: {} }],
    ['a signal that is a string', { signal: 'abort' }],
    ['options that are none', 'now'],
    ['options that are null', null],
    ['a misspelt name', { timeout: 20 }],
    ['a time below 0', { timeoutMs: -1 }],
    ['a time that is no number', { timeoutMs: Number.NaN }],
    ['a time in words', { timeoutMs: '20' }],
  ])('%s is refused at once', async (_, options) => {
    const { server, client, token } = await start();
    for (const method of METHODS) {
      const failed = CALLS[method](client, token, options as VerifyTokenOptions);
      const failure = await (failed as Promise<unknown>).catch((reason) => reason);
      expect(failure, method).toBeInstanceOf(InvalidInputError);
      expect(failure, method).toMatchObject({ code: 'invalid_request' });
    }
    expect(server.received).toEqual([]);
  });

  it('and a time that are not given are as if they were not there', async () => {
    const { server, client, token, code } = await start();
    server.respond(stream(verified(code)));
    const options = { signal: null, timeoutMs: null } as unknown as WaitForVerifyOptions;
    expect((await client.waitForVerify(token, options)).phone).toBe(SESSION.phone);
  });

  it('is not needed for a time longer than any clock', async () => {
    const { server, client, token, code } = await start();
    server.respond(stream(verified(code)));
    expect((await client.waitForVerify(token, { timeoutMs: Number.MAX_VALUE })).phone).toBe(SESSION.phone);
  });

  it('is not needed for a wait without end, nor for one that ends at once', async () => {
    const { server, client, token, code } = await start();
    server.respond(stream(verified(code)));
    const failure = await client.waitForVerify(token, { timeoutMs: 0 }).catch((reason: unknown) => reason);
    expect(failure).toMatchObject({ code: 'timeout' });
    const session = await client.waitForVerify(token, { timeoutMs: Number.POSITIVE_INFINITY });
    expect(session.phone).toBe(SESSION.phone);
  });

  it('of a polyfill that has only the old half ends a wait', async () => {
    const { client, token } = await start();
    const reason = new Error('The person has left.');
    const signal = Object.assign(new EventTarget(), { aborted: true, reason }) as AbortSignal;
    await expect(client.waitForVerify(token, { signal })).rejects.toBe(reason);
  });
});

describe('close', () => {
  it('ends what waits, and what comes later, with closed', async () => {
    const { server, client, token } = await start();
    server.respond(stream(event('ready', { pending: 1 })));
    const wait = client.waitForVerify(token);
    const { ended } = await server.request(0);
    client.close();
    client.close();
    const later = METHODS.map((method) => CALLS[method](client, token));
    const failures = [wait, ...later];
    for (const failure of failures) {
      await expect(failure).rejects.toBeInstanceOf(ClosedError);
    }
    await ended;
    expect(server.received).toHaveLength(1);
  });

  it('leaves other clients alone', async () => {
    const { server, client, token, code } = await start();
    new Loggin({ baseUrl: server.baseUrl }).close();
    server.respond(stream(verified(code)));
    expect((await client.waitForVerify(token)).phone).toBe(SESSION.phone);
  });

  it('comes by itself at the end of a using block', async () => {
    const { server, token } = await start();
    let wait: Promise<unknown>;
    {
      using client = new Loggin({ baseUrl: server.baseUrl });
      wait = client.waitForVerify(token);
    }
    await expect(wait).rejects.toMatchObject({ code: 'closed' });
  });
});

type ServerStream = Parameters<Parameters<ScriptedServer['respond']>[0]>[0];

function countListeners(signal: AbortSignal) {
  const count = { added: 0, left: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
    count.added += 1;
    count.left += 1;
    addEventListener.apply(signal, given);
  };
  signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
    count.left -= 1;
    removeEventListener.apply(signal, given);
  };
  return count;
}
