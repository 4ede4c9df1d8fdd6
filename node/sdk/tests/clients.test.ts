/** Clients and created tokens: options, the environment, and what they show of themselves. */

import { inspect } from 'node:util';
import * as sdk from '@loggin/sdk';
import { type CreateTokenOptions, Loggin, type LogginOptions, loggin } from '@loggin/sdk';
import { describe, expect, it, vi } from 'vitest';

const SECRET_KEY = 'lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK';

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return expect.fail('nothing was thrown');
}

describe('createToken', () => {
  it('makes a token, a code and a link by way of the server', () => {
    const { token, link, code } = loggin.createToken('8XKPQ2WN');
    expect(token).toMatch(/^lgn1_8XKPQ2WN_[0-9A-HJKMNP-TV-Z]{32}$/);
    expect(code).toMatch(/^8XKPQ2WN(-[0-9A-HJKMNP-TV-Z]{5}){4}$/);
    expect(link).toBe(`http://127.0.0.1:8787/l/${code}`);
  });

  it('makes a link to the number that is configured', () => {
    const client = new Loggin({ whatsappNumber: '+1 555 000 1111' });
    const { link, code } = client.createToken('8XKPQ2WN', { text: 'Sign in to Acme: {code}' });
    expect(link).toBe(`https://wa.me/15550001111?text=Sign%20in%20to%20Acme%3A%20${code}`);
  });

  it('makes another token each time', () => {
    const tokens = Array.from({ length: 1_000 }, () => loggin.createToken('8XKPQ2WN').token);
    expect(new Set(tokens).size).toBe(1_000);
  });

  it('draws the link as a picture', () => {
    const created = loggin.createToken('8XKPQ2WN');
    expect(created.qrSvg()).toMatch(/^<svg .*<\/svg>\s*$/s);
    expect(created.qrTerminal().split('\n').length).toBeGreaterThan(15);
    expect(created.qrSvg()).not.toBe(loggin.createToken('8XKPQ2WN').qrSvg());
  });

  it.each([
    ['8xkpq2wn', '8XKPQ2WN'],
    ['OIL00000', '01100000'],
    [' 8XKPQ2WN ', '8XKPQ2WN'],
  ])('reads the app key %j as %s', (given, canonical) => {
    expect(loggin.createToken(given).token).toContain(`lgn1_${canonical}_`);
  });

  it.each<[string, unknown]>([
    ['too short', '8XKPQ2W'],
    ['too long', '8XKPQ2WN0'],
    ['with a U', '8XKPQ2WU'],
    ['empty', ''],
    ['with a letter of another script', '8ХKPQ2WN'],
    ['with half a character', '8XKPQ2W\ud83d'],
    ['undefined', undefined],
    ['null', null],
    ['a number', 12_345_678],
    ['an object', { toString: () => '8XKPQ2WN' }],
  ])('refuses an app key that is %s', (_, appKey) => {
    const error = thrown(() => loggin.createToken(appKey as string));
    expect(error).toBeInstanceOf(sdk.InvalidInputError);
    expect(error).toMatchObject({ code: 'invalid_app_key', retryable: false });
  });

  it.each<[string, unknown]>([
    ['without the code', { text: 'Sign in' }],
    ['with the code twice', { text: '{code} {code}' }],
    ['with a plus sign', { text: '1 + 1 = {code}' }],
    ['with an emoji', { text: '\u{1f511} {code}' }],
    ['that is too long', { text: `${'x'.repeat(200)}{code}` }],
    ['that is empty', { text: '' }],
    ['that is no text', { text: 5 }],
    ['in place of the options', '{code}'],
  ])('refuses a text %s', (_, options) => {
    const client = new Loggin({ whatsappNumber: '15550001111' });
    const error = thrown(() => client.createToken('8XKPQ2WN', options as CreateTokenOptions));
    expect(error).toBeInstanceOf(sdk.InvalidInputError);
    expect(error).toMatchObject({ code: 'invalid_request' });
  });
});

describe('a client', () => {
  it.each<[string, LogginOptions]>([
    ['is https', { baseUrl: 'https://login.example/wa' }],
    ['is on this machine', { baseUrl: 'http://localhost:8787' }],
    [
      'is http elsewhere, where that is allowed',
      { baseUrl: 'http://login.example', allowInsecureHttp: true },
    ],
  ])('accepts a base URL that %s', (_, options) => {
    expect(new Loggin(options).createToken('8XKPQ2WN').link).toContain(`${options.baseUrl}/l/8XKPQ2WN-`);
  });

  it.each<[string, unknown]>([
    ['a base URL that is none', { baseUrl: 'login.example' }],
    ['a base URL that is empty', { baseUrl: '' }],
    ['a base URL that is http elsewhere', { baseUrl: 'http://login.example' }],
    ['a base URL with a password', { baseUrl: `https://user:${SECRET_KEY}@login.example` }],
    ['a base URL object', { baseUrl: new URL('https://login.example') }],
    ['a secret key cut off', { secretKey: SECRET_KEY.slice(0, -1) }],
    ['a secret key that is a number', { secretKey: 5 }],
    ['a number that is none', { whatsappNumber: 'call me' }],
    ['a number that is a number', { whatsappNumber: 15_550_001_111 }],
    ['a misspelt name', { baseURL: 'https://login.example' }],
    ['a time of calls below 0', { callTimeoutMs: -1 }],
    ['a time that is no number', { timeoutMs: Number.NaN }],
    ['a time below 0', { timeoutMs: -5 }],
    ['a time in words', { timeoutMs: '5' }],
    ['too many retries', { maxRetries: 11 }],
    ['retries below 0', { maxRetries: -1 }],
    ['half a retry', { maxRetries: 0.5 }],
    ['retries that no integer holds', { maxRetries: 2 ** 32 }],
    ['an idempotency key that is empty', { idempotencyKey: '' }],
    ['an idempotency key of two lines', { idempotencyKey: 'a\r\nb' }],
    ['a permission in words', { allowInsecureHttp: 'no' }],
    ['options that are none', 'https://login.example'],
    ['null', null],
  ])('refuses %s when it is made', (_, options) => {
    const error = thrown(() => new Loggin(options as LogginOptions));
    expect(error).toBeInstanceOf(sdk.InvalidInputError);
    expect(error).toMatchObject({ code: 'invalid_config', retryable: false });
    expect(inspect(error, { showHidden: true })).not.toContain(SECRET_KEY.slice(14, -1));
  });

  it('takes from the environment what it is not given', () => {
    vi.stubEnv('LOGGIN_BASE_URL', 'https://login.example');
    expect(new Loggin().createToken('8XKPQ2WN').link).toContain('https://login.example/l/');
    const given = new Loggin({ baseUrl: 'https://other.example' });
    expect(given.createToken('8XKPQ2WN').link).toContain('https://other.example/l/');
    vi.stubEnv('LOGGIN_WHATSAPP_NUMBER', '15550001111');
    const options = { whatsappNumber: null, baseUrl: undefined } as unknown as LogginOptions;
    expect(new Loggin(options).createToken('8XKPQ2WN').link).toContain('https://wa.me/15550001111?');
    vi.stubEnv('LOGGIN_SECRET_KEY', 'lgsk_');
    expect(thrown(() => new Loggin())).toMatchObject({ code: 'invalid_config' });
    vi.unstubAllEnvs();
  });

  it('is an instance of its class, and so is the one that everybody has', () => {
    expect(loggin).toBeInstanceOf(Loggin);
    expect(new Loggin()).toBeInstanceOf(Loggin);
  });
});

describe('printed', () => {
  const client = new Loggin({ secretKey: SECRET_KEY, idempotencyKey: 'hidden-key' });
  const created = client.createToken('8XKPQ2WN');
  const secrets = [SECRET_KEY.slice(14), 'hidden-key', created.token.slice(14), created.code.slice(9)];

  it.each<[string, unknown]>([
    ['a client', client],
    ['the client that everybody has', loggin],
    ['a created token', created],
    ['what holds them', { client, list: [created], map: new Map([['login', created]]) }],
    ['its spread fields', { ...created, ...client }],
    ['its class', Loggin],
  ])('%s shows nothing secret', (_, value) => {
    const shown = [
      inspect(value),
      inspect(value, { customInspect: false, showHidden: true, depth: null }),
      JSON.stringify(value),
      String(value),
    ].join('\n');
    for (const secret of secrets) {
      expect(shown).not.toContain(secret);
    }
  });

  it('a created token shows its app', () => {
    expect(inspect(created)).toBe("CreatedToken { appKey: '8XKPQ2WN' }");
    expect(inspect([[[created]]])).toBe("[ [ [ CreatedToken { appKey: '8XKPQ2WN' } ] ] ]");
    expect(JSON.stringify({ created })).toBe('{"created":{"appKey":"8XKPQ2WN"}}');
  });
});
