/** Whole programs: both kinds of modules, the event loop, workers, exits, the garbage collector. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { codeOf } from './oracle.js';
import { event, ScriptedServer, SESSION, stream } from './scripted-server.js';

/** How often a process leaves in the middle of its waits, two at a time; seventy workers do so besides. */
const EXITS = 30;
/** How long many processes or workers take depends on the machine: only what hangs takes this long. */
const MANY = { timeout: 120_000 };

interface End {
  readonly code: number;
  readonly printed: unknown;
  readonly complaints: string;
}

/** Runs a program to its end, which it has to come to by itself. */
async function run(program: string, env: Record<string, string> = {}, ...flags: string[]): Promise<End> {
  const path = fileURLToPath(new URL(`programs/${program}`, import.meta.url));
  const options = { env: { ...process.env, ...env }, timeout: MANY.timeout };
  const { stdout, stderr, code } = await promisify(execFile)(process.execPath, [...flags, path], options)
    .then((output) => ({ ...output, code: 0 }))
    .catch((failure) => failure);
  return { code, printed: JSON.parse(stdout || 'null'), complaints: stderr };
}

const well = (printed: unknown): End => ({ code: 0, printed, complaints: '' });

/** A server on which nobody ever signs in. */
async function quietServer(): Promise<Record<string, string>> {
  const server = await ScriptedServer.start();
  server.respond((response, received) =>
    received.path.endsWith('/verify')
      ? undefined
      : stream(event('ready', { pending: 1 }))(response, received),
  );
  return { LOGGIN_BASE_URL: server.baseUrl };
}

/** A server on which everybody has signed in. */
async function readyServer(): Promise<Record<string, string>> {
  const server = await ScriptedServer.start();
  server.respond((response, received) => {
    const codes = (received.body.tokens ?? []).map(codeOf);
    const events = codes.map((code) => event('verified', { code, session: SESSION }));
    stream(event('ready', { pending: 0 }), ...events)(response, received);
  });
  return { LOGGIN_BASE_URL: server.baseUrl };
}

describe('a program', () => {
  it.each(['login.mjs', 'login.cjs'])('logs in: %s', async (program) => {
    expect(await run(program, await readyServer())).toEqual(well([true, SESSION.phone, '8XKPQ2WN']));
  });

  it('may import the package both ways, and has one of each thing', async () => {
    expect(await run('both.mjs')).toEqual(well([true, true]));
  });

  it('loads the addon when it is used, and finds out then what is wrong with the environment', async () => {
    const steps = [false, 'invalid_config', 'invalid_config', true];
    expect(await run('import-only.mjs', { LOGGIN_BASE_URL: 'nonsense' })).toEqual(well(steps));
  });

  it('ends by itself when nothing waits any more', async () => {
    const ends = ['timeout', 'TimeoutError', 'TimeoutError', 'invalid_token', 'closed', true];
    expect(await run('ends.mjs', await quietServer())).toEqual(well(ends));
  });

  it('may exit in the middle of its waits, thirty times', MANY, async () => {
    const env = await quietServer();
    const exitSome = async () => {
      const ends: End[] = [];
      while (ends.length < EXITS / 2) {
        ends.push(await run('exits.mjs', env));
      }
      return ends;
    };
    const ends = (await Promise.all([exitSome(), exitSome()])).flat();
    expect(ends).toEqual(Array(EXITS).fill({ code: 7, printed: 'leaving', complaints: '' }));
  });

  it('may end seventy workers in the middle of their waits', MANY, async () => {
    expect(await run('many-workers.mjs', await quietServer())).toEqual(well([70, [1, 7], 'survived']));
  });

  it('is held by what waits, and by nothing else', async () => {
    const rounds = [['deadline'], ['one of two', 'two of two'], ['signal'], ['watch']];
    const steps = ['dry', ...rounds.flatMap((round) => [...round, 'dry'])];
    expect(await run('held.mjs', await quietServer())).toEqual(well(steps));
  });

  it('sees no rejection that somebody handles, and every other one', async () => {
    const printed = ['first', 'timeout', ['timeout', 'timeout'], [], ['closed', 'invalid_token']];
    expect(await run('rejections.mjs', await quietServer())).toEqual(well(printed));
  });

  it('waits ten thousand times on one signal, and leaves nothing on it', async () => {
    const flags = ['--expose-gc', '--no-warnings'];
    const { code, printed, complaints } = await run('long-lived-signal.mjs', await readyServer(), ...flags);
    console.log(complaints.trim());
    expect({ code, printed }).toEqual({ code: 0, printed: [1, 0, true, true] });
  });

  it('may end its workers in the middle of their waits', async () => {
    expect(await run('workers.mjs', await quietServer())).toEqual(well([8, 46]));
  });

  it('leaves clients that nobody holds to the garbage collector', async () => {
    expect(await run('garbage.mjs', await quietServer(), '--no-warnings')).toEqual(well([1, 'timeout']));
  });
});
