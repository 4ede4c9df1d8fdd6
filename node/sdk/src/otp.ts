/** One-time codes over WhatsApp: sent to a phone, and checked when they were typed. */

import {
  hidden,
  type OtpResult,
  type OtpSession,
  plain,
  plainPrototype,
  type StartOtpOptions,
  type VerifyOtpOptions,
} from '@loggin/web/shared';
import { errorOf } from './addon.js';
import { abortSignal, jsonText, optionalCount, optionalText, optionsObject, text, timeout } from './input.js';
import type { OtpResult as ResultFields, OtpSession as SessionFields, Settled } from './native.js';
import type { StartOtp, VerifyOtp, Waits } from './waits.js';

const START: (keyof StartOtpOptions)[] = [
  'phone',
  'countryCode',
  'otpLength',
  'meta',
  'clientIp',
  'timeoutMs',
  'signal',
];
const VERIFY: (keyof VerifyOtpOptions)[] = ['sessionId', 'otpCode', 'timeoutMs', 'signal'];

/** Only when Node prints a result does it hide the phone number and the meta. */
const RESULT = plainPrototype<OtpResult>('OtpResult', ({ meta: _, ...shown }) => ({
  ...shown,
  phone: hidden(shown.phone),
}));

function resultOf({ status, phone, verifiedAt, meta }: ResultFields): OtpResult {
  return plain(RESULT, {
    status: status as 'verified',
    phone,
    verifiedAt: new Date(verifiedAt),
    meta: meta === undefined ? null : JSON.parse(meta),
  });
}

/**
 * The calls of a client for one-time codes. They need the app's secret key.
 *
 * A call that got no response is made again, as the same call: it sends no second message and spends no second attempt.
 * Two calls are two attempts.
 */
export class Otp {
  readonly #waits: () => Waits;

  /** @internal */
  constructor(waits: () => Waits) {
    this.#waits = waits;
  }

  /**
   * Sends a code to a phone. A phone has one live code: a second one ends the first.
   *
   * It rejects with the signal's reason, or with a `LogginError`: `unauthorized` at once where the client has no secret
   * key, `invalid_phone` where no message goes to the number, `invalid_request` for an option, `rate_limited` right
   * after another code (`retryAfter` says when to come back), `blocked` after too many wrong codes, `quota_exceeded`,
   * `send_failed` or `unavailable` where it cannot be sent, `connection` where the server is not reached.
   */
  async start(options: StartOtpOptions): Promise<OtpSession> {
    const { phone, countryCode, otpLength, meta, clientIp, timeoutMs, signal } = optionsObject(
      options,
      START,
    );
    const request: StartOtp = [
      text(phone, 'phone', 'invalid_phone'),
      optionalText(countryCode, 'countryCode'),
      optionalCount(otpLength, 'otpLength'),
      jsonText(meta, 'meta'),
      optionalText(clientIp, 'clientIp'),
      timeout(timeoutMs),
    ];
    const { otpSession } = succeeded(await this.#waits().startOtp(request, abortSignal(signal)));
    const { sessionId, expiresIn, sentViaEngine, quotaRemaining } = otpSession as SessionFields;
    return { sessionId, expiresIn, sentViaEngine, quotaRemaining: quotaRemaining ?? null };
  }

  /**
   * Checks the code that the person typed.
   *
   * It rejects with the signal's reason, or with a `LogginError`: `invalid_code` where it is another one (`attemptsLeft`
   * says how often they may try again), `max_attempts` where that was the last try and `blocked` after too many,
   * `expired`, `already_used` or `session_not_found` where the session is over, and otherwise like `start`.
   */
  async verify(options: VerifyOtpOptions): Promise<OtpResult> {
    const { sessionId, otpCode, timeoutMs, signal } = optionsObject(options, VERIFY);
    const session = text(sessionId, 'sessionId', 'invalid_request');
    const code = text(otpCode, 'otpCode', 'invalid_request');
    const request: VerifyOtp = [session, code, timeout(timeoutMs)];
    const { otpResult } = succeeded(await this.#waits().verifyOtp(request, abortSignal(signal)));
    return resultOf(otpResult as ResultFields);
  }
}

/** @internal What a call came to. Called by the method that was awaited, so that an error's stack leads to its caller. */
export function succeeded(settled: Settled): Settled {
  if (settled.failure) {
    throw errorOf(settled.failure);
  }
  return settled;
}
