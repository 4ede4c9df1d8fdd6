/** Who is signed in, as the cookie keeps it. */

import type { Session } from '@loggin/web';
import { cookieName } from './cookies.js';
import { type Opened, open, seal } from './seal.js';

/** How long a session lasts after it was last renewed, in seconds: 30 days. */
export const SESSION_LIFETIME_S = 30 * 24 * 60 * 60;

/** Age at which a visit renews a session, in seconds: a day, so that few answers set a cookie. */
const RENEWAL_AGE_S = 24 * 60 * 60;

/** Longest user id that is kept, in characters: WhatsApp's have a fraction of it. */
const MAX_USER_ID = 256;

/** Digits with country code: E.164 allows 15. */
const PHONE = /^[1-9]\d{3,14}$/;

/** How Node prints a value. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** What a session is made of: that of `verifyToken`, or the result of a one-time code. */
export type Identity = Pick<Session, 'phone' | 'verifiedAt'> & {
  readonly appKey?: string | null | undefined;
  readonly userId?: string | null | undefined;
};

/** A request whose cookies are looked at, where Next.js does not know it by itself: those of the Pages Router. */
export interface SessionSource {
  readonly cookies:
    | Partial<Readonly<Record<string, string>>>
    | { get(name: string): { readonly value: string } | undefined };
}

/** Somebody who is signed in: plain data, as JSON too; only when Node prints it does it hide the phone number. */
export class SignedIn {
  /** The phone number: digits with country code, without `+`. */
  readonly phone: string;
  /** The app that the person signed in to; null where that is not known. */
  readonly appKey: string | null;
  /** The business-scoped WhatsApp user id, where WhatsApp told it. */
  readonly userId: string | null;
  /** When the person proved who they are. */
  readonly verifiedAt: Date;

  /** @throws TypeError where the identity is none. */
  constructor({ phone, appKey = null, userId = null, verifiedAt }: Identity) {
    const isTime = verifiedAt instanceof Date && verifiedAt.getTime() > 0;
    if (!PHONE.test(phone) || !isTime || (userId?.length ?? 0) > MAX_USER_ID) {
      throw new TypeError('A session has a phone number in digits, and the time at which it was verified.');
    }
    this.phone = phone;
    this.appKey = appKey;
    this.userId = userId;
    this.verifiedAt = verifiedAt;
  }

  /** @internal */
  [INSPECT](): string {
    return `SignedIn { verifiedAt: ${this.verifiedAt.toISOString()} }`;
  }
}

/** The cookie's value for somebody who is signed in. */
export function sealSession({ phone, appKey, userId, verifiedAt }: SignedIn): Promise<string> {
  const claims = { phone, app: appKey, user: userId, at: verifiedAt.getTime() };
  return seal(cookieName('session'), claims, SESSION_LIFETIME_S);
}

/** Who a cookie says is signed in, and whether it is time to renew it; null where it says nothing valid. */
export async function openSession(
  value: string | undefined,
): Promise<{ readonly session: SignedIn; readonly isDue: boolean } | null> {
  const opened = await open(cookieName('session'), value);
  const session = opened && sessionOf(opened);
  return session && { session, isDue: isDue(opened) };
}

function isDue({ issuedAt, isOldKey }: Opened): boolean {
  return isOldKey || Date.now() / 1000 - issuedAt > RENEWAL_AGE_S;
}

function sessionOf({ claims }: Opened): SignedIn | null {
  const { phone, app, user, at } = claims;
  try {
    return new SignedIn({
      phone: String(phone),
      appKey: typeof app === 'string' ? app : null,
      userId: typeof user === 'string' ? user : null,
      verifiedAt: new Date(Number(at)),
    });
  } catch {
    return null;
  }
}
