/** Logins from beginning to end: the built package, the real server, the simulator's phone. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AlreadyUsedError, AuthenticationError, Loggin } from '@loggin/sdk';
import { Environment, PHONE, printed } from './environment.mjs';
import { RUNTIMES } from './runtimes.mjs';

const APP_KEY = '8XKPQ2WN';

let environment;

before(async () => {
  environment = await Environment.start();
});

after(() => environment.stop());

/** Runs a program in a runtime: what it prints, and its end, which it has to come to by itself. */
function run({ command: [program, ...flags] }, name, ...words) {
  const path = fileURLToPath(new URL(`programs/${name}`, import.meta.url));
  const child = spawn(program, [...flags, path, ...words], {
    env: { ...process.env, LOGGIN_BASE_URL: environment.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { lines: printed(child), exit: once(child, 'exit') };
}

for (const runtime of RUNTIMES) {
  for (const program of ['login.mjs', 'login.cjs']) {
    test(`${runtime.name}: ${program} logs in without any set-up but the server's address`, async () => {
      const { lines, exit } = run(runtime, program);
      const { value: link } = await lines.next();
      await environment.tap(link);
      assert.deepEqual((await lines.next()).value, { phone: PHONE, appKey: APP_KEY });
      assert.deepEqual(await exit, [0, null]);
    });
  }

  test(`${runtime.name}: many waits, each way to end one, and an end by itself`, async () => {
    const { lines, exit } = run(runtime, 'core.mjs', APP_KEY, environment.secretKey);
    const { value: link } = await lines.next();
    await environment.tap(link);
    const told = [];
    for await (const line of lines) {
      told.push(line);
    }
    assert.deepEqual(told, [[PHONE, true, false], ['enough', 'timeout', 'already_used'], 1]);
    assert.deepEqual(await exit, [0, null]);
  });
}

test('verifyToken redeems a token once somebody has signed in, and again for the same client', async () => {
  const client = new Loggin({ baseUrl: environment.url });
  const { token, link } = client.createToken(APP_KEY);
  assert.equal(await client.verifyToken(token), null);
  await environment.tap(link);
  const session = await client.verifyToken(token);
  assert.equal(session.phone, PHONE);
  assert.ok(Math.abs(session.verifiedAt.getTime() - Date.now()) < 60_000);
  assert.deepEqual(await client.verifyToken(token), session);
  assert.deepEqual(await client.waitForVerify(token), session);
});

test('a token that another client has redeemed is already used', async () => {
  const client = new Loggin({ baseUrl: environment.url });
  const { token, link } = client.createToken(APP_KEY);
  await environment.tap(link);
  await client.waitForVerify(token);
  const other = new Loggin({ baseUrl: environment.url });
  await assert.rejects(other.waitForVerify(token), AlreadyUsedError);
  await assert.rejects(other.verifyToken(token), AlreadyUsedError);
});

test('an app that the server does not know is told at once', async () => {
  const client = new Loggin({ baseUrl: environment.url });
  const { token } = client.createToken('00000000');
  const isUnknown = (error) => error instanceof AuthenticationError && error.code === 'unknown_app';
  await assert.rejects(client.waitForVerify(token), isUnknown);
  await assert.rejects(client.verifyToken(token), isUnknown);
});

test('a login to one app is none to another', async () => {
  const theirs = await environment.createApp();
  const { token, link } = new Loggin({ baseUrl: environment.url }).createToken(theirs.appKey);
  await environment.tap(link);
  for (const options of [{ appKey: APP_KEY }, { secretKey: environment.secretKey }]) {
    const ours = new Loggin({ baseUrl: environment.url, ...options });
    await assert.rejects(ours.verifyToken(token), { code: 'unknown_app' });
    await assert.rejects(ours.waitForVerify(token), { code: 'unknown_app' });
  }
  const client = new Loggin({ baseUrl: environment.url, secretKey: theirs.secretKey });
  assert.equal((await client.verifyToken(token)).appKey, theirs.appKey);
});

test('many people sign in at once, and an aborted wait is left out', async () => {
  const client = new Loggin({ baseUrl: environment.url });
  const logins = Array.from({ length: 20 }, () => client.createToken(APP_KEY));
  const controller = new AbortController();
  const aborted = client.waitForVerify(client.createToken(APP_KEY).token, { signal: controller.signal });
  const sessions = Promise.all(logins.map(({ token }) => client.waitForVerify(token)));
  controller.abort('enough');
  await assert.rejects(aborted, (reason) => reason === 'enough');
  const phones = [];
  for (const { link } of logins) {
    phones.push(await environment.newPhone());
    await environment.tap(link, phones.at(-1));
  }
  assert.deepEqual(
    (await sessions).map(({ phone }) => phone),
    phones,
  );
});
