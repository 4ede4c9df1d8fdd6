/** One-time codes from the first call to the result, read from the simulated phone. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  AlreadyUsedError,
  AuthenticationError,
  BlockedError,
  InvalidCodeError,
  Loggin,
  RateLimitError,
} from '@loggin/sdk';
import { Otp } from '../../../node/web/dist/esm/otp.js';
import { Environment, PHONE, SERVER } from './environment.mjs';

const ROOT = new URL('../../../', import.meta.url);

let environment;

before(async () => {
  environment = await Environment.start();
});

after(() => environment.stop());

/** A code that is not the right one. */
const wrong = (code) => code.replace(/./g, (digit) => (digit === '7' ? '3' : '7'));

const server = (options = {}) =>
  new Loggin({ baseUrl: environment.url, secretKey: environment.secretKey, ...options });

/** Runs a program against the server; what it prints, once it has been told these lines. */
async function run(args, lines) {
  const child = spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { ...process.env, LOGGIN_BASE_URL: environment.url, LOGGIN_SECRET_KEY: environment.secretKey },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const exit = once(child, 'exit');
  child.stdin.end(`${(await lines()).join('\n')}\n`);
  assert.deepEqual(await exit, [0, null]);
  return printed;
}

test('a person types the code that came', async () => {
  const client = server();
  const phone = await environment.newPhone();
  const meta = { cart: [7, null] };
  const session = await client.otp.start({ phone: `+${phone}`, otpLength: 4, meta });
  assert.deepEqual([session.expiresIn, session.sentViaEngine, session.quotaRemaining], [300, true, null]);
  const { sessionId } = session;
  const [otpCode, ...others] = await environment.otpCodes(phone);
  assert.deepEqual([otpCode.length, others], [4, []]);
  await assert.rejects(
    client.otp.verify({ sessionId, otpCode: wrong(otpCode) }),
    (error) => error instanceof InvalidCodeError && error.attemptsLeft === 4,
  );
  const result = await client.otp.verify({ sessionId, otpCode });
  assert.deepEqual([result.status, result.phone, result.meta], ['verified', phone, meta]);
  assert.ok(Math.abs(result.verifiedAt.getTime() - Date.now()) < 60_000);
  await assert.rejects(client.otp.verify({ sessionId, otpCode }), AlreadyUsedError);
});

test('a second code has to wait, and an unknown caller gets none', async () => {
  const client = server();
  const phone = `+${await environment.newPhone()}`;
  await client.otp.start({ phone });
  await assert.rejects(
    client.otp.start({ phone }),
    (error) => error instanceof RateLimitError && error.retryAfter > 0 && error.retryAfter <= 30,
  );
  const unknown = server({ secretKey: environment.secretKey.replaceAll('0', '1') });
  await assert.rejects(unknown.otp.start({ phone }), AuthenticationError);
});

for (const Client of [Loggin, Otp]) {
  test(`an address that asks for many numbers is told apart, by ${Client.name}`, async () => {
    const { appKey, secretKey } = await environment.createApp();
    execFileSync(SERVER, ['guard', 'set', appKey, '--mode', 'enforce', '--client-numbers', '2'], {
      env: { ...process.env, LOGGIN_DATABASE_URL: `sqlite:${join(environment.data, 'loggin.db')}` },
    });
    const client = new Client({ baseUrl: environment.url, secretKey });
    const otp = client.otp ?? client;
    // The second one as a socket of IPv6 tells it.
    const same = ['203.0.113.7', '::ffff:203.0.113.7'];
    for (const clientIp of same) {
      await otp.start({ phone: `+${await environment.newPhone()}`, clientIp });
    }
    const phone = `+${await environment.newPhone()}`;
    for (const clientIp of same) {
      await assert.rejects(
        otp.start({ phone, clientIp }),
        (error) => error instanceof BlockedError && error.code === 'blocked',
      );
    }
    const { sentViaEngine } = await otp.start({ phone, clientIp: '203.0.113.8' });
    assert.equal(sentViaEngine, true);
  });
}

for (const example of ['otp.js', 'otp-fetch.js']) {
  test(`the example ${example} verifies a phone`, async () => {
    const phone = await environment.newPhone();
    const path = fileURLToPath(new URL(`examples/node/${example}`, ROOT));
    const printed = await run([path, `+${phone}`], async () => {
      const [code] = await environment.otpCodes(phone);
      return [wrong(code), code];
    });
    assert.match(printed, /tries left: 4/);
    assert.match(printed, new RegExp(`Verified: \\+${phone}`));
  });
}

test('the snippet of the README works', async () => {
  const readme = readFileSync(new URL('README.md', ROOT), 'utf8');
  const snippets = readme.match(/(?<=```js\n)[\s\S]*?(?=```)/g).filter((each) => each.includes('otp.start'));
  assert.equal(snippets.length, 1);
  const ask = `
    import { createInterface } from 'node:readline';
    const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const ask = async () => (await lines.next()).value;
  `;
  const program = `${ask}${snippets[0]}\nconsole.log(phone);`;
  const printed = await run(['--input-type=module', '--eval', program], () => environment.otpCodes(PHONE));
  assert.equal(printed.trim(), PHONE);
});
