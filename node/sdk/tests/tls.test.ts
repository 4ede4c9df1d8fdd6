/** Servers that speak TLS: whom a client trusts, whom not and why, and streams over it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Loggin, type LogginOptions } from '@loggin/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Authority, type Years } from './authority.js';
import { event, ScriptedServer, stream, verified } from './scripted-server.js';

let authority: Authority;
const folder = mkdtempSync(join(tmpdir(), 'loggin-tls-'));
const fileOf = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

beforeAll(async () => {
  authority = await Authority.create();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A server of the authority's, and a login that nobody has signed in to yet. */
async function start(name = 'localhost', years?: Years, asksForClients = false) {
  const identity = await authority.issue(name, years);
  const clients = asksForClients && { ca: authority.pem, requestCert: true, rejectUnauthorized: true };
  return ScriptedServer.start(0, { ...identity, ...clients });
}

function clientOf(server: ScriptedServer, options: LogginOptions) {
  const client = new Loggin({ baseUrl: server.baseUrl, maxRetries: 0, ...options });
  const { token, code } = client.createToken('8XKPQ2WN');
  server.respond(stream(verified(code)));
  return { client, token };
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );

describe('a private authority is trusted', () => {
  it.each<[string, () => LogginOptions]>([
    ['as text', () => ({ caPem: authority.pem })],
    ['in a file', () => ({ caFile: fileOf('ca.pem', authority.pem) })],
  ])('%s', async (_, options) => {
    const { client, token } = clientOf(await start(), options());
    expect((await client.waitForVerify(token)).appKey).toBe('8XKPQ2WN');
  });
});

describe('a private authority of the environment is trusted', () => {
  const before = process.env;

  afterEach(() => {
    process.env = before;
  });

  it.each<[string, () => string]>([
    ['SSL_CERT_FILE', () => fileOf('ca.pem', authority.pem)],
    ['SSL_CERT_DIR', () => dirname(fileOf('ca.pem', authority.pem))],
    ['NODE_EXTRA_CA_CERTS', () => fileOf('ca.pem', authority.pem)],
  ])('%s', async (name, value) => {
    process.env = { [name]: value() };
    const { client, token } = clientOf(await start(), {});
    expect((await client.waitForVerify(token)).appKey).toBe('8XKPQ2WN');
  });
});

it.each<[string, string, Years | undefined, boolean]>([
  ['tls_expired', 'localhost', [2020, 2021], true],
  ['tls_not_yet_valid', 'localhost', [2199, 2200], true],
  ['tls_name', 'elsewhere.example', undefined, true],
  ['tls_unknown_issuer', 'localhost', undefined, false],
])('a certificate that is not good says why: %s', async (cause, name, years, isTrusted) => {
  const { pem } = isTrusted ? authority : await Authority.create();
  const server = await start(name, years);
  const { client, token } = clientOf(server, { caPem: pem });
  expect(await failureOf(client.verifyToken(token))).toMatchObject({ code: 'connection', cause });
  const wait = client.waitForVerify(token, { timeoutMs: 300 });
  expect(await failureOf(wait)).toMatchObject({ code: 'timeout', cause });
  expect(server.received).toEqual([]);
});

it('a server that says nothing in the handshake', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as { port: number };
  const client = new Loggin({ baseUrl: `https://127.0.0.1:${port}` });
  const { token } = client.createToken('8XKPQ2WN');
  const wait = client.waitForVerify(token, { timeoutMs: 300 });
  expect(await failureOf(wait)).toMatchObject({ code: 'timeout', cause: 'timeout' });
  client.close();
});

it('a client shows its certificate where it is asked for', async () => {
  const server = await start('localhost', undefined, true);
  const { cert, key } = await authority.issue('app.example');
  const file = fileOf('client.pem', cert + key);
  for (const options of [{ clientCertPem: cert + key }, { clientCertFile: file }]) {
    const { client, token } = clientOf(server, { caPem: authority.pem, ...options });
    expect((await client.waitForVerify(token)).appKey).toBe('8XKPQ2WN');
  }
  const { client, token } = clientOf(server, { caPem: authority.pem });
  expect(await failureOf(client.verifyToken(token))).toMatchObject({ cause: 'tls_client_certificate' });
});

it('closing hangs up a stream', async () => {
  const server = await start();
  const { client, token } = clientOf(server, { caPem: authority.pem });
  server.respond(stream(event('ready', { pending: 1 })));
  const wait = failureOf(client.waitForVerify(token));
  const { ended } = await server.request(0);
  client.close();
  expect(await wait).toMatchObject({ code: 'closed' });
  await ended;
});

it.each<LogginOptions>([
  { caPem: 'no certificates' },
  { caFile: '/no/such/file' },
  { clientCertPem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
  { clientCertFile: '/no/such/file' },
])('a malformed option is refused: %o', (options) => {
  expect(() => new Loggin({ baseUrl: 'https://login.example', ...options }).createToken('8XKPQ2WN')).toThrow(
    expect.objectContaining({ code: 'invalid_config', message: expect.not.stringContaining('/no/such') }),
  );
});
