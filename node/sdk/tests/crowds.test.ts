/** Thousands of waits in one process: what they take, and that all of them end. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOf } from './oracle.js';
import { event, type Responder, ScriptedServer, SESSION, stream } from './scripted-server.js';

/** What the waits of a process may take, however many they are. */
const MOST = 10;
/** While streams replace one another there are more for a moment; never one for each wait. */
const MOST_FOR_A_MOMENT = 20;

/** A server that knows who is waited for, and has everybody sign in when the test says so. */
class Hall {
  readonly #streams = new Map<Parameters<Responder>[0], string[]>();
  readonly #watchers = new Set<() => void>();

  readonly respond: Responder = (response, received) => {
    const tokens = received.body.tokens ?? [];
    stream(event('ready', { pending: tokens.length }))(response, received);
    this.#streams.set(response, tokens);
    void received.ended.then(() => {
      this.#streams.delete(response);
      this.#tell();
    });
    this.#tell();
  };

  /** Resolves once so many people are waited for. */
  async waitFor(count: number): Promise<void> {
    while (new Set([...this.#streams.values()].flat()).size !== count) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  letAllSignIn(): void {
    for (const [response, tokens] of this.#streams) {
      const events = tokens.map((token) => event('verified', { code: codeOf(token), session: SESSION }));
      response.write(events.join(''));
    }
  }

  #tell(): void {
    for (const watcher of this.#watchers) {
      watcher();
    }
    this.#watchers.clear();
  }
}

interface Usage {
  readonly sockets: number;
  readonly threads: number;
  readonly peak: { readonly sockets: number; readonly threads: number };
}

async function start(count: number, way: string) {
  const hall = new Hall();
  const server = await ScriptedServer.start();
  server.respond(hall.respond);
  const path = fileURLToPath(new URL('programs/crowd.mjs', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [path, String(count), way], {
    env: { ...process.env, LOGGIN_BASE_URL: server.baseUrl },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exit = once(child, 'exit');
  if (!(child.stdin && child.stdout)) {
    throw new Error('a child without standard streams');
  }
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const printed = async () => JSON.parse((await lines.next()).value);
  return { hall, printed, exit, goOn: () => child.stdin?.end('\n') };
}

function expectLittle(usage: Usage): void {
  console.log(usage);
  const { sockets, threads, peak } = usage;
  expect(sockets).toBeGreaterThan(0);
  expect(sockets).toBeLessThanOrEqual(MOST);
  expect(threads).toBeGreaterThan(0);
  expect(threads).toBeLessThanOrEqual(MOST);
  expect(Math.max(peak.sockets, peak.threads)).toBeLessThanOrEqual(MOST_FOR_A_MOMENT);
}

// It counts in /proc, which Linux has.
describe.runIf(existsSync('/proc/self/task'))('many waits share a handful of sockets', () => {
  it.each([
    [10_000, 'settle', SESSION.phone],
    [10_000, 'abort', 'enough'],
    [50_000, 'close', 'closed'],
  ])('%d, and all of them %s', { timeout: 30_000 }, async (count, way, end) => {
    const { hall, printed, exit, goOn } = await start(count, way);
    await hall.waitFor(count);
    goOn();
    expectLittle(await printed());
    if (way === 'settle') {
      hall.letAllSignIn();
    }
    const { ends, took } = await printed();
    console.log({ took });
    expect(ends).toEqual([end]);
    expect(await exit).toEqual([0, null]);
    await hall.waitFor(0);
  });
});
