/** A login at its beginning and at its end: the token somebody created, and the session it came to. */

import { type Confirm, INSPECT, type ObservedSession, plainSession, type Show } from '@loggin/web/shared';
import { addon, unwrap } from './addon.js';
import type { Session as SessionFields } from './native.js';

/**
 * A new login: its secret token and the link that the person opens.
 *
 * It keeps its secrets to itself: printed, or as JSON, it shows the app key alone. Hand on what you mean to hand on:
 * `const { token, link } = loggin.createToken(appKey)`.
 */
export class CreatedToken {
  readonly #token: string;
  readonly #link: string;
  readonly #code: string;

  /** @internal */
  constructor(token: string, link: string, code: string) {
    this.#token = token;
    this.#link = link;
    this.#code = code;
  }

  /** The secret that redeems the login. Keep it; never show it. */
  get token(): string {
    return this.#token;
  }

  /** Opens WhatsApp with the message written; it holds the code, not the token. */
  get link(): string {
    return this.#link;
  }

  /** The public half, which the message carries. */
  get code(): string {
    return this.#code;
  }

  /** The link as a QR code, SVG. */
  qrSvg(): string {
    return unwrap(addon().qrSvg(this.#link));
  }

  /** The link as a QR code of characters, for a terminal. */
  qrTerminal(): string {
    return unwrap(addon().qrTerminal(this.#link));
  }

  toJSON(): { appKey: string } {
    return { appKey: this.#code.slice(0, this.#code.indexOf('-')) };
  }

  /** @internal */
  [INSPECT](_depth: number, options: object, inspect: Show): string {
    return `CreatedToken ${inspect(this.toJSON(), options)}`;
  }
}

/** @internal Who signed in, as a plain object. */
export function sessionOf(session: SessionFields): ObservedSession {
  const { appKey, phone, userId, subject, confirmation, assurance, verifiedAt } = session;
  return plainSession({
    appKey,
    phone: phone ?? null,
    userId: userId ?? null,
    subject,
    confirmation: confirmation as Confirm,
    assurance,
    verifiedAt: new Date(verifiedAt),
  });
}
