/** Sessions that ended before their time, as the app itself keeps a list of them. */

import type { DeniedLoginsConfiguration } from './denials.js';
import { misconfigured } from './environment.js';
import type { SignedIn } from './signed-in.js';

/** Whether a session has been ended: by its `jti`, or because the person's `verifiedAt` is too old. */
export type IsRevoked = (session: SignedIn) => boolean | Promise<boolean>;

/** Whose sessions are ended: those of a subject or, where the app signs in by one-time codes, of a phone number. */
export type Person = Pick<SignedIn, 'phone' | 'appKey' | 'userId'> & Partial<Pick<SignedIn, 'subject'>>;

/** One moment for each person, as the app's own database keeps it. */
export interface SignOuts {
  /** When this person signed out everywhere last; null or undefined where they never did. */
  readonly read: (session: SignedIn) => Moment | Promise<Moment>;
  /** Keeps that moment, in place of the one before, for as long as a session may last: 90 days by default. */
  readonly write: (person: Person, at: Date) => unknown;
}

type Moment = Date | null | undefined;

export interface LogginConfiguration {
  /** Asked about every session, by the guard and by pages. An error that it throws lets nobody in. */
  readonly isRevoked?: IsRevoked | undefined;
  /** Where `signOutEverywhere` keeps its moments. It is asked like `isRevoked`. */
  readonly signOuts?: SignOuts | undefined;
  /**
   * Ends sessions whose person tapped "Not me" in WhatsApp after the sign-in (apps with `confirm = reply`): the Loggin
   * server is asked about each session at most once a minute. It needs `LOGGIN_SECRET_KEY`. A server that is not reached
   * ends no session.
   */
  readonly deniedLogins?: boolean | DeniedLoginsConfiguration | undefined;
}

/** Where it is kept: copies of this package in one process, one for each bundle of the app, share it. */
const CONFIGURATION = Symbol.for('@loggin/nextjs configuration of this process');

type Global = { [CONFIGURATION]?: LogginConfiguration };

/** Says once, in `instrumentation.ts`, what holds for the guard and for every page, action and route. */
export function configure(configuration: LogginConfiguration): void {
  (globalThis as Global)[CONFIGURATION] = configuration;
}

const configuration = (): LogginConfiguration => (globalThis as Global)[CONFIGURATION] ?? {};

/** Whether a session has been ended; without a list none has. */
export async function isEnded(session: SignedIn, own?: IsRevoked): Promise<boolean> {
  const { deniedLogins, isRevoked, signOuts } = configuration();
  const isRevokedNow = own ?? isRevoked;
  if (isRevokedNow && (await isRevokedNow(session))) {
    return true;
  }
  if (deniedLogins && session.loginId) {
    const { isDenied } = await import('./denials.js');
    if (await isDenied(session.loginId, Object(deniedLogins))) {
      return true;
    }
  }
  const at = await signOuts?.read(session);
  return at ? session.createdAt.getTime() <= at.getTime() : false;
}

/**
 * Ends the sessions that a person has until now.
 *
 * @throws InvalidInputError `invalid_config` where the app keeps no moments.
 */
export async function endAll(person: Person | null): Promise<void> {
  const { signOuts } = configuration();
  if (!signOuts) {
    throw misconfigured('signOutEverywhere() needs `configure({ signOuts })`, in instrumentation.ts.');
  }
  if (person) {
    await signOuts.write(person, new Date());
  }
}
