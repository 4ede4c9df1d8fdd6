/** Sessions that ended before their time, as the app itself keeps a list of them. */

import type { SignedIn } from './signed-in.js';

/** Whether a session has been ended: by its `jti`, or because the person's `verifiedAt` is too old. */
export type IsRevoked = (session: SignedIn) => boolean | Promise<boolean>;

export interface LogginConfiguration {
  /** Asked about every session, by the door and by pages. An error that it throws lets nobody in. */
  readonly isRevoked?: IsRevoked | undefined;
}

/** Where it is kept: copies of this package in one process, one for each bundle of the app, share it. */
const CONFIGURATION = Symbol.for('@loggin/nextjs configuration of this process');

type Global = { [CONFIGURATION]?: LogginConfiguration };

/** Says once, in `instrumentation.ts`, what holds for the door and for every page, action and route. */
export function configure(configuration: LogginConfiguration): void {
  (globalThis as Global)[CONFIGURATION] = configuration;
}

/** Whether a session has been ended; without a list none has. */
export async function isEnded(session: SignedIn, own?: IsRevoked): Promise<boolean> {
  const isRevoked = own ?? (globalThis as Global)[CONFIGURATION]?.isRevoked;
  return isRevoked ? await isRevoked(session) : false;
}
