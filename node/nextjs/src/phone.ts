/** Whether the people of an app always have a phone number: it says so once, in types. */

import type { PhoneOf } from '@loggin/web';

/**
 * What holds for an app, which declares it itself. One that signs in people who hide their phone number in WhatsApp
 * declares `declare module '@loggin/nextjs' { interface LogginApp { requirePhone: false } }`: then the option
 * `requirePhone: false` is accepted, and every `phone` may be null.
 */
// biome-ignore lint/suspicious/noEmptyInterface: apps add to it.
export interface LogginApp {}

/** `true`, unless the app declares otherwise. */
export type RequirePhone = LogginApp extends { readonly requirePhone: infer Required extends boolean }
  ? Required
  : true;

/** The phone number of a session: digits with country code, without `+`. */
export type AppPhone = PhoneOf<RequirePhone>;

/** Whether people who hide their phone number are signed in. */
export interface PhoneOptions {
  /**
   * `false` also signs in people who hide their phone number, where the app is set up for it at the Loggin server: their
   * `phone` is null, and `subject` is the key of your table of users. By default such a login is `phone_hidden`.
   */
  readonly requirePhone?: RequirePhone | undefined;
}
