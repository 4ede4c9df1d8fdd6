/** `npx @loggin/sdk login`, as it is typed: the real program, the real server, and the person with the phone. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { Environment } from './environment.mjs';

const APP_KEY = '8XKPQ2WN';
const KEYS = ['app_key', 'confirmation', 'phone', 'user_id', 'verified_at'];

const require = createRequire(import.meta.url);
const PACKAGE = require.resolve('@loggin/sdk/package.json');
const PROGRAM = join(dirname(PACKAGE), require(PACKAGE).bin.loggin);

let environment;

before(async () => {
  environment = await Environment.start();
});

after(() => environment.stop());

/** The program while it waits for somebody. */
class Program {
  #shown = '';
  #told = new EventEmitter();
  #ended;
  #out = '';

  constructor(child) {
    this.child = child;
    this.#ended = once(child, 'close');
    child.stdout.setEncoding('utf8').on('data', (text) => {
      this.#out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#shown += text;
      this.#told.emit('more');
    });
    child.once('close', () => this.#told.emit('more'));
  }

  /** What it shows that has this in it; what stands before is not looked at again. */
  async says(pattern) {
    for (;;) {
      const found = pattern.exec(this.#shown);
      if (found) {
        this.#shown = this.#shown.slice(found.index + found[0].length);
        return found;
      }
      assert.equal(this.child.exitCode, null, `it ended without saying ${pattern}: ${this.#shown}`);
      await once(this.#told, 'more');
    }
  }

  async link() {
    return (await this.says(/or open (\S+)\n/))[1];
  }

  types(text) {
    this.child.stdin.write(`${text}\n`);
  }

  /** Its exit code, what it printed, and what it showed last. */
  async ends() {
    const [code] = await this.#ended;
    return { code, out: this.#out, error: this.#shown };
  }
}

function login(t, args, secretKey) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LOGGIN_')));
  if (secretKey) {
    env.LOGGIN_SECRET_KEY = secretKey;
  }
  const command = [PROGRAM, 'login', ...args, '--base-url', environment.url];
  const child = spawn(process.execPath, command, { env });
  t.after(() => child.kill('SIGKILL'));
  return new Program(child);
}

test('who scans the code is printed', async (t) => {
  const phone = await environment.newPhone();
  const program = login(t, [APP_KEY]);
  const [picture] = await program.says(/^[\s\S]*?Scan it/);
  assert.ok(picture.split('\n').filter((line) => /^[█▀▄]/.test(line)).length > 10);
  await environment.tap(await program.link(), phone);
  const { code, out, error } = await program.ends();
  assert.deepEqual([code, error], [0, 'Then tap Send in WhatsApp.\n']);
  const lines = Object.fromEntries(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/: (.*)/s)),
  );
  assert.deepEqual([lines.app_key, lines.phone, lines.confirmation], [APP_KEY, phone, 'none']);
  assert.ok(KEYS.every((key) => key in lines));
});

test('programs are given JSON alone', async (t) => {
  const phone = await environment.newPhone();
  const program = login(t, [APP_KEY, '--json']);
  await environment.tap(await program.link(), phone);
  const { code, out } = await program.ends();
  const session = JSON.parse(out);
  assert.deepEqual([code, session.phone], [0, phone]);
  assert.ok(KEYS.every((key) => key in session));
  assert.match(session.verified_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('digits are asked for until they are right', async (t) => {
  const { appKey, secretKey } = await environment.createApp('--confirm', 'code');
  const phone = await environment.newPhone();
  const program = login(t, [appKey, '--json'], secretKey);
  await environment.tap(await program.link(), phone);
  const digits = await environment.digitsOn(phone);
  await program.says(/WhatsApp shows: /);
  program.types(digits === '000000' ? '000001' : '000000');
  assert.equal((await program.says(/tries left: (\d)\n/))[1], '4');
  await program.says(/WhatsApp shows: /);
  program.types(digits);
  const { code, out } = await program.ends();
  assert.deepEqual([code, JSON.parse(out).confirmation], [0, 'code']);
});

test('digits are shown to be tapped', async (t) => {
  const phone = await environment.newPhone();
  const program = login(t, [APP_KEY, '--json', '--confirm', 'match']);
  await environment.tap(await program.link(), phone);
  await environment.choose(phone, (await program.says(/Tap (\d\d) in WhatsApp/))[1]);
  const { code, out } = await program.ends();
  assert.deepEqual([code, JSON.parse(out).confirmation], [0, 'match']);
});

test('the secret key is asked for, and never an argument', async (t) => {
  const { appKey, secretKey } = await environment.createApp();
  const refused = await login(t, [appKey, '--json']).ends();
  assert.deepEqual([refused.code, JSON.parse(refused.out).error], [1, 'unauthorized']);
  assert.match(refused.error, /LOGGIN_SECRET_KEY/);
  for (const args of [['--secret-key', secretKey], [`--secret-key=${secretKey}`], [secretKey]]) {
    const { code, out, error } = await login(t, [appKey, ...args]).ends();
    assert.deepEqual([code, out], [2, '']);
    assert.match(error, /LOGGIN_SECRET_KEY/);
    assert.ok(!error.includes(secretKey));
  }
  const phone = await environment.newPhone();
  const program = login(t, [appKey, '--json', '--secret-key']);
  await program.says(/Secret key: /);
  program.types(secretKey);
  await environment.tap(await program.link(), phone);
  const { code, out } = await program.ends();
  assert.deepEqual([code, JSON.parse(out).phone], [0, phone]);
});

for (const [args, code, error] of [
  [[APP_KEY, '--timeout', '0.2'], 1, 'timeout'],
  [['00000000'], 1, 'unknown_app'],
  [['nonsense!'], 2, 'invalid_config'],
  [[APP_KEY, '--confirm', 'passkey'], 2, 'invalid_request'],
]) {
  test(`what fails is named: ${error}`, async (t) => {
    const ended = await login(t, [...args, '--json']).ends();
    assert.deepEqual([ended.code, JSON.parse(ended.out).error], [code, error]);
    assert.ok(ended.error.includes(`(${error})`) && !ended.error.includes('    at '));
  });
}

for (const args of [[], [APP_KEY, 'one-more'], [APP_KEY, '--timeout', 'soon'], [APP_KEY, '--odd']]) {
  test(`a command line that makes no sense is 2: ${args.join(' ')}`, async (t) => {
    const { code, out } = await login(t, args).ends();
    assert.deepEqual([code, out], [2, '']);
  });
}

test('Ctrl-C ends it', async (t) => {
  const program = login(t, [APP_KEY, '--json']);
  await program.says(/tap Send in WhatsApp\.\n/);
  program.child.kill('SIGINT');
  assert.deepEqual(await program.ends(), { code: 130, out: '', error: '\n' });
});

test('nobody who could type is no reason to wait', async (t) => {
  const { appKey, secretKey } = await environment.createApp('--confirm', 'code');
  const phone = await environment.newPhone();
  const program = login(t, [appKey], secretKey);
  program.child.stdin.end();
  await environment.tap(await program.link(), phone);
  const { code, out, error } = await program.ends();
  assert.deepEqual([code, out], [1, '']);
  assert.match(error, /standard input has ended/);
});
