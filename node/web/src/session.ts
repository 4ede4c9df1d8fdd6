/** Who signed in, as a response tells it. */

import { invalidResponse } from './failure.js';

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
  /** When the message arrived at the server. */
  readonly verifiedAt: Date;
}

/** A session on the wire; nothing of it is certain. */
interface SessionBody {
  readonly app_key?: unknown;
  readonly phone?: unknown;
  readonly user_id?: unknown;
  readonly verified_at?: unknown;
}

/**
 * The session of a response.
 *
 * @throws LogginError `invalid_response` where it is none. Who redeems is always told the phone number.
 */
export function sessionOf(body: unknown, claim: boolean): SessionFields {
  const { app_key, phone, user_id, verified_at } = Object(body) as SessionBody;
  const verifiedAt = new Date(verified_at as string);
  if (
    typeof app_key !== 'string' ||
    !(typeof phone === 'string' || (phone === null && !claim)) ||
    !(verifiedAt.getTime() > 0)
  ) {
    throw invalidResponse();
  }
  return { appKey: app_key, phone, userId: typeof user_id === 'string' ? user_id : null, verifiedAt };
}
