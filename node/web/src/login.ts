/** A login at its beginning and at its end, as objects that keep secrets to themselves when Node prints them. */

import type { NewLogin } from './create.js';
import type { SessionFields } from './session.js';

/** How Node prints a value, for which this is a name and no dependency. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

type Show = (value: unknown, options: object) => string;

/** Digits at the end of a number that may be shown: enough to tell two people apart, not enough to call one. */
const SHOWN_DIGITS = 2;

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

/** Who signed in, as the server verified it. Only when Node prints it does it hide the phone number. */
export interface Session {
  /** The app that the person signed in to. */
  readonly appKey: string;
  /** The phone number as WhatsApp reports it: digits with country code, without `+`. */
  readonly phone: string;
  /** The business-scoped WhatsApp user id, where WhatsApp told it. */
  readonly userId: string | null;
  /** When the message arrived at the server. */
  readonly verifiedAt: Date;
}

/** Who signed in, as a browser is told: an app may keep the phone number from browsers. */
export type ObservedSession = Omit<Session, 'phone'> & Pick<SessionFields, 'phone'>;

/**
 * What all sessions inherit: the properties of plain objects, and how Node prints them.
 *
 * React hands objects from a server to its pages, and back, where their prototype inherits from nothing and has no name
 * that plain objects lack. An instance of a class is refused.
 */
const PLAIN: object = /* @__PURE__ */ (() =>
  Object.create(null, {
    ...Object.getOwnPropertyDescriptors(Object.prototype),
    [INSPECT]: {
      value(this: ObservedSession, _depth: number, options: object, inspect: Show): string {
        const phone = this.phone && `…${this.phone.slice(-SHOWN_DIGITS)}`;
        return `Session ${inspect({ ...this, phone }, options)}`;
      },
    },
  }))();

/** A session as a plain object. */
export const plainSession = (fields: SessionFields): ObservedSession =>
  Object.assign(Object.create(PLAIN), fields);
