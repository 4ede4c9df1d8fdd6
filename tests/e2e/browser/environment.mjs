/** The real server with its simulator on free ports, the person with the phone, and the app's own server with its page. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The phone that a link opens on: the simulator's first. */
export const PHONE = '15550002222';

/** The app that is ready: nothing to confirm, no secret key. */
export const APP_KEY = '8XKPQ2WN';

const BUILT = fileURLToPath(new URL('../../../target/debug/loggin-server', import.meta.url));

/** The address that a line names after these words. */
async function addressAfter(lines, words) {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) {
      throw new Error(`the server ended before it said ${words}`);
    }
    if (value.startsWith(words)) {
      return value.slice(words.length).trim();
    }
  }
}

export class Environment {
  #program;
  #server;
  #folder;
  url;
  simulator;

  constructor(program, server, folder, url, simulator) {
    this.#program = program;
    this.#server = server;
    this.#folder = folder;
    this.simulator = simulator;
    this.url = url;
  }

  /** Starts both; `make build-rust` builds them, or `LOGGIN_SERVER_BIN` names the server. */
  static async start() {
    const program = process.env.LOGGIN_SERVER_BIN ?? BUILT;
    const folder = mkdtempSync(join(tmpdir(), 'loggin-browser-'));
    const free = '127.0.0.1:0';
    const options = ['dev', '--listen', free, '--simulator-listen', free, '--data', folder];
    const server = spawn(program, options, { stdio: ['ignore', 'pipe', 'ignore'] });
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    const url = await addressAfter(lines, 'loggin-server listening on ');
    const simulator = await addressAfter(lines, 'phone simulator on ');
    return new Environment(program, server, folder, url, simulator);
  }

  /** The file of its database. */
  get database() {
    return join(this.#folder, 'loggin.db');
  }

  /** Adds an app that any page may call for, and gives its key. */
  addApp(...options) {
    return this.createApp('--require-secret-key', 'false', ...options).appKey;
  }

  /** Adds an app, which any page may call for unless options say which, and its server redeems with the secret key; gives both keys. */
  createApp(...options) {
    const origins = options.includes('--allowed-origin') ? [] : ['--allowed-origin', '*'];
    const created = execFileSync(
      this.#program,
      ['app', 'create', '--name', 'Acme', '--json', ...origins, ...options],
      {
        encoding: 'utf8',
        env: { ...process.env, LOGGIN_DATABASE_URL: `sqlite://${this.database}` },
      },
    );
    const { app_key: appKey, secret_key: secretKey } = JSON.parse(created);
    return { appKey, secretKey };
  }

  /** Adds a client that signs people in through OpenID; its id and secret. */
  createClient(...options) {
    const created = execFileSync(this.#program, ['client', 'create', '--json', ...options], {
      encoding: 'utf8',
      env: { ...process.env, LOGGIN_DATABASE_URL: `sqlite://${this.database}` },
    });
    return JSON.parse(created);
  }

  /** Opens a login link on the phone and taps Send. */
  async send(link, phone = PHONE) {
    const { text } = await this.control('open-link', { link });
    await this.control(`phones/${phone}/messages`, { text });
  }

  /** Starts the server for everybody beside this one, on the same database and with this environment; its address, until the test is over. */
  async serve(t, environment) {
    const settings = {
      LOGGIN_DATABASE_URL: `sqlite://${this.database}`,
      LOGGIN_LISTEN: '127.0.0.1:0',
      LOGGIN_METRICS_LISTEN: 'off',
      LOGGIN_PUBLIC_URL: 'http://127.0.0.1',
      WHATSAPP_NUMBER: '15550001111',
      WHATSAPP_PHONE_NUMBER_ID: '1',
      WHATSAPP_ACCESS_TOKEN: 'none',
      WHATSAPP_APP_SECRET: '0'.repeat(32),
      WHATSAPP_VERIFY_TOKEN: '0'.repeat(32),
      ...environment,
    };
    const server = spawn(this.#program, ['serve', '--development-data'], {
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(async () => {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    });
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    return await addressAfter(lines, 'loggin-server listening on ');
  }

  /** The next message of the business to a phone, after the one with this number. */
  async messageAfter(seen, phone = PHONE) {
    for (;;) {
      const { messages } = await this.#ask(
        `${this.simulator}/control/phones/${phone}/messages?after=${seen}&timeout_ms=5000`,
      );
      const found = messages.find(({ from }) => from === 'business');
      if (found) {
        return found;
      }
      if (messages.length === 0) {
        throw new Error('no message came');
      }
      seen = messages.at(-1).seq;
    }
  }

  /** The number of the last message in a phone's chat. */
  async lastMessage(phone = PHONE) {
    const { messages } = await this.#ask(`${this.simulator}/control/phones/${phone}/messages`);
    return messages.at(-1)?.seq ?? 0;
  }

  /** What WhatsApp's robot fetched of links in messages to a phone after the one with this number. */
  async previewsAfter(seen, phone = PHONE) {
    const path = `phones/${phone}/previews?after=${seen}&timeout_ms=10000`;
    return (await this.#ask(`${this.simulator}/control/${path}`)).previews;
  }

  /** Tells the simulator what a person does. */
  control(path, body) {
    return this.#ask(`${this.simulator}/control/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async stop() {
    const ended = once(this.#server, 'exit');
    this.#server.kill();
    await ended;
    rmSync(this.#folder, { recursive: true });
  }

  async #ask(url, options) {
    const response = await fetch(url, options);
    if (!response.ok) {
      throw new Error(`the simulator responds with ${response.status}`);
    }
    return response.status === 204 ? undefined : response.json();
  }
}
