/** What stands in the environment: cookies of the app's own choice, and what a production server cannot do without. */

import { InvalidInputError } from '@loggin/web';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cookieAttributes, cookieName } from '../src/cookies.js';
import { register } from '../src/index.js';

const SECRET = 'a-secret-of-more-than-thirty-two-bytes!';
const SECRET_KEY = 'lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK';

type Env = Record<string, string>;

const withEnv = (env: Env): void => {
  for (const [name, value] of Object.entries(env)) {
    vi.stubEnv(name, value);
  }
};

afterEach(() => vi.unstubAllEnvs());

describe('cookies', () => {
  test.each<[string, Env, string, object]>([
    [
      'in production',
      {},
      '__Host-loggin',
      { secure: true, sameSite: 'lax', httpOnly: true, path: '/', maxAge: 7 },
    ],
    ['of another name', { LOGGIN_COOKIE_NAME: 'acme' }, '__Host-acme', { sameSite: 'lax' }],
    [
      'of subdomains',
      { LOGGIN_COOKIE_DOMAIN: 'acme.example' },
      '__Secure-loggin',
      { domain: 'acme.example', secure: true },
    ],
    [
      'of an app in a frame',
      { LOGGIN_COOKIE_SAME_SITE: 'none', LOGGIN_COOKIE_PARTITIONED: 'true' },
      '__Host-loggin',
      { sameSite: 'none', partitioned: true, secure: true },
    ],
    [
      'in development',
      { NODE_ENV: 'development', LOGGIN_COOKIE_NAME: 'acme' },
      'acme-dev',
      { secure: false },
    ],
    [
      'in a frame in development',
      { NODE_ENV: 'development', LOGGIN_COOKIE_SAME_SITE: 'none' },
      'loggin-dev',
      { secure: true },
    ],
  ])('%s', (_, env, name, attributes) => {
    withEnv({ NODE_ENV: 'production', ...env });
    expect(cookieName('session')).toBe(name);
    expect(cookieName('login')).toContain(name.replace(/-dev$/, '-login'));
    expect(cookieAttributes(7)).toMatchObject(attributes);
  });

  test.each<[string, string]>([
    ['LOGGIN_COOKIE_NAME', '__Host-x'],
    ['LOGGIN_COOKIE_NAME', 'a b'],
    ['LOGGIN_COOKIE_NAME', 'a;b'],
    ['LOGGIN_COOKIE_DOMAIN', 'https://acme.example'],
    ['LOGGIN_COOKIE_DOMAIN', 'acme'],
    ['LOGGIN_COOKIE_SAME_SITE', 'None'],
    ['LOGGIN_COOKIE_PARTITIONED', 'yes'],
  ])('%s=%s is refused', (name, value) => {
    withEnv({ NODE_ENV: 'production', [name]: value });
    expect(() => [cookieName('session'), cookieAttributes(0)]).toThrow(InvalidInputError);
  });
});

describe('the start of a server', () => {
  const ended = vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw Object.assign(new Error('The process has ended.'), { exitCode: code });
  });
  const said = vi.spyOn(console, 'error').mockReturnValue();

  beforeEach(() => {
    ended.mockClear();
    said.mockClear();
    withEnv({ LOGGIN_SESSION_SECRET: SECRET });
  });

  test.each<[string, Env]>([
    ['neither key of the app', {}],
    ['a malformed key', { LOGGIN_APP_KEY: 'x' }],
    ['keys of two apps', { LOGGIN_APP_KEY: 'ABCDEFGH', LOGGIN_SECRET_KEY: SECRET_KEY }],
    ['a base URL that is none', { LOGGIN_APP_KEY: '8XKPQ2WN', LOGGIN_BASE_URL: 'x' }],
    ['a malformed cookie', { LOGGIN_APP_KEY: '8XKPQ2WN', LOGGIN_COOKIE_NAME: 'a b' }],
    ['no secret', { LOGGIN_APP_KEY: '8XKPQ2WN', LOGGIN_SESSION_SECRET: '' }],
  ])('ends in production with %s', async (_, env) => {
    withEnv({ NODE_ENV: 'production', ...env });
    await expect(register()).rejects.toMatchObject({ exitCode: 1 });
    expect(said).toHaveBeenCalledWith(expect.stringContaining('invalid_config'));
  });

  test.each<[string, Env]>([
    ['the app key', { NODE_ENV: 'production', LOGGIN_APP_KEY: '8XKPQ2WN' }],
    ['the secret key', { NODE_ENV: 'production', LOGGIN_SECRET_KEY: SECRET_KEY }],
    ['neither, in development', { NODE_ENV: 'development' }],
  ])('goes on with %s', async (_, env) => {
    withEnv(env);
    await register();
    expect(ended).not.toHaveBeenCalled();
  });
});
