/**
 * What the SDK for Node has from this package, so that each is written once and a program that uses both has one of
 * each. It is for `@loggin/sdk` alone: apps import the same names from there, or from `@loggin/web`.
 */

export { inClasses } from './classes.js';
export { isLogginError, LogginError, type LogginErrorFields } from './error.js';
export {
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
  ServerError,
  VerifyTimeoutError,
} from './errors.js';
export { type ObservedSession, type PhoneOf, plainSession, type Session } from './login.js';
export { checkTimeout, optionsObject } from './options.js';
export type { OtpResult, OtpSession, StartOtpOptions, VerifyOtpOptions } from './otp.js';
export { hidden, INSPECT, plain, plainPrototype, type Show } from './plain.js';
export { type Assurance, type Confirm, isConfirm } from './session.js';
export { onAbort } from './signals.js';
export {
  type LoginStatus,
  type LoginUpdate,
  type LoginUpdates,
  type Progress,
  updatesOf,
} from './updates.js';
