/** Whose tokens a client accepts: those of one app, not those of everybody who has an app at the same server. */

import { AuthenticationError, InvalidInputError, Loggin, type LogginOptions } from '@loggin/sdk';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { json, ScriptedServer, SESSION, stream, verified } from './scripted-server.js';

const OURS = '8XKPQ2WN';
const THEIRS = 'ABCDEFGH';
const SECRET_KEY = `lgsk_${OURS}_000G40R40M30E209185GR38E1W8124GK`;
/** Nobody listens there, and nobody is asked. */
const ELSEWHERE = 'https://127.0.0.1.example';

afterEach(() => vi.unstubAllEnvs());

const tokenOf = (appKey: string): string => new Loggin().createToken(appKey).token;

describe('a token of another app', () => {
  it.each<[string, LogginOptions, Record<string, string>]>([
    ['the option', { appKey: OURS.toLowerCase() }, {}],
    ['the variable', {}, { LOGGIN_APP_KEY: ` ${OURS} ` }],
    ['the secret key', { secretKey: SECRET_KEY }, {}],
    ['the variable of the secret key', {}, { LOGGIN_SECRET_KEY: SECRET_KEY }],
    [
      'a secret key that is given says more than a variable',
      { secretKey: SECRET_KEY },
      { LOGGIN_APP_KEY: THEIRS },
    ],
  ])('is refused without asking anybody: %s', async (_, options, env) => {
    const theirs = tokenOf(THEIRS);
    for (const [name, value] of Object.entries(env)) {
      vi.stubEnv(name, value);
    }
    const client = new Loggin({ baseUrl: ELSEWHERE, ...options });
    for (const refused of [client.verifyToken(theirs), client.waitForVerify(theirs)]) {
      await expect(refused).rejects.toBeInstanceOf(AuthenticationError);
      await expect(refused).rejects.toMatchObject({ code: 'unknown_app', retryable: false });
    }
  });

  it('is refused where a server hands its session out', async () => {
    const server = await ScriptedServer.start();
    const client = new Loggin({ baseUrl: server.baseUrl });
    const { token, code } = client.createToken(OURS);
    server.respond(json(200, { status: 'verified', ...SESSION, app_key: THEIRS }));
    await expect(client.verifyToken(token)).rejects.toMatchObject({ code: 'unknown_app' });
    server.respond(stream(verified(code).replace(`"app_key":"${OURS}"`, `"app_key":"${THEIRS}"`)));
    await expect(client.waitForVerify(token)).rejects.toMatchObject({ code: 'unknown_app' });
  });
});

describe('a client to which nothing says whose tokens it accepts', () => {
  it.each<[string, string, string]>([
    ['away from this machine', ELSEWHERE, 'test'],
    ['in production', 'http://127.0.0.1:9', 'production'],
  ])('accepts tokens of the apps that it makes tokens for: %s', async (_, baseUrl, environment) => {
    const theirs = tokenOf(THEIRS);
    vi.stubEnv('NODE_ENV', environment);
    const client = new Loggin({ baseUrl, timeoutMs: 1 });
    const ours = client.createToken(OURS).token;
    await expect(client.verifyToken(theirs)).rejects.toMatchObject({ code: 'invalid_config' });
    await expect(client.waitForVerify(theirs)).rejects.toMatchObject({ code: 'invalid_config' });
    await expect(client.waitForVerify(ours)).rejects.toMatchObject({ code: 'timeout' });
  });

  it('accepts all tokens in development', async () => {
    const server = await ScriptedServer.start();
    server.respond(json(200, { status: 'verified', ...SESSION }));
    const session = await new Loggin({ baseUrl: server.baseUrl }).verifyToken(tokenOf(OURS));
    expect(session?.appKey).toBe(OURS);
  });
});

it('the server is told which app is asked for', async () => {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl, appKey: OURS });
  const { token, code } = client.createToken(OURS);
  server.respond(json(200, { status: 'verified', ...SESSION }), stream(verified(code)));
  await client.verifyToken(token);
  await client.waitForVerify(token);
  expect(server.received.map(({ body }) => body.app_key)).toEqual([OURS, OURS]);
});

it.each<[string, LogginOptions]>([
  ['no app key', { appKey: 'none' }],
  ['the key of another app', { appKey: THEIRS, secretKey: SECRET_KEY }],
])('the option appKey is checked: %s', (_, options) => {
  expect(() => new Loggin(options)).toThrow(InvalidInputError);
});
