/** Sign-in by one-time code: the routes that `<OtpForm>` of `@loggin/react` asks. The secret key stays here. */

import { Otp, type OtpOptions, type OtpResult } from '@loggin/web/otp';
import { answer, answering, checkOrigins, type OriginOptions, ownRequest, refusal } from './answers.js';
import { type CreateSessionOptions, createSession } from './session.js';

export interface OtpHandlersOptions extends OtpOptions, OriginOptions, CreateSessionOptions {
  /** Digits of a code, 4 to 8; 6 by default. */
  readonly otpLength?: number | undefined;
  /** The region of numbers without country code, where the form does not say it. */
  readonly countryCode?: string | undefined;
  /** Called with who is about to be signed in; an error that it throws keeps them out. */
  readonly onVerified?: ((result: OtpResult) => unknown) | undefined;
}

type Body = Record<string, unknown>;

/** The app key stands in the secret key. */
const APP_KEY = /^\s*lgsk_([0-9a-z]{8})_/i;

/**
 * Two routes in one file, `app/api/otp/[step]/route.ts`: `export const { POST } = otpHandlers()`. Then
 * `<OtpForm start="/api/otp/start" verify="/api/otp/verify" />` has a code sent, and signs in who types it.
 *
 * It needs `LOGGIN_SECRET_KEY`.
 */
export function otpHandlers(options: OtpHandlersOptions = {}): {
  POST: (request: Request) => Promise<Response>;
} {
  const { otpLength, countryCode, onVerified, maxAge, allowedOrigins: _, ...client } = options;
  const allowedOrigins = checkOrigins(options);
  let otp: Otp | undefined;
  const opened = (): Otp => {
    // The environment of a build has no key yet.
    otp ??= new Otp(client);
    return otp;
  };
  const steps: Readonly<Record<string, (body: Body) => Promise<Response>>> = {
    start: async ({ phone, country_code }) => {
      const { sessionId, expiresIn } = await opened().start({
        phone: phone as string,
        countryCode: typeof country_code === 'string' ? country_code : countryCode,
        otpLength,
      });
      return answer({ session_id: sessionId, expires_in: expiresIn });
    },
    verify: async ({ session_id, otp_code }) => {
      const result = await opened().verify({
        sessionId: session_id as string,
        otpCode: otp_code as string,
      });
      await onVerified?.(result);
      const { phone, verifiedAt } = result;
      await createSession({ appKey: appKeyOf(client.secretKey), phone, verifiedAt }, { maxAge });
      return answer({ status: 'verified' });
    },
  };
  const POST = async (request: Request): Promise<Response> => {
    const name = new URL(request.url).pathname.split('/').filter(Boolean).at(-1) ?? '';
    const step = Object.hasOwn(steps, name) ? steps[name] : undefined;
    if (!step) {
      return refusal('not_found', 404);
    }
    const body = await ownRequest(request, allowedOrigins);
    return body instanceof Response ? body : await answering(() => step(body));
  };
  return { POST };
}

function appKeyOf(secretKey = process.env.LOGGIN_SECRET_KEY ?? ''): string | null {
  return APP_KEY.exec(secretKey)?.[1]?.toUpperCase() ?? null;
}
