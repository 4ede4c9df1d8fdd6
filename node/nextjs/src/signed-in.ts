/** Who is signed in, as the cookie keeps it. */

import type { Session } from '@loggin/web';
import { checkedClaims, claimsOf, type SessionClaims } from './claims.js';
import { cookieName } from './cookies.js';
import type { AppPhone } from './phone.js';
import { type Opened, open, seal } from './seal.js';

/** How long a session lasts after it was last renewed, in seconds: 30 days. */
export const SESSION_LIFETIME_S = 30 * 24 * 60 * 60;

/**
 * How long it lasts after the person proved who they are, in seconds, however often it is renewed: 90 days, so that a
 * cookie that was stolen, or a number that somebody else has by now, does not stay signed in for ever.
 */
export const MAX_AGE_S = 90 * 24 * 60 * 60;

/** Age at which a visit renews a session, in seconds: a day, so that few responses set a cookie. */
const RENEWAL_AGE_S = 24 * 60 * 60;

/** Longest user id that is kept, in characters: WhatsApp's have a fraction of it. */
const MAX_USER_ID = 256;

/** Digits with country code: E.164 allows 15. */
const PHONE = /^[1-9]\d{3,14}$/;

/** Longest subject and longest assurance that are kept, in characters: theirs have a fraction of it. */
const MAX_SUBJECT = 64;

/** How Node prints a value. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** What a session is made of: that of `verifyToken`, or the result of a one-time code. */
export type Identity = Pick<Session<AppPhone>, 'phone' | 'verifiedAt'> & {
  readonly appKey?: string | null | undefined;
  readonly userId?: string | null | undefined;
  readonly subject?: string | null | undefined;
  readonly assurance?: string | null | undefined;
  /** The name of the login, as `loginId(token)` of `@loggin/web` tells it. */
  readonly loginId?: string | null | undefined;
};

/** A request whose cookies are looked at, where Next.js does not know it by itself: those of the Pages Router. */
export interface SessionSource {
  readonly cookies:
    | Partial<Readonly<Record<string, string>>>
    | { get(name: string): { readonly value: string } | undefined };
}

/** Somebody who is signed in: a plain object, as JSON too; only when Node prints it does it hide who that is. */
export interface SignedIn {
  /** The phone number: digits with country code, without `+`. Null where the person hides it: see `LogginApp`. */
  readonly phone: AppPhone;
  /** The app that the person signed in to; null where that is not known. */
  readonly appKey: string | null;
  /** The business-scoped WhatsApp user id, where WhatsApp told it. */
  readonly userId: string | null;
  /**
   * The person at this app, whatever becomes of number and user id: the key of your table of users. Null where they signed
   * in by a one-time code.
   */
  readonly subject: string | null;
  /**
   * `changed` where the number, or who owns it, had become another one since the person's login before; null where they
   * signed in by a one-time code.
   */
  readonly assurance: string | null;
  /** The name of the login that it came of; null where that was a one-time code. */
  readonly loginId: string | null;
  /** When the person proved who they are. */
  readonly verifiedAt: Date;
  /** When this session began, by the clock of the app's server. */
  readonly createdAt: Date;
  /** Names this session among all others, from the sign-in to its end. It opens nothing. */
  readonly jti: string;
  /** What the app added to it. */
  readonly claims: SessionClaims;
}

/** A session in JSON's own types: what a page of the Pages Router, or any other JSON, may hold of it. */
export interface SessionData extends Omit<SignedIn, 'createdAt' | 'jti' | 'verifiedAt'> {
  /** When the person proved who they are: ISO 8601, in UTC. */
  readonly verifiedAt: string;
  /** When this session began: ISO 8601, in UTC. */
  readonly createdAt: string;
}

/** What makes a session one of its own. */
export type SessionMarks = Pick<SignedIn, 'createdAt' | 'jti' | 'claims'>;

/**
 * What all of them inherit: the properties of plain objects, and how Node prints them. React hands such objects to
 * components and from actions to pages; instances of classes it refuses.
 */
const PLAIN: object = Object.create(null, {
  ...Object.getOwnPropertyDescriptors(Object.prototype),
  [INSPECT]: {
    value(this: SignedIn): string {
      return `SignedIn { verifiedAt: ${this.verifiedAt.toISOString()} }`;
    },
  },
});

/**
 * Somebody who signs in now.
 *
 * @throws TypeError where the identity is none, or the claims are none.
 */
export function signIn(
  identity: Identity,
  claims?: SessionClaims,
  jti: string = crypto.randomUUID(),
): SignedIn {
  return signedIn(identity, { createdAt: new Date(), jti, claims: checkedClaims(claims) });
}

function signedIn(identity: Identity, marks: SessionMarks): SignedIn {
  const { phone, appKey = null, userId = null, subject = null, assurance = null } = identity;
  const { loginId = null, verifiedAt } = identity;
  const { createdAt, jti, claims } = marks;
  const isTime = verifiedAt instanceof Date && verifiedAt.getTime() > 0;
  const isSomebody = phone === null ? subject : PHONE.test(phone);
  const isLong = (text: string | null, most: number): boolean => (text?.length ?? 0) > most;
  if (
    !isSomebody ||
    !isTime ||
    isLong(userId, MAX_USER_ID) ||
    isLong(subject, MAX_SUBJECT) ||
    isLong(assurance, MAX_SUBJECT)
  ) {
    throw new TypeError(
      'A session has a phone number in digits, or a subject, and the time at which it was verified.',
    );
  }
  return Object.assign(Object.create(PLAIN), {
    phone,
    appKey,
    userId,
    subject,
    assurance,
    loginId,
    verifiedAt,
    createdAt,
    jti,
    claims,
  });
}

/**
 * The session as `getServerSideProps` may return it, or null where nobody is signed in: its dates are strings, in ISO 8601,
 * and `jti`, by which the app's server tells it from others, stays there.
 */
export function sessionData(session: SignedIn): SessionData;
export function sessionData(session: SignedIn | null): SessionData | null;
export function sessionData(session: SignedIn | null): SessionData | null {
  if (!session) {
    return null;
  }
  const { jti: _, verifiedAt, createdAt, ...rest } = session;
  return { ...rest, verifiedAt: verifiedAt.toISOString(), createdAt: createdAt.toISOString() };
}

/** The same session with other claims. */
export function withClaims(session: SignedIn, claims: SessionClaims): SignedIn {
  return signedIn(session, { ...session, claims });
}

/** Whether the person proved who they are so many seconds ago, or less. */
export function isYoungerThan({ verifiedAt }: Pick<SignedIn, 'verifiedAt'>, seconds: number): boolean {
  return Date.now() < verifiedAt.getTime() + seconds * 1000;
}

/** A cookie's value, and for how many seconds it is good. */
export interface Sealed {
  readonly value: string;
  readonly maxAge: number;
}

/** The cookie's value for somebody who is signed in until `endsAt`, in seconds since 1970. */
export async function sealSession(session: SignedIn, endsAt = endOf(session, MAX_AGE_S)): Promise<Sealed> {
  const { phone, appKey, userId, subject, assurance, loginId, verifiedAt, createdAt, jti } = session;
  const maxAge = Math.min(SESSION_LIFETIME_S, endsAt - Math.floor(Date.now() / 1000));
  const claims = {
    phone,
    app: appKey,
    user: userId,
    who: subject,
    sure: assurance,
    login: loginId,
    at: verifiedAt.getTime(),
    from: createdAt.getTime(),
    jti,
    end: endsAt,
    own: session.claims,
  };
  return { value: await seal(cookieName('session'), claims, maxAge), maxAge };
}

/** When a session ends at the latest, in seconds since 1970. */
export function endOf({ verifiedAt }: Pick<SignedIn, 'verifiedAt'>, maxAge: number): number {
  return Math.floor(verifiedAt.getTime() / 1000) + maxAge;
}

/** What a cookie says. */
export interface OpenedSession {
  readonly session: SignedIn;
  /** It is time to renew it. */
  readonly isDue: boolean;
  /** Seconds since 1970. */
  readonly endsAt: number;
}

/** Who a cookie says is signed in; null where it says nothing valid. */
export async function openSession(value: string | undefined): Promise<OpenedSession | null> {
  const opened = await open(cookieName('session'), value);
  const session = opened && sessionOf(opened);
  const endsAt = Number(opened?.claims.end);
  return session && endsAt > Date.now() / 1000 ? { session, isDue: isDue(opened), endsAt } : null;
}

function isDue({ issuedAt, isOldKey }: Opened): boolean {
  return isOldKey || Date.now() / 1000 - issuedAt > RENEWAL_AGE_S;
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function sessionOf({ claims }: Opened): SignedIn | null {
  const { phone, app, user, who, sure, login, at, from, jti, own } = claims;
  const createdAt = new Date(Number(from));
  const added = claimsOf(own);
  if (typeof jti !== 'string' || !(createdAt.getTime() > 0) || !added) {
    return null;
  }
  try {
    const identity = {
      // What was sealed is what the app signed in.
      phone: (phone === null ? phone : String(phone)) as AppPhone,
      appKey: textOf(app),
      userId: textOf(user),
      subject: textOf(who),
      assurance: textOf(sure),
      loginId: textOf(login),
      verifiedAt: new Date(Number(at)),
    };
    return signedIn(identity, { createdAt, jti, claims: added });
  } catch {
    return null;
  }
}
