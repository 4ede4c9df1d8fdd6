/** The words of button, modal and parts, in English, and how words and digits of every language are put together. */

import type { OtpTexts } from './otp-texts.js';

/** `{time}` and `{count}` are filled in. */
export interface LogginTexts {
  /** The button. */
  readonly button: string;
  /** The heading of the modal. */
  readonly title: string;
  /** What to do, on a phone. */
  readonly leadPhone: string;
  /** What to do, on a computer. */
  readonly leadDesktop: string;
  /** The link, on a phone. */
  readonly open: string;
  /** The link, once it was opened. */
  readonly openAgain: string;
  /** The link, on a computer. */
  readonly openHere: string;
  /** Shows the QR code, on a phone. */
  readonly showQr: string;
  /** What the QR code is, for those who do not see it. */
  readonly qrLabel: string;
  readonly timeLeft: string;
  readonly pending: string;
  readonly message_received: string;
  readonly awaiting_confirmation: string;
  /** Above the digits that the person chooses in WhatsApp. */
  readonly awaiting_match: string;
  readonly verified: string;
  readonly expired: string;
  readonly denied: string;
  readonly error: string;
  /** What else is told of an attempt that has ended. */
  readonly expiredHint: string;
  readonly deniedHint: string;
  readonly errorHint: string;
  /** WhatsApp did not tell the phone number. */
  readonly phoneHiddenHint: string;
  /** The label of the field for the code that WhatsApp showed. */
  readonly codeLabel: string;
  readonly confirm: string;
  /** Fills in the digits that the clipboard holds. */
  readonly paste: string;
  readonly wrongCode: string;
  readonly retry: string;
  /** Closes the modal, not the sign-in. */
  readonly close: string;
  /** Ends the sign-in. */
  readonly cancel: string;
  /** The button, while a sign-in goes on behind it. */
  readonly waiting: string;
  /** The heading where the app has a name, `{app}`. */
  readonly titleFor: string;
  /** What to do, on a phone that has opened the link. */
  readonly leadOpened: string;
  readonly stepSend: string;
  readonly stepReturn: string;
  /** Another link in place of one that has run out. */
  readonly refresh: string;
  readonly offlineHint: string;
  /** Another way in, and the way back. */
  readonly useCode: string;
  readonly useLink: string;
  /** The server is not reached. */
  readonly lost: string;
  /** The page itself is at fault: its app key, its server. */
  readonly setupHint: string;
  /** The link in WhatsApp was opened in another browser than the one where the sign-in began. */
  readonly elsewhere: string;
  /** The message that the person sends, with `{code}` in it once; the default of the protocol where there is none. */
  readonly message?: string;
}

/** The words of a language besides English. */
export interface Locale {
  /** BCP 47. */
  readonly lang: string;
  /** The direction that it is written in. */
  readonly dir: 'ltr' | 'rtl';
  /** What is missing stays English. */
  readonly texts: Partial<LogginTexts>;
  readonly otpTexts: Partial<OtpTexts>;
}

export const english: LogginTexts = {
  button: 'Continue with WhatsApp',
  title: 'Sign in with WhatsApp',
  leadPhone: 'WhatsApp opens with a message ready. Just tap Send.',
  leadDesktop: 'Scan with your phone camera, then tap Send in WhatsApp.',
  open: 'Open WhatsApp',
  openAgain: 'Open WhatsApp again',
  openHere: 'Open WhatsApp on this device',
  showQr: 'Use another phone',
  qrLabel: 'QR code that opens WhatsApp',
  timeLeft: 'Expires in {time}',
  pending: 'Waiting for your message',
  message_received: 'Message received, signing you in',
  awaiting_confirmation: 'Enter the code that WhatsApp sent you',
  awaiting_match: 'Tap this number in WhatsApp',
  verified: 'You are signed in',
  expired: 'This code has timed out',
  denied: 'This sign‑in was declined',
  error: 'We couldn’t sign you in',
  expiredHint: 'Refresh it to go on.',
  deniedHint: 'Somebody tapped “Not me” in WhatsApp.',
  errorHint: 'Please try again in a moment.',
  phoneHiddenHint: 'WhatsApp did not share your phone number.',
  codeLabel: '6-digit code',
  confirm: 'Confirm',
  paste: 'Paste',
  wrongCode: 'That code is not right. Tries left: {count}',
  retry: 'Try again',
  close: 'Close',
  cancel: 'Cancel sign‑in',
  waiting: 'Still waiting for WhatsApp',
  titleFor: 'Sign in to {app}',
  leadOpened: 'Tap Send in WhatsApp, then come back here.',
  stepSend: 'Tap Send',
  stepReturn: 'Come back here',
  refresh: 'Refresh',
  offlineHint: 'You are offline. Check your connection and try again.',
  useCode: 'Having trouble? Use a code instead',
  useLink: 'Back to WhatsApp',
  lost: 'No connection. Trying again…',
  setupHint: 'Sign‑in is not set up correctly on this page.',
  elsewhere: 'That link works in the browser where you began. Open it there, or enter the 6 digits there.',
};

/** A text with its values. */
export const fill = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

/** A number in the digits of a language (BCP 47), with so many of them at least. */
export function numeral(value: number, lang?: string, minimumIntegerDigits = 1): string {
  try {
    return value.toLocaleString(lang ?? 'en', { minimumIntegerDigits, useGrouping: false });
  } catch {
    // An app's own language may have a tag that is none.
    return numeral(value, 'en', minimumIntegerDigits);
  }
}

/** A value that is written from left to right, also in a text that is not: a phone number would be turned round. */
export const isolated = (value: string): string => `\u2066${value}\u2069`;

/** The digits of a text, of whatever keyboard: what stands around them is left out. */
export const digitsOf = (text: string): string =>
  Array.from(text.matchAll(/\p{Nd}/gu), ([digit]) => digitValue(digit.codePointAt(0) as number)).join('');

/** Unicode has the ten digits of each script in a row, from zero. */
function digitValue(point: number): number {
  let value = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(point - value - 1))) {
    value++;
  }
  return value % 10;
}
