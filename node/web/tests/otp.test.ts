/** One-time codes by `fetch`: whose address the server is told. */

import { Otp } from '@loggin/web/otp';
import { expect, it } from 'vitest';
import { json, ScriptedServer } from '../../sdk/tests/scripted-server.js';

const PHONE = '919876543210';

async function start() {
  const server = await ScriptedServer.start();
  const otp = new Otp({ baseUrl: server.baseUrl, secretKey: `lgsk_8XKPQ2WN_${'7'.repeat(32)}` });
  server.respond(json(200, { session_id: 's', expires_in: 300, sent_via_engine: true, quota_remaining: 41 }));
  return { server, otp };
}

it.each([
  ['203.0.113.7', { phone: PHONE, client_ip: '203.0.113.7' }],
  ['::ffff:203.0.113.7', { phone: PHONE, client_ip: '203.0.113.7' }],
  [undefined, { phone: PHONE }],
  // Frameworks in plain JavaScript say so too where they know none.
  [null as unknown as undefined, { phone: PHONE }],
])('the server is told whose address asks: %s', async (clientIp, body) => {
  const { server, otp } = await start();
  await otp.start({ phone: PHONE, clientIp });
  expect(server.received.map((request) => request.body)).toEqual([body]);
});

it.each<unknown>(['', '203.0.113.7:50412', 'fe80::1%eth0', 3405803783])(
  'what is no address is not sent: %s',
  async (clientIp) => {
    const { server, otp } = await start();
    const reason = await otp.start({ phone: PHONE, clientIp: clientIp as string }).catch((thrown) => thrown);
    expect(reason).toMatchObject({ name: 'InvalidInputError', code: 'invalid_request' });
    expect(String(reason)).not.toMatch(/203\.0|fe80|34058/);
    expect(server.received).toEqual([]);
  },
);
