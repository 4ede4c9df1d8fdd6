/** Sealed sessions: what opens, and what does not. */

import { inspect } from 'node:util';
import { InvalidInputError } from '@loggin/web';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { open, seal } from '../src/seal.js';
import { openSession, SESSION_LIFETIME_S, SignedIn, sealSession } from '../src/signed-in.js';

const OLD = 'an-old-secret-of-more-than-thirty-two-bytes';
const NEW = 'a-new-secret-of-more-than-thirty-two-bytes!';

const PERSON = new SignedIn({
  phone: '919876543210',
  appKey: '8XKPQ2WN',
  verifiedAt: new Date(1_700_000_000_000),
});

const withSecret = (secret: string): void => void vi.stubEnv('LOGGIN_SESSION_SECRET', secret);

beforeEach(() => withSecret(OLD));

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

/** A session as it is sealed now, opened so many seconds later. */
async function after(seconds: number): ReturnType<typeof openSession> {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(1_800_000_000_000);
  const value = await sealSession(PERSON);
  vi.setSystemTime(1_800_000_000_000 + seconds * 1000);
  return await openSession(value);
}

test('a session comes back as it was, and the cookie does not show it', async () => {
  const value = await sealSession(PERSON);
  expect((await openSession(value))?.session).toEqual(PERSON);
  const readable = value.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
  expect(readable.join(' ')).not.toContain(PERSON.phone);
  expect(inspect(PERSON)).not.toContain(PERSON.phone);
});

test('each symbol counts', async () => {
  const value = await sealSession(PERSON);
  for (let at = 0; at < value.length; at++) {
    const other = value[at] === 'A' ? 'B' : 'A';
    expect(await openSession(value.slice(0, at) + other + value.slice(at + 1)), `symbol ${at}`).toBeNull();
    expect(await openSession(value.slice(0, at)), `cut at ${at}`).toBeNull();
  }
  for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.replace(
    value.at(-1) ?? '',
    '',
  )) {
    expect(await openSession(value.slice(0, -1) + last), `ends with ${last}`).toBeNull();
  }
});

test('it lasts 30 days, and is due for renewal after one', async () => {
  const day = 24 * 60 * 60;
  expect(await after(day - 1)).toMatchObject({ isDue: false });
  expect(await after(day + 1)).toMatchObject({ isDue: true });
  expect(await after(SESSION_LIFETIME_S - 1)).toMatchObject({ isDue: true });
  expect(await after(SESSION_LIFETIME_S)).toBeNull();
});

test('it is bound to its cookie', async () => {
  const value = await seal('__Host-one', { phone: '1' }, 60);
  expect(await open('__Host-one', value)).not.toBeNull();
  expect(await open('__Host-two', value)).toBeNull();
});

test.each(['', 'x', '....', 'a.b.c.d.e', '{"phone":"1"}', 'A'.repeat(5000)])('%j is none', async (value) => {
  expect(await openSession(value)).toBeNull();
});

describe('a list of secrets', () => {
  test('opens what an older one sealed, which is then due', async () => {
    const value = await sealSession(PERSON);
    withSecret(`${NEW},${OLD}`);
    expect(await openSession(value)).toMatchObject({ isDue: true });
    expect(await openSession(await sealSession(PERSON))).toMatchObject({ isDue: false });
    withSecret(NEW);
    expect(await openSession(value)).toBeNull();
  });

  test.each(['short', 'x'.repeat(31), `${OLD},short`, `${OLD} short`])('%j is refused', async (secret) => {
    withSecret(secret);
    await expect(sealSession(PERSON)).rejects.toThrow(InvalidInputError);
  });

  test('missing, it stops production, and not development', async () => {
    withSecret('');
    vi.stubEnv('NODE_ENV', 'production');
    await expect(sealSession(PERSON)).rejects.toMatchObject({ code: 'invalid_config' });
    vi.stubEnv('NODE_ENV', 'development');
    const warned = vi.spyOn(console, 'warn').mockReturnValue();
    expect(await openSession(await sealSession(PERSON))).not.toBeNull();
    expect(warned).toHaveBeenCalledOnce();
  });
});

test.each(['', '12', '0123456', '+919876543210', '9'.repeat(16), 'phone'])(
  '%j is no phone number of a session',
  (phone) => {
    expect(() => new SignedIn({ phone, verifiedAt: new Date() })).toThrow(TypeError);
  },
);
