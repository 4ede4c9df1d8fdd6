/** Sealed sessions: what opens, and what does not. */

import { inspect } from 'node:util';
import { InvalidInputError } from '@loggin/web';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { open, seal } from '../src/seal.js';
import {
  MAX_AGE_S,
  type OpenedSession,
  openSession,
  SESSION_LIFETIME_S,
  sealSession,
  signIn,
} from '../src/signed-in.js';

const OLD = 'an-old-secret-of-more-than-thirty-two-bytes';
const NEW = 'a-new-secret-of-more-than-thirty-two-bytes!';

const PERSON = signIn({ phone: '919876543210', appKey: '8XKPQ2WN', verifiedAt: new Date() });

const withSecret = (secret: string): void => void vi.stubEnv('LOGGIN_SESSION_SECRET', secret);

beforeEach(() => withSecret(OLD));

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

const DAY_S = 24 * 60 * 60;

const NOW = 1_800_000_000_000;

/** A session that is verified and sealed now, opened so many seconds later. */
async function after(seconds: number): ReturnType<typeof openSession> {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(NOW);
  const { value } = await sealSession({ ...PERSON, verifiedAt: new Date(NOW) });
  vi.setSystemTime(NOW + seconds * 1000);
  return await openSession(value);
}

test('a session comes back as it was, and the cookie does not show it', async () => {
  const { value } = await sealSession(PERSON);
  expect((await openSession(value))?.session).toEqual(PERSON);
  const readable = value.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
  expect(readable.join(' ')).not.toContain(PERSON.phone);
  expect(inspect(PERSON)).not.toContain(PERSON.phone);
});

test('each symbol counts', async () => {
  const { value } = await sealSession(PERSON);
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
  expect(await after(DAY_S - 1)).toMatchObject({ isDue: false });
  expect(await after(DAY_S + 1)).toMatchObject({ isDue: true });
  expect(await after(SESSION_LIFETIME_S - 1)).toMatchObject({ isDue: true });
  expect(await after(SESSION_LIFETIME_S)).toBeNull();
});

test('used and renewed every day, it ends 90 days after the person was verified, and stays the same one', async () => {
  let opened: OpenedSession | null = await after(0);
  let days = 0;
  while (opened) {
    vi.setSystemTime(Date.now() + DAY_S * 1000);
    days += 1;
    const { session, endsAt } = opened;
    expect([session.jti, session.verifiedAt]).toEqual([PERSON.jti, new Date(NOW)]);
    const isOver = endsAt <= Date.now() / 1000;
    opened = isOver ? null : await openSession((await sealSession(session, endsAt)).value);
  }
  expect(days).toBe(MAX_AGE_S / DAY_S);
});

test('a cookie lives no longer than its session', async () => {
  const old = { ...PERSON, verifiedAt: new Date(Date.now() - (MAX_AGE_S - 60) * 1000) };
  const { value, maxAge } = await sealSession(old);
  expect(maxAge).toBeLessThanOrEqual(60);
  expect(await openSession(value)).toMatchObject({ session: { phone: PERSON.phone } });
});

test('a session has a name of its own, and is a plain object', () => {
  expect(signIn(PERSON).jti).not.toBe(PERSON.jti);
  const prototype = Object.getPrototypeOf(PERSON);
  expect(Object.getPrototypeOf(prototype)).toBeNull();
  expect(Object.getOwnPropertyNames(prototype).filter((name) => !(name in Object.prototype))).toEqual([]);
  expect(Object.getOwnPropertySymbols(PERSON)).toEqual([]);
});

test.each(['jti', 'end', 'phone', 'at', 'from', 'own'])(
  'a cookie without %s is no session',
  async (missing) => {
    const claims: Record<string, unknown> = {
      phone: '919876543210',
      at: Date.now(),
      from: Date.now(),
      own: {},
      jti: 'x',
      end: 9_999_999_999,
    };
    const { [missing]: _, ...others } = claims;
    expect(await openSession(await seal('loggin-dev', claims, 60))).not.toBeNull();
    expect(await openSession(await seal('loggin-dev', others, 60))).toBeNull();
  },
);

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
    const { value } = await sealSession(PERSON);
    withSecret(`${NEW},${OLD}`);
    expect(await openSession(value)).toMatchObject({ isDue: true });
    expect(await openSession((await sealSession(PERSON)).value)).toMatchObject({ isDue: false });
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
    expect(await openSession((await sealSession(PERSON)).value)).not.toBeNull();
    expect(warned).toHaveBeenCalledOnce();
  });
});

test.each(['', '12', '0123456', '+919876543210', '9'.repeat(16), 'phone'])(
  '%j is no phone number of a session',
  (phone) => {
    expect(() => signIn({ phone, verifiedAt: new Date() })).toThrow(TypeError);
  },
);
