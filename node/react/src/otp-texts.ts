/** The words of the form for one-time codes, in English: what every other language and every app of its own replaces. */

/** `{count}`, `{phone}`, `{seconds}` and `{time}`, as in `0:30`, are filled in. */
export interface OtpTexts {
  readonly phoneLabel: string;
  readonly phoneHint: string;
  /** The select beside the number. */
  readonly countryLabel: string;
  readonly send: string;
  /** Where the code went. */
  readonly sentTo: string;
  readonly codeLabel: string;
  readonly verify: string;
  readonly resend: string;
  readonly resendIn: string;
  readonly changePhone: string;
  readonly verified: string;
  readonly attemptsLeft: string;
  /** An error of each code that a person can do something about, and one for all others. */
  readonly invalid_phone: string;
  readonly rate_limited: string;
  readonly quota_exceeded: string;
  readonly send_failed: string;
  readonly unavailable: string;
  readonly connection: string;
  readonly invalid_code: string;
  readonly max_attempts: string;
  readonly blocked: string;
  readonly expired: string;
  readonly session_not_found: string;
  readonly already_used: string;
  readonly otherError: string;
}

export const englishOtp: OtpTexts = {
  phoneLabel: 'Phone number',
  phoneHint: 'With country code, for example +91 98765 43210',
  countryLabel: 'Country',
  send: 'Send code on WhatsApp',
  sentTo: 'We sent a code to {phone} on WhatsApp.',
  codeLabel: 'Code',
  verify: 'Verify',
  resend: 'Send a new code',
  resendIn: 'Send a new code in {time}',
  changePhone: 'Use another number',
  verified: 'Your number is verified.',
  attemptsLeft: 'Tries left: {count}',
  invalid_phone: 'That doesn’t look like a phone number. Enter it with its country code.',
  rate_limited: 'That was too quick. Wait {seconds} s and try again.',
  quota_exceeded: 'No codes can be sent at the moment. Please sign in another way.',
  send_failed: 'WhatsApp could not deliver to this number. Is it on WhatsApp?',
  unavailable: 'WhatsApp cannot be reached at the moment. Please try again soon.',
  connection: 'No connection. Check your network and try again.',
  invalid_code: 'That code is not right.',
  max_attempts: 'Too many wrong codes. Start again with a new code.',
  blocked: 'Too many wrong codes. Please try again later.',
  expired: 'This code has expired. Send a new one.',
  session_not_found: 'This code is no longer valid. Send a new one.',
  already_used: 'This code was used already. Send a new one.',
  otherError: 'Something went wrong. Please try again.',
};
