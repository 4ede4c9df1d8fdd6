/** A site that is visited over plain HTTP is told so, once, and no other. */

import { beforeEach, expect, test, vi } from 'vitest';

beforeEach(() => {
  vi.resetModules();
  vi.stubEnv('NODE_ENV', 'production');
  const warned = vi.spyOn(console, 'warn').mockReturnValue();
  return () => {
    warned.mockRestore();
    vi.unstubAllEnvs();
  };
});

/** How often the log is written to after two requests with these headers. */
async function warnings(headers: Record<string, string> | null): Promise<number> {
  const { warnOfPlainHttp } = await import('../src/hosts.js');
  const asked = headers && new Headers(headers);
  warnOfPlainHttp(asked);
  warnOfPlainHttp(asked);
  return vi.mocked(console.warn).mock.calls.length;
}

test.each([
  { Origin: 'http://acme.test', Host: 'acme.test', 'X-Forwarded-Proto': 'https' },
  { Host: 'acme.test', 'X-Forwarded-Proto': 'http' },
  { 'X-Forwarded-Host': 'acme.test, inner', 'X-Forwarded-Proto': 'http, https' },
])('%j is plain', async (headers) => {
  expect(await warnings(headers)).toBe(1);
});

test.each([
  null,
  {},
  { Origin: 'https://acme.test', Host: 'acme.test', 'X-Forwarded-Proto': 'http' },
  { Origin: 'null', Host: 'acme.test', 'X-Forwarded-Proto': 'https' },
  { Origin: 'http://localhost:3000', Host: 'localhost:3000' },
  { Host: '127.0.0.1:3000', 'X-Forwarded-Proto': 'http' },
  { Host: 'app.localhost:3000', 'X-Forwarded-Proto': 'http' },
])('%j is not', async (headers) => {
  expect(await warnings(headers)).toBe(0);
});

test('development says nothing', async () => {
  vi.stubEnv('NODE_ENV', 'development');
  expect(await warnings({ Origin: 'http://acme.test' })).toBe(0);
});
