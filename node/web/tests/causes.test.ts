/** Why a server is not reached, as far as `fetch` tells: what errors say of it. */

import { Loggin, type LogginError, type LogginOptions } from '@loggin/web';
import { describe, expect, it } from 'vitest';
import { event, json, type Responder, ScriptedServer, stream } from '../../sdk/tests/scripted-server.js';

async function start(options: LogginOptions = {}) {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl, maxRetries: 0, ...options });
  const { token } = client.createToken('8XKPQ2WN');
  return { server, client, token };
}

const rejection = (promise: Promise<unknown>): Promise<LogginError> =>
  promise.then(
    () => expect.fail('nothing was thrown'),
    (reason: LogginError) => reason,
  );

const html =
  (status: number): Responder =>
  (response) =>
    void response.writeHead(status, { 'Content-Type': 'text/html', Location: '/login' }).end('<html>');

describe('a call tells', () => {
  it.each([
    [401, { code: 'invalid_response', cause: 'http_401' }],
    [200, { code: 'invalid_response', cause: 'protocol' }],
    [502, { code: 'invalid_response', cause: 'http_502' }],
    [302, { code: 'invalid_response', cause: 'redirect' }],
  ])('a response of somebody else with status %i', async (status, expected) => {
    const { server, client, token } = await start();
    server.respond(html(status));
    await expect(client.verifyToken(token)).rejects.toMatchObject(expected);
  });

  it('that nothing was there', async () => {
    const { server, client, token } = await start();
    server.stop();
    await expect(client.verifyToken(token)).rejects.toMatchObject({ code: 'connection', cause: 'other' });
  });

  it('that nothing came back in time', async () => {
    const { server, client, token } = await start();
    server.respond(() => undefined);
    const call = client.verifyToken(token, { timeoutMs: 100 });
    await expect(call).rejects.toMatchObject({ code: 'connection', cause: 'timeout' });
  });

  it('no cause where the server itself refused', async () => {
    const { server, client, token } = await start();
    server.respond(json(404, { error: 'unknown_app', message: '' }));
    const error = await rejection(client.verifyToken(token));
    expect([error.code, error.cause]).toEqual(['unknown_app', undefined]);
  });
});

describe('the deadline of a wait tells', () => {
  it('that it was the person who did not come', async () => {
    const { server, client, token } = await start();
    server.respond(stream(event('ready', { pending: 1 })));
    const error = await rejection(client.waitForVerify(token, { timeoutMs: 200 }));
    expect([error.code, error.cause]).toEqual(['timeout', undefined]);
  });

  it('that something else responded', async () => {
    const { server, client, token } = await start();
    server.respond(html(502));
    const wait = client.waitForVerify(token, { timeoutMs: 200 });
    await expect(wait).rejects.toMatchObject({ code: 'timeout', cause: 'http_502' });
  });

  it('that there was no response', async () => {
    const { server, client, token } = await start();
    server.respond(() => undefined);
    const wait = client.waitForVerify(token, { timeoutMs: 200 });
    await expect(wait).rejects.toMatchObject({ code: 'timeout', cause: 'timeout' });
  });
});
