/** The way to the server: why it is not reached, what the client's state tells of it, and a new one on demand. */

import { createServer } from 'node:net';
import { Loggin } from '@loggin/sdk';
import { expect, it } from 'vitest';
import { event, ScriptedServer, stream, verified } from './scripted-server.js';

/** A URL at which nothing listens. */
async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );

it('an error and the state tell why the server was not reached', async () => {
  const client = new Loggin({ baseUrl: await nowhere(), maxRetries: 0 });
  expect(client.state()).toEqual({ isConnected: false, since: null, cause: null, proxy: null });
  const before = Date.now();
  const failure = await failureOf(client.verifyToken(client.createToken('8XKPQ2WN').token));
  expect(failure).toMatchObject({ code: 'connection', cause: 'refused' });
  const { isConnected, since, cause } = client.state();
  expect({ isConnected, cause }).toEqual({ isConnected: false, cause: 'refused' });
  expect(since?.getTime()).toBeGreaterThanOrEqual(before - 1);
});

it('a wait tells that nothing was connected at its end', async () => {
  const client = new Loggin({ baseUrl: await nowhere() });
  const { token } = client.createToken('8XKPQ2WN');
  const failure = await failureOf(client.waitForVerify(token, { timeoutMs: 300 }));
  expect(failure).toMatchObject({ code: 'timeout', cause: 'refused' });
});

it('an answer of somebody else tells its status', async () => {
  const server = await ScriptedServer.start();
  server.answer((response) => response.writeHead(401, { 'Content-Type': 'text/html' }).end('<html>'));
  const client = new Loggin({ baseUrl: server.baseUrl, maxRetries: 0 });
  const failure = await failureOf(client.verifyToken(client.createToken('8XKPQ2WN').token));
  expect(failure).toMatchObject({ code: 'invalid_response', cause: 'http_401' });
});

it('a client that resumes has its waits on a new connection', async () => {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl });
  const { token, code } = client.createToken('8XKPQ2WN');
  server.answer(stream(event('ready', { pending: 1 })), stream(verified(code)));
  const wait = client.waitForVerify(token);
  const { ended } = await server.request(0);
  client.resume();
  await ended;
  expect((await wait).appKey).toBe('8XKPQ2WN');
});
