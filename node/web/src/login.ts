/** A login at its beginning and at its end, as objects that keep secrets to themselves when Node prints them. */

import type { NewLogin } from './create.js';
import { hidden, INSPECT, plain, plainPrototype, type Show } from './plain.js';
import type { SessionFields } from './session.js';

/**
 * A new login: its secret token and the link that the person opens.
 *
 * It keeps its secrets to itself: printed, or as JSON, it shows the app key alone. Hand on what you mean to hand on:
 * `const { token, link } = loggin.createToken(appKey)`.
 */
export class CreatedToken {
  readonly #login: NewLogin;

  /** @internal */
  constructor(login: NewLogin) {
    this.#login = login;
  }

  /** The secret that redeems the login. Hand it to the app's server, and show it to nobody. */
  get token(): string {
    return this.#login.token;
  }

  /** Opens WhatsApp with the message written; it holds the code, not the token. */
  get link(): string {
    return this.#login.link;
  }

  /** The public half, which the message carries. */
  get code(): string {
    return this.#login.code;
  }

  toJSON(): { appKey: string } {
    return { appKey: this.code.slice(0, this.code.indexOf('-')) };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Show): string {
    return `CreatedToken ${inspect(this.toJSON(), options)}`;
  }
}

/** What is known of the phone by whoever requires it, or does not. */
export type PhoneOf<Required extends boolean> = Required extends true ? string : string | null;

/**
 * Who signed in, as the server verified it. Only when Node prints it does it hide the phone number and the subject.
 *
 * Its `phone` is never null, unless a client or a call was set up with `requirePhone: false`: `Session<string | null>`.
 */
export interface Session<Phone extends string | null = string> extends Omit<SessionFields, 'phone'> {
  /** The phone number as WhatsApp reports it: digits with country code, without `+`. */
  readonly phone: Phone;
}

/** Who signed in, as a browser is told: a person may hide the phone number, and an app may keep it from browsers. */
export type ObservedSession = Session<string | null>;

const SESSION = /* @__PURE__ */ plainPrototype<ObservedSession>('Session', ({ userId: _, ...shown }) => ({
  ...shown,
  phone: shown.phone && hidden(shown.phone),
  subject: shown.subject && hidden(shown.subject),
}));

/** A session as a plain object. */
export const plainSession = (fields: SessionFields): ObservedSession => plain(SESSION, fields);
