/** Sign-in with WhatsApp for Next.js: a session that cannot be forged, the door before pages, and one-time codes. */

export { type BeginLoginOptions, beginLogin, type FinishLoginOptions, finishLogin } from './decoupled.js';
export { type LogginMiddlewareOptions, logginMiddleware } from './middleware.js';
export { type OtpHandlersOptions, otpHandlers } from './otp.js';
export { type RedeemOptions, redeem, redeemHandlers, verifyToken } from './redeem.js';
export { returnToOf } from './return-to.js';
export { register } from './secret.js';
export {
  createSession,
  destroySession,
  getSession,
  type RequireSessionOptions,
  requireSession,
  withSession,
} from './session.js';
export { type Identity, type SessionSource, SignedIn } from './signed-in.js';
