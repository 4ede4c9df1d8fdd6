/** The real server with its simulator, and the person with the phone, by the helpers that apps have for their own tests. */

import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LocalServer } from '@loggin/sdk/testing';

/** The phone that signs in. */
export const PHONE = '919876543210';

const BUILT = fileURLToPath(new URL('../../../target/debug/loggin-server', import.meta.url));

export const SERVER = process.env.LOGGIN_SERVER_BIN ?? BUILT;

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
export async function textAfter(child, words) {
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith(words)) {
      return line.slice(words.length).trim();
    }
  }
  throw new Error(`a program ended before it said ${words}`);
}

/** A server whose people are told apart by their numbers. */
export class Environment extends LocalServer {
  #people = new Map();

  /** Starts it; `make build-rust` builds it, or `LOGGIN_SERVER_BIN` names it. */
  static async start() {
    const environment = await new Environment({ program: SERVER, settings: WEBHOOKS }).start();
    await environment.#add({ number: PHONE, name: 'Asha' });
    return environment;
  }

  /** Changes an app that nobody has signed in to yet, so that the running server knows at once. */
  async updateApp(appKey, ...options) {
    await this.command('app', 'update', appKey, '--json', ...options);
  }

  /** Runs a command that is about webhooks to apps. */
  async webhook(...command) {
    return this.command('webhook', ...command);
  }

  /** Opens a login link on a phone and taps Send. */
  async tap(link, phone = PHONE) {
    await this.#people.get(phone).tap(link);
  }

  /** Adds a phone that nobody has used. */
  async newPhone() {
    return this.#add();
  }

  /** The one-time codes that a phone was sent, the first one first; waits for one. */
  async otpCodes(phone) {
    const person = this.#people.get(phone);
    await person.otpCode();
    return (await person.messages()).map(({ code }) => code).filter(Boolean);
  }

  /** The digits of a reply that asks for a confirmation code, which a phone was sent last; waits for it. */
  async digitsOn(phone) {
    return this.#people.get(phone).confirmationCode();
  }

  /** The text of the reply that asks for a confirmation code, which begins with it; waits for it. */
  async codeOn(phone) {
    const digits = await this.digitsOn(phone);
    const messages = await this.#people.get(phone).messages();
    return messages.map(({ text }) => text).find((text) => text.startsWith(digits));
  }

  /** Taps the button with these digits on a phone, once they are offered. */
  async choose(phone, digits) {
    await this.#people.get(phone).choose(digits);
  }

  async #add(options) {
    const person = await this.person(options);
    this.#people.set(person.number, person);
    return person.number;
  }
}
