/** Which pages a route responds to: a refusal is 403 `denied`, and what passes is told about its token. */

import { InvalidInputError } from '@loggin/web';
import { expect, test } from 'vitest';
import { otpHandlers, redeemHandlers } from '../src/index.js';

async function statusFor(headers: Record<string, string>, allowedOrigins?: string[]): Promise<number> {
  const { POST } = redeemHandlers({ allowedOrigins });
  const request = new Request('https://inner.example/api/redeem', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: '{}',
  });
  return (await POST(request)).status;
}

const ORIGIN = 'https://acme.example';

test.each<[string, Record<string, string>]>([
  ['a program', {}],
  ['the host', { Origin: ORIGIN, Host: 'acme.example' }],
  ['the host in other letters', { Origin: ORIGIN, Host: 'ACME.example' }],
  ['the port that goes without saying', { Origin: ORIGIN, Host: 'acme.example:443' }],
  [
    'the first of several proxies',
    { Origin: ORIGIN, 'X-Forwarded-Host': 'acme.example, inner', Host: 'inner' },
  ],
  [
    "the browser's own word, behind a proxy that rewrites",
    { Origin: ORIGIN, Host: 'inner', 'Sec-Fetch-Site': 'same-origin' },
  ],
])('%s gets a response', async (_, headers) => {
  expect(await statusFor(headers)).toBe(400);
});

test.each<[string, Record<string, string>]>([
  ['another host', { Origin: 'https://elsewhere.example', Host: 'acme.example' }],
  ['another port', { Origin: `${ORIGIN}:8443`, Host: 'acme.example' }],
  ['the port of another scheme', { Origin: 'http://acme.example', Host: 'acme.example:443' }],
  ['a later proxy', { Origin: 'https://inner.example', 'X-Forwarded-Host': 'acme.example, inner.example' }],
  ['an origin that is none', { Origin: 'null', Host: 'acme.example' }],
  ['another site', { Origin: ORIGIN, Host: 'acme.example', 'Sec-Fetch-Site': 'cross-site' }],
  ['a subdomain', { Host: 'acme.example', 'Sec-Fetch-Site': 'same-site' }],
  ['a bookmark', { Host: 'acme.example', 'Sec-Fetch-Site': 'none' }],
])('%s is refused', async (_, headers) => {
  expect(await statusFor(headers)).toBe(403);
});

test('an allowed origin gets a response, and no other', async () => {
  const headers = { Origin: ORIGIN, Host: 'inner', 'Sec-Fetch-Site': 'same-site' };
  expect(await statusFor(headers, [ORIGIN])).toBe(400);
  expect(await statusFor(headers, ['https://www.acme.example'])).toBe(403);
});

test.each(['acme.example', 'https://acme.example/', 'https://acme.example/a', '*', ''])(
  '%j is no origin',
  (each) => {
    expect(() => redeemHandlers({ allowedOrigins: [each] })).toThrow(InvalidInputError);
    expect(() => otpHandlers({ allowedOrigins: [each] })).toThrow(InvalidInputError);
  },
);
