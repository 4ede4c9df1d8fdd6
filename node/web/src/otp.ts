/**
 * One-time codes, for an app's server: a code is sent to a phone, and what the person types is compared.
 *
 * They need the app's secret key, so a page asks its own server. Errors are of the classes of `@loggin/web`.
 */

import { call } from './calls.js';
import { classed, inClasses } from './classes.js';
import { clientIpOf } from './client-ip.js';
import { check, invalidResponse } from './failure.js';
import { checkTimeout, optionsObject } from './options.js';
import { isBrowser, type LogginOptions, settingsOf } from './settings.js';
import { randomBytes } from './token.js';

/** The client of one-time codes takes what the other one does, except for the key of a redeemer. */
export type OtpOptions = Omit<LogginOptions, 'idempotencyKey' | 'timeoutMs'>;

export interface StartOtpOptions {
  /** The number, with its country code or as it is written in `countryCode`. */
  readonly phone: string;
  /** The region of a number without country code, such as `IN`. */
  readonly countryCode?: string | undefined;
  /** Digits of the code, 4 to 8; 6 by default. */
  readonly otpLength?: number | undefined;
  /** Anything that JSON can hold; it comes back with the result. */
  readonly meta?: unknown;
  /**
   * The address of the person at your app, IPv4 or IPv6, by which the server's guards tell who asks for many numbers. It is
   * what your framework tells behind the proxies that you trust, such as Express' `req.ip`: never a header that the person
   * can write. `invalid_request` where it is no address.
   */
  readonly clientIp?: string | undefined;
  /** How many milliseconds the call takes at most, all its tries together, instead of the client's `callTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Ends the call, which then rejects with the signal's reason; it takes no message back. */
  readonly signal?: AbortSignal | undefined;
}

export interface VerifyOtpOptions {
  /** The session that `start` gave. */
  readonly sessionId: string;
  /** What the person typed. */
  readonly otpCode: string;
  /** As for `start`. */
  readonly timeoutMs?: number | undefined;
  /** Ends the call, which then rejects with the signal's reason; an attempt may be spent. */
  readonly signal?: AbortSignal | undefined;
}

/** A one-time code that was sent: a plain object. */
export interface OtpSession {
  /** What the code is verified for. It is of no use without the secret key. */
  readonly sessionId: string;
  /** Seconds that the code is valid. */
  readonly expiresIn: number;
  /** Whether WhatsApp took the message over; false for a test number, to which nothing is sent. */
  readonly sentViaEngine: boolean;
  /** Codes that the app may still have sent this month; `null` without a quota. */
  readonly quotaRemaining: number | null;
}

/**
 * A phone whose owner typed the one-time code, as a plain object.
 */
export interface OtpResult {
  /** Always `verified`: what failed is an error. */
  readonly status: 'verified';
  /** The number that the code was sent to: digits with country code, without `+`. */
  readonly phone: string;
  /** When the code was typed. */
  readonly verifiedAt: Date;
  /** What the app gave when it asked for the code; `null` where it gave nothing. */
  readonly meta: unknown;
}

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

/** Random bytes of an idempotency key: a call that is repeated sends nothing twice and spends no second try. */
const IDEMPOTENCY_KEY_BYTES = 16;

/** Sends and checks one-time codes. */
export class Otp {
  readonly #options: OtpOptions;

  /** @throws InvalidInputError `invalid_config` where an option is malformed, or this is a browser. */
  constructor(options: OtpOptions = {}) {
    inClasses(() => {
      check(!isBrowser(), 'invalid_config', 'One-time codes need the secret key, which stays on the server.');
      settingsOf(options);
    });
    this.#options = options;
  }

  /**
   * Has a code sent by WhatsApp.
   *
   * It rejects with the signal's reason, or with a `LogginError`: `invalid_phone`, `invalid_request`, `send_failed`, `rate_limited` with
   * `retryAfter`, `quota_exceeded`, `blocked`, `unauthorized` without a valid key, `unavailable` or `connection`.
   */
  async start(request: StartOtpOptions): Promise<OtpSession> {
    return await this.#call(
      request,
      START,
      'auth/start',
      ({ phone, countryCode, otpLength, meta, clientIp }) => {
        check(typeof phone === 'string', 'invalid_phone', 'The phone number is a string.');
        const client_ip = clientIp == null ? undefined : clientIpOf(clientIp);
        return [{ phone, country_code: countryCode, otp_length: otpLength, meta, client_ip }, sessionOfStart];
      },
    );
  }

  /**
   * Compares what the person typed.
   *
   * It rejects with the signal's reason, or with a `LogginError`: `invalid_code` with `attemptsLeft`, `max_attempts`,
   * `blocked`, `expired`, `session_not_found`, `already_used`, or what `start` does.
   */
  async verify(request: VerifyOtpOptions): Promise<OtpResult> {
    return await this.#call(request, VERIFY, 'auth/verify', ({ sessionId, otpCode }) => {
      check(typeof sessionId === 'string', 'invalid_request', 'The session is a string.');
      check(typeof otpCode === 'string', 'invalid_request', 'The code is a string.');
      return [{ session_id: sessionId, otp_code: otpCode }, resultOf];
    });
  }

  async #call<Request extends Pick<StartOtpOptions, 'signal' | 'timeoutMs'>, Result>(
    request: Request,
    names: readonly string[],
    path: string,
    prepare: (request: Request) => [body: object, read: (response: Record<string, unknown>) => Result],
  ): Promise<Result> {
    try {
      const [body, read] = prepare(optionsObject(request, names));
      const { signal = new AbortController().signal, timeoutMs } = request;
      checkTimeout(timeoutMs, 'invalid_request');
      const idempotencyKey = Array.from(randomBytes(IDEMPOTENCY_KEY_BYTES), String).join('.');
      const settings = settingsOf({ ...this.#options, idempotencyKey });
      return read(await call(settings, path, body, signal, timeoutMs));
    } catch (reason) {
      throw classed(reason);
    }
  }
}

function sessionOfStart(response: Record<string, unknown>): OtpSession {
  const { session_id, expires_in, sent_via_engine, quota_remaining } = response;
  if (typeof session_id !== 'string' || typeof expires_in !== 'number') {
    throw invalidResponse();
  }
  return {
    sessionId: session_id,
    expiresIn: expires_in,
    sentViaEngine: sent_via_engine === true,
    quotaRemaining: typeof quota_remaining === 'number' ? quota_remaining : null,
  };
}

function resultOf(response: Record<string, unknown>): OtpResult {
  const { status, phone, verified_at, meta = null } = response;
  const verifiedAt = new Date(verified_at as string);
  if (status !== 'verified' || typeof phone !== 'string' || !(verifiedAt.getTime() > 0)) {
    throw invalidResponse();
  }
  return { status, phone, verifiedAt, meta };
}
