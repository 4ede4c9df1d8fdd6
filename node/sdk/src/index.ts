/** Sign-in with WhatsApp, for any app: the SDK for Node. */

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
  isLogginError,
  LogginError,
  type LogginErrorFields,
  PhoneHiddenError,
  QuotaExceededError,
  RateLimitError,
  ServerError,
  VerifyTimeoutError,
} from './errors.js';
export type { LogginOptions } from './input.js';
export {
  type ClientState,
  type CreateTokenOptions,
  type DeniedLoginsOptions,
  Loggin,
  loggin,
  type VerifyTokenOptions,
  type WaitForVerifyOptions,
  type WatchOptions,
} from './loggin.js';
export type { CreatedToken, Session } from './login.js';
export { type Logger, setLogger } from './logs.js';
export type { Otp, OtpResult, OtpSession, StartOtpOptions, VerifyOtpOptions } from './otp.js';
export type { LoginStatus, LoginUpdate, LoginUpdates, Progress } from './updates.js';
