/** Whose tokens a server redeems, and as which redeemer. */

import { AuthenticationError, InvalidInputError, Loggin, type LogginOptions } from '@loggin/web';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { json, ScriptedServer, SESSION, stream, verified } from '../../sdk/tests/scripted-server.js';
import { openPage } from './page.js';

const OURS = '8XKPQ2WN';
const THEIRS = 'ABCDEFGH';
const SECRET_KEY = `lgsk_${OURS}_000G40R40M30E209185GR38E1W8124GK`;

afterEach(() => vi.unstubAllEnvs());

const client = (options: LogginOptions = {}): Loggin =>
  new Loggin({ baseUrl: 'http://127.0.0.1:9', ...options });

const theirToken = (): string => new Loggin({ baseUrl: 'http://127.0.0.1:9' }).createToken(THEIRS).token;

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
    for (const [name, value] of Object.entries(env)) {
      vi.stubEnv(name, value);
    }
    const redeem = client(options);
    for (const refused of [redeem.verifyToken(theirToken()), redeem.waitForVerify(theirToken())]) {
      await expect(refused).rejects.toBeInstanceOf(AuthenticationError);
      await expect(refused).rejects.toMatchObject({ code: 'unknown_app', retryable: false });
    }
  });

  it('is refused by the option of a call', async () => {
    const refused = client().verifyToken(theirToken(), { appKey: OURS });
    await expect(refused).rejects.toMatchObject({ code: 'unknown_app' });
  });

  it('is observed by a page', async () => {
    openPage();
    const server = await ScriptedServer.start();
    const page = new Loggin({ baseUrl: server.baseUrl });
    const { token, code } = page.createToken(THEIRS);
    server.respond(stream(verified(code)));
    await expect(page.waitForVerify(token)).resolves.toMatchObject({ phone: SESSION.phone });
  });
});

describe('in production', () => {
  it('nothing is redeemed where it is not said whose tokens', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const redeem = client();
    const { token } = redeem.createToken(OURS);
    await expect(redeem.verifyToken(token)).rejects.toMatchObject({ code: 'invalid_config' });
    await expect(redeem.waitForVerify(token)).rejects.toMatchObject({ code: 'invalid_config' });
  });

  it('a token of the named app is redeemed', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const server = await ScriptedServer.start();
    server.respond(json(200, { status: 'verified', ...SESSION }));
    const redeem = new Loggin({ baseUrl: server.baseUrl });
    const { token } = redeem.createToken(OURS);
    await expect(redeem.verifyToken(token, { appKey: OURS })).resolves.toMatchObject({ appKey: OURS });
  });
});

it.each<[string, LogginOptions]>([
  ['no app key', { appKey: 'none' }],
  ['the key of another app', { appKey: THEIRS, secretKey: SECRET_KEY }],
])('the option appKey is checked: %s', (_, options) => {
  expect(() => client(options)).toThrow(InvalidInputError);
});

describe('the redeemer', () => {
  it('is the client, or the call that says so', async () => {
    const server = await ScriptedServer.start();
    const redeem = new Loggin({ baseUrl: server.baseUrl, maxRetries: 1 });
    const { token, code } = redeem.createToken(OURS);
    const response = json(200, { status: 'verified', ...SESSION });
    const away = json(503, { error: 'unavailable', message: '' });
    server.respond(response, away, response, stream(verified(code)));
    await redeem.verifyToken(token);
    await redeem.verifyToken(token, { idempotencyKey: 'mine' });
    await redeem.waitForVerify(token, { idempotencyKey: 'sealed' });
    const keys = server.received.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), 'mine', 'mine', 'sealed']);
  });

  it.each(['', 'a b', 'x'.repeat(129), 7])('%j is no idempotency key', async (idempotencyKey) => {
    const redeem = client();
    const { token } = redeem.createToken(OURS);
    const options = { idempotencyKey } as { idempotencyKey: string };
    await expect(redeem.verifyToken(token, options)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
