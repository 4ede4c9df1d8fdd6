/** One-time codes against a scripted server: what is asked, what is told, and that a lost response costs nothing. */

import { inspect } from 'node:util';
import * as sdk from '@loggin/sdk';
import { Loggin, type LogginOptions, type StartOtpOptions, type VerifyOtpOptions } from '@loggin/sdk';
import { describe, expect, it } from 'vitest';
import { breakOff, json, type Responder, ScriptedServer } from './scripted-server.js';

const KEY = `lgsk_8XKPQ2WN_${'7'.repeat(32)}`;
const PHONE = '919876543210';
const SESSION_ID = '3bbaaf0b-3c11-44a2-8a7e-4edc426c5fcd';
const STARTED = { session_id: SESSION_ID, expires_in: 300, sent_via_engine: true, quota_remaining: 41 };
const VERIFIED = { status: 'verified', phone: PHONE, verified_at: '2026-11-21T10:20:30.250Z', meta: null };

async function start(options: LogginOptions = {}) {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl, secretKey: KEY, ...options });
  return { server, client };
}

/** The reason that a promise rejects with. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('nothing was thrown'),
    (reason: unknown) => reason,
  );
}

const verifyOf = (client: Loggin) => client.otp.verify({ sessionId: SESSION_ID, otpCode: '048392' });

it('a code is sent and verified', async () => {
  const { server, client } = await start();
  server.respond(json(200, STARTED), json(200, VERIFIED));
  const session = await client.otp.start({ phone: '+919876543210' });
  expect({ ...session }).toEqual({
    sessionId: SESSION_ID,
    expiresIn: 300,
    sentViaEngine: true,
    quotaRemaining: 41,
  });
  const result = await client.otp.verify({ sessionId: session.sessionId, otpCode: '048392' });
  expect({ ...result }).toEqual({
    status: 'verified',
    phone: PHONE,
    verifiedAt: new Date('2026-11-21T10:20:30.250Z'),
    meta: null,
  });
  expect(server.received.map(({ method, path, body }) => [method, path, body])).toEqual([
    ['POST', '/api/v1/auth/start', { phone: '+919876543210' }],
    ['POST', '/api/v1/auth/verify', { session_id: SESSION_ID, otp_code: '048392' }],
  ]);
  expect(server.received[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
});

it.each([[{ cart: 7 }], [[]], [''], [0], [false], [{ nested: [null, 0.1], ключ: '😀' }]])(
  'options go out and the meta %j comes back',
  async (meta) => {
    const { server, client } = await start();
    server.respond(json(200, STARTED), json(200, { ...VERIFIED, meta }));
    await client.otp.start({ phone: '98765 43210', countryCode: 'IN', otpLength: 4, meta });
    expect(server.received[0]?.body).toEqual({
      phone: '98765 43210',
      country_code: 'IN',
      otp_length: 4,
      meta,
    });
    expect((await verifyOf(client)).meta).toEqual(meta);
  },
);

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
])('the server is told whose address asks: %s', async (clientIp, told) => {
  const { server, client } = await start();
  server.respond(json(200, STARTED));
  await client.otp.start({ phone: PHONE, clientIp });
  expect(server.received[0]?.body).toEqual({ phone: PHONE, client_ip: told });
});

it('another server may say less and more', async () => {
  const { server, client } = await start({ secretKey: 'sk_live_abc123xyz789' });
  server.respond(
    json(200, { session_id: 'sess_xxx', expires_in: 300, debug_code: null }),
    json(200, { status: 'verified', phone: `+${PHONE}`, verified_at: '2026-11-21T10:20:30+00:00', note: 1 }),
  );
  const session = await client.otp.start({ phone: PHONE });
  expect(session).toMatchObject({ sessionId: 'sess_xxx', sentViaEngine: true, quotaRemaining: null });
  expect(await verifyOf(client)).toMatchObject({ phone: PHONE, meta: null });
  expect(server.received[0]?.headers.authorization).toBe('Bearer sk_live_abc123xyz789');
});

it('a call whose response is lost is made again as the same call, and two calls are two', async () => {
  const { server, client } = await start({ idempotencyKey: 'workers-of-acme' });
  const [started, verified] = [json(200, STARTED), json(200, VERIFIED)];
  server.respond(breakOff, started, breakOff, started, breakOff, verified, breakOff, verified);
  await client.otp.start({ phone: PHONE });
  await client.otp.start({ phone: PHONE });
  await verifyOf(client);
  await verifyOf(client);
  const sent = server.received.map(({ headers, body }) => [headers['idempotency-key'], body]);
  expect(sent).toHaveLength(8);
  expect(sent.filter((_, index) => index % 2 === 1)).toEqual(sent.filter((_, index) => index % 2 === 0));
  expect(new Set(sent.map(([key]) => key)).size).toBe(4);
});

describe('a refusal says what to do:', () => {
  it.each([
    [401, 'unauthorized', {}, 'AuthenticationError'],
    [404, 'session_not_found', {}, 'ExpiredError'],
    [409, 'already_used', {}, 'AlreadyUsedError'],
    [422, 'invalid_code', { attempts_left: 4 }, 'InvalidCodeError'],
    [422, 'max_attempts', { attempts_left: 0 }, 'BlockedError'],
    [422, 'blocked', { retry_after: 3_600 }, 'BlockedError'],
    [422, 'expired', {}, 'ExpiredError'],
    [422, 'invalid_phone', {}, 'InvalidInputError'],
    [429, 'rate_limited', { retry_after: 30 }, 'RateLimitError'],
    [429, 'quota_exceeded', {}, 'QuotaExceededError'],
    [502, 'send_failed', {}, 'ServerError'],
    [503, 'unavailable', { retry_after: 6 }, 'ServerError'],
  ] as const)(
    '%i %s',
    async (status, code, fields: { attempts_left?: number; retry_after?: number }, name) => {
      const { server, client } = await start();
      server.respond(json(status, { error: code, message: 'No.', ...fields }));
      for (const call of [() => client.otp.start({ phone: PHONE }), () => verifyOf(client)]) {
        const failure = await rejection(call());
        expect(failure).toBeInstanceOf(sdk[name]);
        expect(failure).toMatchObject({ code, status });
        const { attemptsLeft, retryAfter } = failure as sdk.LogginError;
        expect([attemptsLeft, retryAfter]).toEqual([fields.attempts_left, fields.retry_after]);
      }
      expect(server.received).toHaveLength(2);
    },
  );
});

it.each([{}, { ...STARTED, session_id: '' }, { ...VERIFIED, status: 'pending' }])(
  '%j is no response, and verifies nobody',
  async (body) => {
    const { server, client } = await start();
    server.respond(json(200, body));
    for (const call of [() => client.otp.start({ phone: PHONE }), () => verifyOf(client)]) {
      expect(await rejection(call())).toMatchObject({ name: 'ServerError', code: 'invalid_response' });
    }
  },
);

describe('what can only fail is not sent:', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;

  it.each<[string, unknown, string]>([
    ['no phone', {}, 'invalid_phone'],
    ['an empty phone', { phone: ' ' }, 'invalid_phone'],
    ['a phone that is a number', { phone: 919876543210 }, 'invalid_phone'],
    ['a country code that is a number', { phone: PHONE, countryCode: 91 }, 'invalid_request'],
    ['a length that is a text', { phone: PHONE, otpLength: '6' }, 'invalid_request'],
    ['half a digit', { phone: PHONE, otpLength: 4.5 }, 'invalid_request'],
    ['a meta that is a function', { phone: PHONE, meta: () => 1 }, 'invalid_request'],
    ['a meta that holds itself', { phone: PHONE, meta: circular }, 'invalid_request'],
    ['a meta with a BigInt', { phone: PHONE, meta: { id: 1n } }, 'invalid_request'],
    ['an address that is a number', { phone: PHONE, clientIp: 3405803783 }, 'invalid_request'],
    ['an empty address', { phone: PHONE, clientIp: '' }, 'invalid_request'],
    ['an address with a port', { phone: PHONE, clientIp: '203.0.113.7:50412' }, 'invalid_request'],
    ['an address with a zone', { phone: PHONE, clientIp: 'fe80::1%eth0' }, 'invalid_request'],
    ['a signal that is none', { phone: PHONE, signal: 5 }, 'invalid_request'],
    ['a text in place of options', PHONE, 'invalid_request'],
    ['nothing', undefined, 'invalid_request'],
  ])('start with %s', async (_, options, code) => {
    const { server, client } = await start();
    const failure = await rejection(client.otp.start(options as StartOtpOptions));
    expect(failure).toBeInstanceOf(sdk.InvalidInputError);
    expect(failure).toMatchObject({ code });
    expect(inspect(failure)).not.toMatch(/203\.0|fe80/);
    expect(server.received).toEqual([]);
  });

  it.each<[string, unknown, string, string]>([
    ['no session', { otpCode: '048392' }, 'InvalidInputError', 'invalid_request'],
    ['an empty session', { sessionId: '', otpCode: '1' }, 'InvalidInputError', 'invalid_request'],
    ['a code that is a number', { sessionId: 's', otpCode: 48392 }, 'InvalidInputError', 'invalid_request'],
    ['an empty code', { sessionId: 's', otpCode: '' }, 'InvalidCodeError', 'invalid_code'],
    ['null', null, 'InvalidInputError', 'invalid_request'],
  ])('verify with %s', async (_, options, name, code) => {
    const { server, client } = await start();
    expect(await rejection(client.otp.verify(options as VerifyOtpOptions))).toMatchObject({ name, code });
    expect(server.received).toEqual([]);
  });

  it('without a secret key, or after the end of the client', async () => {
    const { server, client } = await start();
    const unknown = new Loggin({ baseUrl: server.baseUrl });
    for (const call of [() => unknown.otp.start({ phone: PHONE }), () => verifyOf(unknown)]) {
      expect(await rejection(call())).toMatchObject({ name: 'AuthenticationError', code: 'unauthorized' });
    }
    client.close();
    expect(await rejection(verifyOf(client))).toMatchObject({ name: 'ClosedError', code: 'closed' });
    expect(server.received).toEqual([]);
  });
});

it('an aborted call rejects with the reason, and its response is nobody’s', async () => {
  const { server, client } = await start();
  const controller = new AbortController();
  const hold: Responder = () => {};
  server.respond(hold, json(200, VERIFIED));
  const call = client.otp.start({ phone: PHONE, signal: controller.signal });
  await server.request(0);
  controller.abort('enough');
  expect(await rejection(call)).toBe('enough');
  expect((await verifyOf(client)).phone).toBe(PHONE);
  expect(
    await rejection(client.otp.verify({ sessionId: 's', otpCode: '1', signal: AbortSignal.abort('late') })),
  ).toBe('late');
});

it('a result shows two digits of its phone and no meta, and is plain data as JSON', async () => {
  const { server, client } = await start();
  server.respond(json(200, { ...VERIFIED, meta: { name: 'Asha' } }));
  const result = await verifyOf(client);
  expect(inspect([result], { breakLength: 200 })).toContain("OtpResult { status: 'verified', phone: '…10'");
  expect(inspect(result)).not.toMatch(/98765|Asha/);
  expect(JSON.parse(JSON.stringify(result))).toEqual({ ...result, verifiedAt: '2026-11-21T10:20:30.250Z' });
  expect(inspect(client.otp)).not.toContain('7777');
  expect(client.otp).toBe(client.otp);
});
