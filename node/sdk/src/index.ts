/** Sign-in with WhatsApp, for any app: the SDK for Node. */

export * from './errors.js';
export type { LogginOptions } from './input.js';
export {
  type CreateTokenOptions,
  Loggin,
  loggin,
  type VerifyTokenOptions,
  type WaitForVerifyOptions,
} from './loggin.js';
export { CreatedToken, Session } from './login.js';
