/** The codes of errors, as the core lists them: written by `make generate`, do not edit. */

import type { LogginError } from './error.js';
import {
  AlreadyUsedError,
  AuthenticationError,
  BlockedError,
  ClosedError,
  ConnectionFailedError,
  DeniedError,
  ExpiredError,
  InvalidCodeError,
  InvalidInputError,
  PhoneHiddenError,
  QuotaExceededError,
  RateLimitError,
  VerifyTimeoutError,
} from './errors.js';

/** The codes after which the same call can succeed later, apart by spaces. */
export const RETRYABLE_CODES = 'connection internal invalid_response rate_limited unavailable';

/** The codes of each class, apart by spaces; any other code is a `ServerError`. */
export const CODES_OF_CLASSES: readonly (readonly [typeof LogginError, string])[] = [
  [AlreadyUsedError, 'already_used'],
  [AuthenticationError, 'invalid_signature unauthorized unknown_app'],
  [BlockedError, 'blocked max_attempts'],
  [ClosedError, 'closed'],
  [ConnectionFailedError, 'connection'],
  [DeniedError, 'denied'],
  [ExpiredError, 'expired session_not_found'],
  [InvalidCodeError, 'invalid_code'],
  [
    InvalidInputError,
    'invalid_app_key invalid_config invalid_phone invalid_request invalid_token method_not_allowed not_found payload_too_large unsupported_media_type',
  ],
  [PhoneHiddenError, 'phone_hidden'],
  [QuotaExceededError, 'quota_exceeded'],
  [RateLimitError, 'rate_limited'],
  [VerifyTimeoutError, 'timeout'],
];
