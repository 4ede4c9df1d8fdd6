/** Sign-in with WhatsApp, for any app: for browsers, edge functions, workers, Deno and Bun. */

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
export {
  type CallOptions,
  type CreateTokenOptions,
  type DeniedLoginsOptions,
  Loggin,
  loggin,
  type PhoneOptions,
  type VerifyTokenOptions,
  type WaitForVerifyOptions,
  type WatchOptions,
} from './loggin.js';
export type { CreatedToken, ObservedSession, PhoneOf, Session } from './login.js';
export type { Assurance, Confirm } from './session.js';
export type { LogginOptions } from './settings.js';
export type { LoginStatus, LoginUpdate, LoginUpdates, Progress } from './updates.js';
