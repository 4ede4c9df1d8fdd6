/** A class for each thing that a caller can do about an error. */

import { BRAND, LogginError } from './error.js';

/** The token was redeemed before, by another redeemer: start again. */
export class AlreadyUsedError extends LogginError {
  static override readonly [BRAND]: string = 'AlreadyUsedError';
}

/** The secret key is missing, wrong or of another app, or the app is unknown. */
export class AuthenticationError extends LogginError {
  static override readonly [BRAND]: string = 'AuthenticationError';
}

/** Too many wrong codes: start again later. */
export class BlockedError extends LogginError {
  static override readonly [BRAND]: string = 'BlockedError';
}

/** The client was closed while something waited. */
export class ClosedError extends LogginError {
  static override readonly [BRAND]: string = 'ClosedError';
}

/** The server was not reached within the retries. */
export class ConnectionFailedError extends LogginError {
  static override readonly [BRAND]: string = 'ConnectionFailedError';
}

/** The person said that it was not them: start again. */
export class DeniedError extends LogginError {
  static override readonly [BRAND]: string = 'DeniedError';
}

/** The login was not finished in time: start again. */
export class ExpiredError extends LogginError {
  static override readonly [BRAND]: string = 'ExpiredError';
}

/** The code that the person typed is wrong: ask again. */
export class InvalidCodeError extends LogginError {
  static override readonly [BRAND]: string = 'InvalidCodeError';
}

/** Something that was passed in is malformed: fix the call. */
export class InvalidInputError extends LogginError {
  static override readonly [BRAND]: string = 'InvalidInputError';
}

/** WhatsApp did not tell the person's number: start again. */
export class PhoneHiddenError extends LogginError {
  static override readonly [BRAND]: string = 'PhoneHiddenError';
}

/** The app's monthly quota is used up. */
export class QuotaExceededError extends LogginError {
  static override readonly [BRAND]: string = 'QuotaExceededError';
}

/** Too many requests: again after `retryAfter` seconds. */
export class RateLimitError extends LogginError {
  static override readonly [BRAND]: string = 'RateLimitError';
}

/** The server failed, or responded with something that this version does not know. */
export class ServerError extends LogginError {
  static override readonly [BRAND]: string = 'ServerError';
}

/** The wait's own deadline passed; the login itself may still be pending. */
export class VerifyTimeoutError extends LogginError {
  static override readonly [BRAND]: string = 'VerifyTimeoutError';
}
