/** Who signed in, as a response tells it. */

import { invalidResponse } from './failure.js';

/** What confirms a login, from the least to the most: each is worth more than those before it. */
const CONFIRMATIONS = ['none', 'reply', 'match', 'code'] as const;

/** What the person did besides sending the message. */
export type Confirm = (typeof CONFIRMATIONS)[number];

/** Whether it is one of these. */
export const isConfirm = (value: unknown): value is Confirm => CONFIRMATIONS.includes(value as Confirm);

/** The form of a status, in this and every later version of the protocol; anything else is not passed on. */
export const STATUS = /^[\da-z_]{1,39}$/;

/** Any text. */
const ANY = /^/;

/** The form of a subject; who only observes may be told no more than that there is somebody. */
const SUBJECT = /^(lgsu_[\dA-HJKMNP-TV-Z]{32})?$/;

/** Whether it is a text of this form. */
export const isOf = (form: RegExp, value: unknown): value is string =>
  typeof value === 'string' && form.test(value);

/**
 * How sure it is that the person is the one who signed in before. The list is open: whoever is careful asks for more unless
 * it is `normal`.
 */
export type Assurance = 'normal' | 'changed' | (string & {});

export interface SessionFields {
  /** The app that the person signed in to. */
  readonly appKey: string;
  /**
   * The phone number as WhatsApp reports it: digits with country code, without `+`. Null where the person hides it, and for
   * a browser, where the app keeps it from browsers.
   */
  readonly phone: string | null;
  /** The business-scoped WhatsApp user id, where WhatsApp told it. */
  readonly userId: string | null;
  /** The person at this app, whatever becomes of number and user id: the key of an app's table of users. */
  readonly subject: string;
  /** What the person did to confirm the login. */
  readonly confirmation: Confirm;
  /** `changed` at the first login after the number, or who owns it, became another one. */
  readonly assurance: Assurance;
  /** When the message arrived at the server, or the login was confirmed. */
  readonly verifiedAt: Date;
}

/** What is asked of a session. */
export interface Asked {
  /** Whether who asks redeems the login. */
  readonly claim: boolean;
  /** The least confirmation that is accepted. */
  readonly confirm?: Confirm | undefined;
  /** What the request says of the phone number: nothing, where who redeems needs it. */
  readonly phone?: 'optional' | undefined;
}

/** A session on the wire; nothing of it is certain. */
type SessionBody = Partial<
  Record<'app_key' | 'phone' | 'user_id' | 'subject' | 'confirmation' | 'assurance' | 'verified_at', unknown>
>;

/**
 * The session of a response.
 *
 * @throws LogginError `invalid_response` where it is none, or was confirmed by less than was asked for: a server that does
 * not know that hands out whatever it has. Who redeems, and needs the phone number, is always told it.
 */
export function sessionOf(body: unknown, { claim, confirm = 'none', phone: need }: Asked): SessionFields {
  const told = Object(body) as SessionBody;
  const { app_key: appKey, phone = null, user_id: userId = null, subject, assurance } = told;
  const confirmation = isConfirm(told.confirmation) ? told.confirmation : 'none';
  const verifiedAt = new Date(told.verified_at as string);
  if (
    !isOf(ANY, appKey) ||
    !(isOf(ANY, phone) || (phone === null && (need || !claim))) ||
    !(isOf(ANY, userId) || userId === null) ||
    !(isOf(SUBJECT, subject) && (subject || !claim)) ||
    !isOf(STATUS, assurance) ||
    !(verifiedAt.getTime() > 0) ||
    CONFIRMATIONS.indexOf(confirmation) < CONFIRMATIONS.indexOf(confirm)
  ) {
    throw invalidResponse();
  }
  return { appKey, phone, userId, subject, confirmation, assurance, verifiedAt };
}
