/** Who signed in, as a response tells it. */

import { invalidResponse } from './failure.js';

/** What confirms a login, from the least to the most: each is worth more than those before it. */
const CONFIRMATIONS = ['none', 'reply', 'match', 'code'] as const;

/** What the person did besides sending the message. */
export type Confirm = (typeof CONFIRMATIONS)[number];

/** Whether it is one of these. */
export const isConfirm = (value: unknown): value is Confirm => CONFIRMATIONS.includes(value as Confirm);

export interface SessionFields {
  /** The app that the person signed in to. */
  readonly appKey: string;
  /**
   * The phone number as WhatsApp reports it: digits with country code, without `+`. Null only for a browser, where the
   * app keeps it from browsers.
   */
  readonly phone: string | null;
  /** The business-scoped WhatsApp user id, where WhatsApp told it. */
  readonly userId: string | null;
  /** What the person did to confirm the login. */
  readonly confirmation: Confirm;
  /** When the message arrived at the server, or the login was confirmed. */
  readonly verifiedAt: Date;
}

/** A session on the wire; nothing of it is certain. */
interface SessionBody {
  readonly app_key?: unknown;
  readonly phone?: unknown;
  readonly user_id?: unknown;
  readonly confirmation?: unknown;
  readonly verified_at?: unknown;
}

/**
 * The session of a response.
 *
 * @throws LogginError `invalid_response` where it is none, or was confirmed by less than was asked for: a server that does
 * not know that hands out whatever it has. Who redeems is always told the phone number.
 */
export function sessionOf(body: unknown, claim: boolean, least: Confirm = 'none'): SessionFields {
  const { app_key, phone, user_id, confirmation: named, verified_at } = Object(body) as SessionBody;
  const confirmation = isConfirm(named) ? named : 'none';
  const verifiedAt = new Date(verified_at as string);
  if (
    typeof app_key !== 'string' ||
    !(typeof phone === 'string' || (phone === null && !claim)) ||
    !(verifiedAt.getTime() > 0) ||
    CONFIRMATIONS.indexOf(confirmation) < CONFIRMATIONS.indexOf(least)
  ) {
    throw invalidResponse();
  }
  const userId = typeof user_id === 'string' ? user_id : null;
  return { appKey: app_key, phone, userId, confirmation, verifiedAt };
}
