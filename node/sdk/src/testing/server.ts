/** `loggin-server dev` as a child of the test: on free ports, ready when it is started, gone when it is stopped. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { Chat } from './chat.js';
import { type CallInit, Control, LocalServerError } from './control.js';
import { Person } from './person.js';
import { findProgram } from './programs.js';

/** Milliseconds until it is ready, which takes a fraction of a second. */
const START_TIMEOUT_MS = 30_000;
/** Milliseconds to finish calls and close the store, as service managers give. */
const STOP_TIMEOUT_MS = 15_000;
/** What it prints, each on a line of its own, once it can be used. */
const READY = {
  url: 'loggin-server listening on ',
  simulatorUrl: 'phone simulator on ',
  app: 'app ',
};
const BEFORE_KEY = ', secret key ';
/** Settings of the developer's own server, which are not for this one. */
const OTHERS = /^(LOGGIN|WHATSAPP|OTEL)_/;
/** Lines of its log that an error shows. */
const LINES_SHOWN = 10;
/** Phones are numbered from here on: a range of mobile numbers, so that one-time codes are sent to them too. */
const FIRST_NUMBER = 919_876_500_001;

/** How a local server is started. */
export interface LocalServerOptions {
  /** The program; else `LOGGIN_SERVER`, that of the package `@loggin/server`, or the one on the path. */
  readonly program?: string;
  /** Its settings, by the names of the environment. Those of your environment are not handed on. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A folder for its database, which stays. */
  readonly data?: string;
  /** Milliseconds until it is ready. */
  readonly timeoutMs?: number;
}

/** Whose phone is added. */
export interface PersonOptions {
  /** Digits of the phone; a new one for each person without. */
  readonly number?: string;
  /** The name of their profile. */
  readonly name?: string;
  /** Their WhatsApp user name, which hides the number. */
  readonly username?: string;
  /** Whether the number is hidden. */
  readonly hidden?: boolean;
}

/** An app of the local server. */
export interface App {
  readonly appKey: string;
  readonly secretKey: string;
}

/** What runs while it runs. */
interface Running {
  readonly process: ChildProcess;
  readonly program: string;
  readonly folder: string;
  readonly data: string;
  readonly told: Record<keyof typeof READY, string>;
  readonly control: Control;
}

/**
 * A Loggin server with a simulated WhatsApp.
 *
 * It listens on free ports of this machine, keeps its data in a temporary folder, and knows one app. It ends with `stop()`, and with
 * the process of the test, even where that is killed; `await using` stops it too.
 *
 * @example
 * const server = new LocalServer();
 * before(() => server.start());
 * after(() => server.stop());
 */
export class LocalServer {
  readonly #options: LocalServerOptions;
  #running: Running | undefined;
  #lastNumber = FIRST_NUMBER - 1;

  /** Starts nothing yet. */
  constructor(options: LocalServerOptions = {}) {
    this.#options = options;
  }

  /** The server's address: the `baseUrl` of a client. */
  get url(): string {
    return this.#here.told.url;
  }

  /** The address of the simulated WhatsApp: open it in a browser to see the phones. */
  get simulatorUrl(): string {
    return this.#here.told.simulatorUrl;
  }

  /** The key of the app that is ready. */
  get appKey(): string {
    return this.#here.told.app.split(BEFORE_KEY)[0] ?? '';
  }

  /** The secret key of that app, which one-time codes need. */
  get secretKey(): string {
    return this.#here.told.app.split(BEFORE_KEY)[1] ?? '';
  }

  /** What an app needs in its environment, so that its clients call this server. */
  get environment(): Record<'LOGGIN_APP_KEY' | 'LOGGIN_BASE_URL' | 'LOGGIN_SECRET_KEY', string> {
    return {
      LOGGIN_APP_KEY: this.appKey,
      LOGGIN_BASE_URL: this.url,
      LOGGIN_SECRET_KEY: this.secretKey,
    };
  }

  /** The folder of its database. */
  get data(): string {
    return this.#here.data;
  }

  /** What it has logged so far. */
  get log(): string {
    return readFileSync(join(this.#here.folder, 'log'), 'utf8');
  }

  /** Starts it, and resolves to itself once it can be used. */
  async start(): Promise<this> {
    const program = findProgram(this.#options.program);
    const folder = mkdtempSync(join(tmpdir(), 'loggin-testing-'));
    const data = this.#options.data ?? join(folder, 'data');
    const free = '127.0.0.1:0';
    const words = ['dev', '--listen', free, '--simulator-listen', free, '--data', data, '--exit-with-parent'];
    const log = openSync(join(folder, 'log'), 'w');
    const child = spawn(program, words, {
      // Ctrl-C is for the tests, which stop it in their turn.
      detached: true,
      env: this.#variables,
      // It ends when this end of the pipe is closed, which the end of this process does too.
      stdio: ['pipe', 'pipe', log],
    });
    closeSync(log);
    try {
      const told = await this.#read(child, folder);
      // Nothing here keeps a process that has forgotten to stop it.
      child.unref();
      child.stdout?.destroy();
      (child.stdin as { unref?: () => void } | null)?.unref?.();
      const control = new Control(told.simulatorUrl);
      this.#running = { process: child, program, folder, data, told, control };
      return this;
    } catch (error) {
      await end(child, folder);
      throw error;
    }
  }

  /** Stops it. Rejects with a `LocalServerError`, and what it said last, where it had ended by itself. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) {
      return;
    }
    this.#running = undefined;
    const { exitCode, signalCode } = running.process;
    const said = lastWords(running.folder);
    await end(running.process, running.folder);
    if (exitCode !== null || signalCode !== null) {
      throw new LocalServerError(
        'ended',
        `loggin-server had ended with ${signalCode ?? exitCode} during the test${said}`,
      );
    }
  }

  /** Stops it at the end of a block, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Adds somebody with a phone. */
  async person({ number, ...options }: PersonOptions = {}): Promise<Person> {
    this.#lastNumber += 1;
    const digits = number ?? String(this.#lastNumber);
    const { control } = this.#here;
    await control.call('phones', { body: { number: digits, ...options } });
    return new Person(new Chat(control, digits));
  }

  /**
   * Adds an app, with the options of `loggin-server app create`.
   *
   * @example
   * const { appKey, secretKey } = await server.createApp('--confirm', 'code');
   */
  async createApp(...options: string[]): Promise<App> {
    const app = (await this.command('app', 'create', '--name', 'Test', '--json', ...options)) as {
      app_key: string;
      secret_key: string;
    };
    return { appKey: app.app_key, secretKey: app.secret_key };
  }

  /** Runs `loggin-server` with these words on its database, and gives the JSON that it prints. */
  async command(...words: string[]): Promise<unknown> {
    const { data, program } = this.#here;
    const env = { ...this.#variables, LOGGIN_DATABASE_URL: `sqlite:${join(data, 'loggin.db')}` };
    return new Promise((resolve, reject) => {
      execFile(program, words, { env }, (error, stdout, stderr) => {
        if (error) {
          reject(new LocalServerError('refused', `loggin-server ${words[0]}: ${stderr.trim()}`));
        } else {
          resolve(JSON.parse(stdout));
        }
      });
    });
  }

  /**
   * A call of the simulator's control API, for what no person does: faults, other settings, prices.
   *
   * @example
   * await server.control('faults', { body: { graph: { code: 130429, http_status: 429 } } });
   */
  async control(path: string, init?: CallInit): Promise<unknown> {
    return this.#here.control.call(path, init);
  }

  /** Says where it listens. */
  [inspect.custom](): string {
    return `LocalServer { url: ${inspect(this.#running?.told.url)} }`;
  }

  get #here(): Running {
    if (!this.#running) {
      throw new LocalServerError(
        'not_running',
        'the local server is not running: `await server.start()` first',
      );
    }
    const { exitCode, signalCode } = this.#running.process;
    if (exitCode !== null || signalCode !== null) {
      const said = lastWords(this.#running.folder);
      throw new LocalServerError('ended', `loggin-server has ended with ${signalCode ?? exitCode}${said}`);
    }
    return this.#running;
  }

  get #variables(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !OTHERS.test(name));
    return { ...Object.fromEntries(own), ...this.#options.settings };
  }

  /** What the lines say that it prints when it is ready. */
  async #read(child: ChildProcess, folder: string): Promise<Running['told']> {
    const timeoutMs = this.#options.timeoutMs ?? START_TIMEOUT_MS;
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    try {
      return await Promise.race([failed, told(child)]);
    } catch (cause) {
      const said = `loggin-server was not ready within ${timeoutMs} ms${lastWords(folder)}`;
      throw new LocalServerError('not_ready', said, { cause });
    } finally {
      clearTimeout(late);
    }
  }
}

async function told(child: ChildProcess): Promise<Running['told']> {
  const found = new Map<string, string>();
  if (child.stdout) {
    for await (const line of createInterface({ input: child.stdout })) {
      for (const [name, words] of Object.entries(READY)) {
        if (line.startsWith(words)) {
          found.set(name, line.slice(words.length).trim());
        }
      }
      if (found.size === Object.keys(READY).length) {
        return Object.fromEntries(found) as Running['told'];
      }
    }
  }
  throw new Error('its output ended');
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.ref();
    child.stdin?.destroy();
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exit;
    clearTimeout(late);
  }
  rmSync(folder, { recursive: true, force: true });
}

function lastWords(folder: string): string {
  const lines = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n').slice(-LINES_SHOWN);
  return lines
    .filter(Boolean)
    .map((line) => `\n  ${line}`)
    .join('');
}
