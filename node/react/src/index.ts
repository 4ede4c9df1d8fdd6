/** Sign-in with WhatsApp for React: a button, a modal, a hook, parts for own markup, and a form for one-time codes. */

export type { LocaleChoice } from './auto-locale.js';
export { LogginButton, type LogginButtonProps, LogginButtonText } from './button.js';
export { LogginCard, type LogginCardProps } from './card.js';
export { LogginConfirmForm } from './confirm-form.js';
export type { LogginPart, Looks } from './context.js';
export type { LogginHandlers, LogginState, LogginStatus, LogginSuccess } from './login-state.js';
export { LogginModal, type LogginModalProps } from './modal.js';
export {
  OtpError,
  type OtpHandlers,
  type OtpRefusal,
  type OtpRoute,
  type OtpStart,
  type OtpVerify,
} from './otp.js';
export { OtpForm, type OtpFormProps } from './otp-form.js';
export type { OtpTexts } from './otp-texts.js';
export {
  LogginConnectionText,
  LogginCountdown,
  LogginLink,
  LogginMatchDigits,
  LogginQrCode,
  LogginRetry,
  LogginRoot,
  type LogginRootProps,
  LogginStatusText,
  useLogginLogin,
} from './parts.js';
export { LogginProvider, type LogginProviderProps } from './provider.js';
export {
  type CurrentSession,
  SessionProvider,
  type SessionProviderProps,
  SignedIn,
  type SignedInProps,
  SignedOut,
  useSession,
} from './session.js';
export type { BrowserSession, SessionStatus } from './session-store.js';
export type { Locale, LogginTexts } from './texts.js';
export { type LogginLogin, type UseLogginOptions, useLoggin } from './use-loggin.js';
export { type LoginOf, type UseServerLoginOptions, useServerLogin } from './use-server-login.js';
