/** Sign-in with WhatsApp, for any app: the SDK for Node. */

export type {
  Assurance,
  Confirm,
  LoginStatus,
  LoginUpdate,
  LoginUpdates,
  OtpResult,
  OtpSession,
  PhoneOf,
  Progress,
  Session,
  StartOtpOptions,
  VerifyOtpOptions,
} from '@loggin/web/shared';
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
} from '@loggin/web/shared';
export type { LogginOptions } from './input.js';
export {
  type CallOptions,
  type ClientState,
  type ConfirmOptions,
  type CreateTokenOptions,
  type DeniedLoginsOptions,
  Loggin,
  loggin,
  type PhoneOptions,
  type VerifyTokenOptions,
  type WaitForVerifyOptions,
  type WatchOptions,
} from './loggin.js';
export type { CreatedToken } from './login.js';
export { type Logger, setLogger } from './logs.js';
export type { Otp } from './otp.js';
export { verifyWebhook, type WebhookEvent, type WebhookHeaders } from './webhook.js';
