/** Sign-in with WhatsApp for Next.js: a session that cannot be forged, the route guard before pages, and one-time codes. */

export type { SessionClaims } from './claims.js';
export {
  type BeginLoginOptions,
  type BegunLogin,
  beginLogin,
  confirmLogin,
  type FinishLoginOptions,
  finishLogin,
  type LoginChoice,
} from './decoupled.js';
export { type LoginHandlersOptions, loginHandlers } from './login.js';
export {
  type LogginMiddlewareHandler,
  type LogginMiddlewareOptions,
  logginMiddleware,
} from './middleware.js';
export { type OtpHandlersOptions, type OtpStart, otpHandlers } from './otp.js';
export type { AppPhone, LogginApp, PhoneOptions, RequirePhone } from './phone.js';
export {
  createToken,
  type Redeemed,
  type RedeemOptions,
  redeem,
  redeemHandlers,
  type SigningInOptions,
  type VerifyTokenOptions,
  verifyToken,
  type WaitForVerifyOptions,
  waitForVerify,
} from './redeem.js';
export { register } from './register.js';
export type { OriginOptions } from './responses.js';
export { returnToOf } from './return-to.js';
export {
  configure,
  type IsRevoked,
  type LogginConfiguration,
  type Person,
  type SignOuts,
} from './revocation.js';
export {
  type CreateSessionOptions,
  createSession,
  destroySession,
  type FreshSessionOptions,
  getSession,
  type RequireSessionOptions,
  requireSession,
  signOutEverywhere,
  updateSession,
  withSession,
} from './session.js';
export { type SessionHandlersOptions, sessionHandlers } from './session-handlers.js';
export {
  type Identity,
  type SessionData,
  type SessionSource,
  type SignedIn,
  sessionData,
} from './signed-in.js';
