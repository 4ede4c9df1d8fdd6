/** Sessions whose person said "Not me": when the Loggin server is asked, and what holds while it does not respond. */

import { loggin } from '@loggin/web';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isDenied } from '../src/denials.js';

const asked = vi.spyOn(loggin, 'deniedLogins');

let logins = 0;

/** A login that no other test has asked about. */
const newLogin = (): string => `login ${logins++}`;

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));

afterEach(() => {
  asked.mockReset();
  vi.useRealTimers();
});

test('a response is good for a minute, or as long as the app says', async () => {
  const login = newLogin();
  asked.mockResolvedValue([]);
  expect([await isDenied(login, {}), await isDenied(login, {})]).toEqual([false, false]);
  expect(asked).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(59_000);
  await isDenied(login, {});
  expect(asked).toHaveBeenCalledTimes(1);
  asked.mockResolvedValue([login]);
  expect(await isDenied(login, { maxAge: 30 })).toBe(true);
  vi.advanceTimersByTime(60_000);
  expect(await isDenied(login, {})).toBe(true);
  expect(asked).toHaveBeenCalledTimes(3);
});

test('requests that come together ask once', async () => {
  const login = newLogin();
  asked.mockResolvedValue([login]);
  expect(await Promise.all([1, 2, 3].map(() => isDenied(login, {})))).toEqual([true, true, true]);
  expect(asked).toHaveBeenCalledTimes(1);
});

test('a server that does not respond signs nobody out, and nobody in again', async () => {
  const [innocent, denied] = [newLogin(), newLogin()];
  asked.mockResolvedValueOnce([denied]).mockRejectedValue(new Error('not reached'));
  expect(await isDenied(denied, {})).toBe(true);
  expect(await isDenied(innocent, {})).toBe(false);
  vi.advanceTimersByTime(60_000);
  expect([await isDenied(denied, {}), await isDenied(innocent, {})]).toEqual([true, false]);
});
