/** Why a server is not reached: what errors and the client's state tell of it. */

import { createServer } from 'node:net';
import { Loggin } from '@loggin/sdk';
import { expect, it } from 'vitest';
import { ScriptedServer } from './scripted-server.js';

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

it('a response of somebody else tells its status', async () => {
  const server = await ScriptedServer.start();
  server.respond((response) => response.writeHead(401, { 'Content-Type': 'text/html' }).end('<html>'));
  const client = new Loggin({ baseUrl: server.baseUrl, maxRetries: 0 });
  const failure = await failureOf(client.verifyToken(client.createToken('8XKPQ2WN').token));
  expect(failure).toMatchObject({ code: 'invalid_response', cause: 'http_401' });
});
