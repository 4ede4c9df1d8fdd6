/** Logins on their way: their progress, confirmation codes, and the state for who does not wait. */

import { ClosedError, ExpiredError, InvalidCodeError, InvalidInputError, Loggin } from '@loggin/sdk';
import { describe, expect, it } from 'vitest';
import { event, json, type Responder, ScriptedServer, SESSION, stream, verified } from './scripted-server.js';

async function start() {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl });
  const { token, code } = client.createToken('8XKPQ2WN');
  const progress = (status: unknown) => event('progress', { code, status });
  return { server, client, token, code, progress };
}

/** A stream that tells each next part when it is asked to. */
function inSteps(...parts: string[]) {
  const go: (() => void)[] = [];
  const steps = parts.map((_, index) => new Promise<void>((resolve) => (go[index] = resolve)));
  const responder: Responder = async (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(event('ready', { pending: 1 }));
    for (const [index, part] of parts.entries()) {
      await steps[index];
      response.write(part);
    }
  };
  return { responder, go: (index: number) => go[index]?.() };
}

describe('watch', () => {
  it('tells each step, those of a newer server too, and then who signed in', async () => {
    const { server, client, token, code, progress } = await start();
    const told = ['message_received', 'awaiting_match', 'awaiting_confirmation'];
    const { responder, go } = inSteps(...told.map(progress), verified(code));
    server.respond(responder);
    const updates = client.watch(token);
    for (const [index, status] of told.entries()) {
      const update = updates.next();
      await server.request(0);
      go(index);
      await expect(update).resolves.toEqual({ done: false, value: { status, session: null } });
    }
    go(told.length);
    const { value } = await updates.next();
    expect(value).toMatchObject({ status: 'verified', session: { phone: SESSION.phone } });
    await expect(updates.next()).resolves.toEqual({ done: true, value: undefined });
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.body.claim).toBe(true);
  });

  it('tells what is no status to nobody', async () => {
    const { server, client, token, progress } = await start();
    const odd = ['Two words', 7, null, '', 'x'.repeat(40)].map(progress);
    server.respond(stream(event('ready', { pending: 1 }), ...odd, progress('awaiting_match')));
    const updates = client.watch(token);
    await expect(updates.next()).resolves.toMatchObject({ value: { status: 'awaiting_match' } });
    await updates.return();
  });

  it('begins with the iteration, and ends the wait where that is left', async () => {
    const { server, client, token, progress } = await start();
    server.respond(stream(event('ready', { pending: 1 }), progress('message_received')));
    client.watch(token);
    for await (const { status } of client.watch(token)) {
      expect(status).toBe('message_received');
      break;
    }
    const { ended } = await server.request(0);
    await ended;
    expect(server.received).toHaveLength(1);
  });

  it('ends the wait where the body of the loop throws', async () => {
    const { server, client, token, progress } = await start();
    server.respond(stream(event('ready', { pending: 1 }), progress('message_received')));
    const broken = async () => {
      for await (const { status } of client.watch(token)) {
        throw new RangeError(status);
      }
    };
    await expect(broken()).rejects.toThrow(RangeError);
    await (await server.request(0)).ended;
  });

  it('rejects with the reason of its signal, also between two updates', async () => {
    const { server, client, token, progress } = await start();
    const { responder, go } = inSteps(progress('message_received'));
    server.respond(responder);
    const controller = new AbortController();
    const updates = client.watch(token, { signal: controller.signal });
    const update = updates.next();
    const { ended } = await server.request(0);
    go(0);
    await update;
    const reason = { of: 'the caller' };
    controller.abort(reason);
    await expect(updates.next()).rejects.toBe(reason);
    await expect(updates.next()).resolves.toEqual({ done: true, value: undefined });
    await ended;
    await expect(client.watch(token, { signal: controller.signal }).next()).rejects.toBe(reason);
  });

  it('rejects as the wait does', async () => {
    const { server, client, token, code } = await start();
    server.respond(stream(event('ready', { pending: 1 }), event('rejected', { code, error: 'expired' })));
    await expect(client.watch(token).next()).rejects.toThrow(ExpiredError);
    await expect(client.watch('lgn1_').next()).rejects.toMatchObject({ code: 'invalid_token' });
    await expect(client.watch(token, { timeoutMs: -1 }).next()).rejects.toThrow(InvalidInputError);
    const misspelt = { onProgress: () => {} } as object;
    await expect(client.watch(token, misspelt).next()).rejects.toMatchObject({ code: 'invalid_request' });
    const other = client.createToken('8XKPQ2WN').token;
    await expect(client.watch(other, { timeoutMs: 0 }).next()).rejects.toMatchObject({ code: 'timeout' });
    const closed = client.watch(other).next();
    await server.request(1);
    client.close();
    await expect(closed).rejects.toThrow(ClosedError);
  });
});

describe('onProgress', () => {
  it('is told each step of a wait once', async () => {
    const { server, client, token, code, progress } = await start();
    const steps = ['message_received', 'awaiting_match', 'awaiting_confirmation', 'awaiting_confirmation'];
    server.respond(stream(event('ready', { pending: 1 }), ...steps.map(progress), verified(code)));
    const told: string[] = [];
    await client.waitForVerify(token, { onProgress: (status) => told.push(status) });
    expect(told).toEqual(steps.slice(0, 3));
    const wrong = { onProgress: 'yes' } as object;
    await expect(client.waitForVerify(token, wrong)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('confirm', () => {
  it('hands in what was typed', async () => {
    const { server, client, token } = await start();
    server.respond(json(200, { status: 'verified' }));
    await expect(client.confirm(token, '१२३ 456')).resolves.toBeUndefined();
    const [{ path, body, headers } = expect.fail()] = server.received;
    expect({ path, body }).toEqual({
      path: '/api/v1/tokens/confirm',
      body: { token, confirmation_code: '१२३ 456' },
    });
    expect(headers.authorization).toBeUndefined();
  });

  it('tells how many tries are left', async () => {
    const { server, client, token } = await start();
    server.respond(json(422, { error: 'invalid_code', attempts_left: 3 }), json(422, { error: 'blocked' }));
    await expect(client.confirm(token, '123456')).rejects.toMatchObject({ attemptsLeft: 3 });
    await expect(client.confirm(token, '123456')).rejects.toMatchObject({ code: 'blocked' });
    server.respond(json(422, { error: 'invalid_code' }));
    await expect(client.confirm(token, '123456')).rejects.toThrow(InvalidCodeError);
  });

  it('is repeated where the failure passes, and is none where the response is none', async () => {
    const { server, client, token } = await start();
    server.respond(json(502, {}), json(200, { status: 'verified' }));
    await client.confirm(token, '123456');
    expect(server.received).toHaveLength(2);
    server.respond(json(200, { status: 'perhaps' }));
    await expect(client.confirm(token, '123456')).rejects.toMatchObject({ code: 'invalid_response' });
  });

  it('asks nobody about what it cannot be', async () => {
    const { server, client, token } = await start();
    await expect(client.confirm('lgn1_', '123456')).rejects.toMatchObject({ code: 'invalid_token' });
    const number = 123456 as unknown as string;
    await expect(client.confirm(token, number)).rejects.toMatchObject({ code: 'invalid_request' });
    const ours = new Loggin({ baseUrl: server.baseUrl, appKey: 'ABCDEFGH' });
    await expect(ours.confirm(token, '123456')).rejects.toMatchObject({ code: 'unknown_app' });
    expect(server.received).toEqual([]);
  });
});

describe('status', () => {
  const polled = (...events: object[]) => json(200, { events });

  it('is told at once how far the login has come, without redeeming', async () => {
    const { server, client, token, code } = await start();
    const unread = { event: 'rejected', data: { token_index: 1, error: 'invalid_token' } };
    const progress = { event: 'progress', data: { code, status: 'awaiting_match' } };
    const done = { event: 'verified', data: { code, session: { ...SESSION, phone: null } } };
    server.respond(polled(unread), polled(unread, progress), polled(unread, done));
    for (const status of ['pending', 'awaiting_match', 'verified']) {
      await expect(client.status(token)).resolves.toBe(status);
    }
    const [{ path, body, headers } = expect.fail()] = server.received;
    expect({ path, body }).toEqual({
      path: '/api/v1/tokens/events',
      body: { tokens: [token, ''], claim: false },
    });
    expect(headers.accept).toBe('application/json');
  });

  it('rejects with the end of the login, and with what is no response', async () => {
    const { server, client, token, code } = await start();
    const denied = { event: 'rejected', data: { code, error: 'denied' } };
    const unreadable = { event: 'verified', data: { code, session: 7 } };
    for (const [events, error] of [
      [[denied], 'denied'],
      [[unreadable], 'invalid_response'],
      ['none', 'invalid_response'],
    ] as const) {
      server.respond(json(200, { events }));
      await expect(client.status(token)).rejects.toMatchObject({ code: error });
    }
    await expect(client.status('lgn1_')).rejects.toMatchObject({ code: 'invalid_token' });
  });
});
