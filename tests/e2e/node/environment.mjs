/** The real server with its simulator on free ports, and the person with the phone. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The phone that signs in. */
export const PHONE = '919876543210';

const BUILT = fileURLToPath(new URL('../../../target/debug/loggin-server', import.meta.url));

const SERVER = process.env.LOGGIN_SERVER_BIN ?? BUILT;

/** Under what the secrets of webhooks are kept, and where webhooks may go. */
const WEBHOOKS = {
  LOGGIN_WEBHOOK_SECRET: '0123456789abcdef'.repeat(2),
  LOGGIN_WEBHOOK_NETWORKS: '127.0.0.1',
};

/** The values that a program prints, one a line in JSON. */
export async function* printed(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    yield JSON.parse(line);
  }
}

/** What a program prints after these words, such as its address. */
export function textAfter(child, words) {
  return textIn(createInterface({ input: child.stdout })[Symbol.asyncIterator](), words);
}

async function textIn(lines, words) {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) {
      throw new Error(`a program ended before it said ${words}`);
    }
    if (value.startsWith(words)) {
      return value.slice(words.length).trim();
    }
  }
}

export class Environment {
  #server;
  #data;
  #lastPhone = 919_876_500_000;
  url;
  /** The address of the simulated phone. */
  simulator;
  /** The secret key of the app that is ready. */
  secretKey;

  constructor(server, url, simulator, secretKey, data) {
    this.#server = server;
    this.#data = data;
    this.simulator = simulator;
    this.url = url;
    this.secretKey = secretKey;
  }

  /** Starts both; `make build-rust` builds them, or `LOGGIN_SERVER_BIN` names the server. */
  static async start() {
    const data = await mkdtemp(join(tmpdir(), 'loggin-'));
    const free = '127.0.0.1:0';
    const command = ['dev', '--listen', free, '--simulator-listen', free, '--data', data];
    const server = spawn(SERVER, command, {
      env: { ...process.env, ...WEBHOOKS },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    const url = await textIn(lines, 'loggin-server listening on ');
    const simulator = await textIn(lines, 'phone simulator on ');
    const secretKey = await textIn(lines, 'app 8XKPQ2WN, secret key ');
    const environment = new Environment(server, url, simulator, secretKey, data);
    await environment.#control('phones', { number: PHONE, name: 'Asha' });
    return environment;
  }

  /** An app that the running server knows at once. */
  async createApp(...options) {
    const app = await this.#command('app', 'create', '--name', 'Acme', '--json', ...options);
    return { appKey: app.app_key, secretKey: app.secret_key };
  }

  /** Changes an app that nobody has signed in to yet, so that the running server knows at once. */
  async updateApp(appKey, ...options) {
    await this.#command('app', 'update', appKey, '--json', ...options);
  }

  /** Runs a command that is about webhooks to apps. */
  async webhook(...command) {
    return this.#command('webhook', ...command);
  }

  async #command(...command) {
    const env = {
      ...process.env,
      ...WEBHOOKS,
      LOGGIN_DATABASE_URL: `sqlite:${join(this.#data, 'loggin.db')}`,
    };
    const { stdout } = await promisify(execFile)(SERVER, command, { env });
    return JSON.parse(stdout);
  }

  /** Opens a login link on a phone and taps Send. */
  async tap(link, phone = PHONE) {
    const { text } = await this.#control('open-link', { link });
    await this.#control(`phones/${phone}/messages`, { text });
  }

  /** Adds a phone that nobody has used. */
  async newPhone() {
    this.#lastPhone += 1;
    const number = String(this.#lastPhone);
    await this.#control('phones', { number });
    return number;
  }

  /** The one-time codes that a phone was sent, the first one first; waits for one. */
  async otpCodes(phone) {
    const response = await fetch(`${this.simulator}/control/phones/${phone}/messages?timeout_ms=30000`);
    const { messages } = await response.json();
    return messages.map(({ code }) => code).filter(Boolean);
  }

  /** The digits of a reply that asks for a confirmation code, which a phone was sent last; waits for it. */
  async digitsOn(phone) {
    return (await this.codeOn(phone)).slice(0, 6);
  }

  /** The text of a reply that begins with a confirmation code, which a phone was sent last; waits for it. */
  async codeOn(phone) {
    for (let seen = 0; ; ) {
      const path = `phones/${phone}/messages?after=${seen}&timeout_ms=30000`;
      const { messages } = await (await fetch(`${this.simulator}/control/${path}`)).json();
      if (!messages.length) {
        throw new Error('no reply came');
      }
      const [text] = messages.flatMap(({ text }) => (/^\d{6}\b/.test(text) ? [text] : [])).slice(-1);
      if (text) {
        return text;
      }
      seen = messages.at(-1).seq;
    }
  }

  /** Taps the button with these digits on a phone, once they are offered. */
  async choose(phone, digits) {
    for (let seen = 0; ; ) {
      const path = `phones/${phone}/messages?after=${seen}&timeout_ms=30000`;
      const { messages } = await (await fetch(`${this.simulator}/control/${path}`)).json();
      if (!messages.length) {
        throw new Error('no reply came');
      }
      for (const { id, buttons = [] } of messages) {
        const button = buttons.find(({ title }) => title === digits);
        if (button) {
          await this.#control(`phones/${phone}/tap`, { message_id: id, button_id: button.id });
          return;
        }
      }
      seen = messages.at(-1).seq;
    }
  }

  async stop() {
    const ended = once(this.#server, 'exit');
    this.#server.kill();
    await ended;
    await rm(this.#data, { recursive: true });
  }

  async #control(path, body) {
    const response = await fetch(`${this.simulator}/control/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      throw new Error(`the simulator responds with ${response.status} to ${path}`);
    }
    return response.json();
  }
}
