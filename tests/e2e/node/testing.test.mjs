/** `@loggin/sdk/testing`, as the tests of an app use it. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { DeniedError, Loggin } from '@loggin/sdk';
import { LocalServer, LocalServerError } from '@loggin/sdk/testing';
import { textAfter } from './environment.mjs';

const BUILT = fileURLToPath(new URL('../../../target/debug/loggin-server', import.meta.url));
const program = process.env.LOGGIN_SERVER_BIN ?? BUILT;
const server = new LocalServer({ program });

before(() => server.start());
after(() => server.stop());

const isLocal = (code) => (error) => error instanceof LocalServerError && error.code === code;

/** Settles when the process that listens there has ended. */
async function closed(url) {
  const { hostname, port } = new URL(url);
  const connection = connect(Number(port), hostname);
  connection.on('error', () => {});
  connection.resume();
  await new Promise((resolve) => connection.once('close', resolve));
}

/** A login that waits already, and its person, who has tapped Send. */
async function tapped(client, appKey) {
  const { token, link } = client.createToken(appKey);
  const person = await server.person();
  const updates = client.watch(token);
  const first = updates.next();
  await person.tap(link);
  return { token, person, updates, first: await first };
}

test('somebody signs in, and gets a code', async () => {
  const client = new Loggin({ baseUrl: server.url, secretKey: server.secretKey });
  const { token, link } = client.createToken(server.appKey);
  const person = await server.person({ name: 'Asha' });
  const waiting = client.waitForVerify(token);
  await person.tap(link);
  assert.equal((await waiting).phone, person.number);
  const { sessionId } = await client.otp.start({ phone: `+${person.number}` });
  const { phone } = await client.otp.verify({ sessionId, otpCode: await person.otpCode() });
  assert.equal(phone, person.number);
  await assert.rejects(person.otpCode({ timeoutMs: 0 }), { code: 'no_message' });
});

test('numbers and keys are not printed', async () => {
  const people = [await server.person(), await server.person()];
  assert.notEqual(people[0].number, people[1].number);
  for (const thing of [server, ...people]) {
    const shown = inspect(thing, { depth: 9, showHidden: true });
    assert.ok(!shown.includes(server.secretKey) && !shown.includes(people[0].number), shown);
  }
});

test('digits are typed, chosen or denied, as the app asks for', async () => {
  const code = await server.createApp('--confirm', 'code');
  const client = new Loggin({ baseUrl: server.url, secretKey: code.secretKey });
  const typed = await tapped(client, code.appKey);
  await client.confirm(typed.token, await typed.person.confirmationCode());
  assert.equal((await client.waitForVerify(typed.token)).confirmation, 'code');

  const match = await server.createApp('--confirm', 'match');
  const matching = new Loggin({ baseUrl: server.url, secretKey: match.secretKey });
  const chosen = await tapped(matching, match.appKey);
  await chosen.person.choose(chosen.first.value.match);
  assert.equal((await matching.waitForVerify(chosen.token)).confirmation, 'match');
  const wrong = await tapped(matching, match.appKey);
  const { buttons } = await wrong.person.message();
  await wrong.person.choose(buttons.find(({ title }) => title !== wrong.first.value.match).title);
  await assert.rejects(matching.waitForVerify(wrong.token), DeniedError);

  const reply = await server.createApp('--confirm', 'reply');
  const replying = new Loggin({ baseUrl: server.url, secretKey: reply.secretKey });
  const denied = await tapped(replying, reply.appKey);
  await denied.person.deny();
  const id = replying.loginId(denied.token);
  assert.deepEqual(await replying.deniedLogins([id]), [id]);
});

test('a hidden number is shared, and people write', async () => {
  const client = new Loggin({ baseUrl: server.url });
  const { token, link } = client.createToken(server.appKey);
  const person = await server.person({ username: 'asha.k2', hidden: true });
  const waiting = client.waitForVerify(token);
  await person.tap(link);
  await person.shareNumber();
  assert.equal((await waiting).phone, person.number);
  await person.reply('thank you');
  await person.send('bye');
  assert.deepEqual(
    (await person.messages()).slice(-2).map(({ text, sender }) => [text, sender]),
    [
      ['thank you', 'phone'],
      ['bye', 'phone'],
    ],
  );
});

test('a wait for a message is cancelled at once', async () => {
  const person = await server.person();
  const controller = new AbortController();
  const waiting = person.message({ signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
});

test('a stopped server leaves nothing behind, and says so', async () => {
  const own = await new LocalServer({ program }).start();
  const { url, data } = own;
  assert.ok(existsSync(data));
  await own.stop();
  await closed(url);
  assert.ok(!existsSync(data));
  await assert.rejects(own.person(), isLocal('not_running'));
  await own.stop();
});

test('what cannot start says why', async (context) => {
  await assert.rejects(new LocalServer({ program: '/nowhere' }).start(), isLocal('not_installed'));
  const refused = new LocalServer({ program, settings: { LOGGIN_WEBHOOK_SECRET: 'short' } });
  await assert.rejects(refused.start(), (error) => {
    // The server's own last lines, which only the message has.
    return isLocal('not_ready')(error) && error.message.includes('LOGGIN_WEBHOOK_SECRET');
  });
  const { PATH, LOGGIN_SERVER } = process.env;
  context.after(() => Object.assign(process.env, { PATH }, LOGGIN_SERVER ? { LOGGIN_SERVER } : {}));
  process.env.PATH = '';
  delete process.env.LOGGIN_SERVER;
  await assert.rejects(new LocalServer().start(), isLocal('not_installed'));
});

const PROGRAM = `
import { LocalServer } from '@loggin/sdk/testing';
const server = await new LocalServer({ program: process.argv[1] }).start();
console.log('server ' + server.url);
console.log('phone ' + server.simulatorUrl);
`;

for (const [how, last] of [
  ['is killed', 'process.kill(process.pid, "SIGKILL")'],
  ['fails', 'throw new Error("a test that fails")'],
  ['forgets to stop it', ''],
]) {
  test(`a program that ${how} takes the server along`, async () => {
    const command = ['--input-type=module', '--eval', PROGRAM + last, program];
    const child = spawn(process.execPath, command, {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exit = once(child, 'exit');
    const url = await textAfter(child, 'server ');
    await exit;
    await closed(url);
  });
}
