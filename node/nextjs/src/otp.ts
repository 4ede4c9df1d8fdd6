/** Sign-in by one-time code: the routes that `<OtpForm>` of `@loggin/react` asks. The secret key stays here. */

import { Otp, type OtpOptions, type OtpResult } from '@loggin/web/otp';
import type { CountryCode } from 'libphonenumber-js/max';
import { appKeyOfSecret } from './environment.js';
import { checkOrigins, type OriginOptions, refusal, respond, type Step, stepsHandler } from './responses.js';
import { type CreateSessionOptions, createSession } from './session.js';

export interface OtpHandlersOptions extends OtpOptions, OriginOptions, CreateSessionOptions {
  /** Digits of a code, 4 to 8; 6 by default. */
  readonly otpLength?: number | undefined;
  /** The region of numbers without country code, where the form does not say it. */
  readonly countryCode?: string | undefined;
  /**
   * The address of whoever asks, which the server's guards count by. A request of Next.js does not have it, so say where
   * yours stands: a header that your own proxy sets or overwrites, such as
   * `({ headers }) => headers.get('x-real-ip')`, never one that the person can write. None by default; `invalid_request`
   * where it is no address.
   */
  readonly clientIp?: ((request: Request) => ClientIp | Promise<ClientIp>) | undefined;
  /**
   * Called before a code is sent: the place for a captcha, or a limit for each address. `false` refuses with `denied`; an
   * error that it throws sends none either.
   */
  readonly onStart?: ((start: OtpStart) => unknown) | undefined;
  /**
   * The regions whose numbers are sent codes, such as `['IN', 'BR']`: codes cost money, and some networks live on them.
   * Numbers of others, and what is no number, are refused with `invalid_phone`. All, by default.
   */
  readonly countries?: readonly string[] | undefined;
  /** Called with who is about to be signed in; an error that it throws keeps them out. */
  readonly onVerified?: ((result: OtpResult) => unknown) | undefined;
}

/** An address of IPv4 or IPv6, or none. */
type ClientIp = string | null | undefined;

/** Somebody asks for a code. */
export interface OtpStart {
  /** The number as it was typed; with `countries`, in international form: `+919876543210`. */
  readonly phone: string;
  readonly request: Request;
}

/**
 * Two routes in one file, `app/api/otp/[step]/route.ts`: `export const { POST } = otpHandlers()`. Then
 * `<OtpForm start="/api/otp/start" verify="/api/otp/verify" />` has a code sent, and signs in who types it.
 *
 * It needs `LOGGIN_SECRET_KEY`.
 */
export function otpHandlers(options: OtpHandlersOptions = {}): {
  POST: (request: Request) => Promise<Response>;
} {
  const { otpLength, countryCode, countries, clientIp, onStart, onVerified, maxAge, claims, ...others } =
    options;
  const { allowedOrigins: _, ...client } = others;
  const allowedOrigins = checkOrigins(options);
  let otp: Otp | undefined;
  const opened = (): Otp => {
    // The environment of a build has no key yet.
    otp ??= new Otp(client);
    return otp;
  };
  const steps: Readonly<Record<string, Step>> = {
    start: async (body, request) => {
      const region = typeof body.country_code === 'string' ? body.country_code : countryCode;
      const typed = typeof body.phone === 'string' ? body.phone : null;
      const phone = typed && countries ? await numberIn(countries, typed, region) : typed;
      if (phone === null) {
        return refusal('invalid_phone', 422);
      }
      if ((await onStart?.({ phone, request })) === false) {
        return refusal('denied', 403);
      }
      const address = (await clientIp?.(request)) ?? undefined;
      const { sessionId, expiresIn } = await opened().start({
        phone,
        countryCode: region,
        otpLength,
        clientIp: address,
      });
      return respond({ session_id: sessionId, expires_in: expiresIn });
    },
    verify: async ({ session_id, otp_code }) => {
      const result = await opened().verify({
        sessionId: session_id as string,
        otpCode: otp_code as string,
      });
      await onVerified?.(result);
      const { phone, verifiedAt } = result;
      const appKey = appKeyOfSecret(client.secretKey);
      await createSession({ appKey, phone, verifiedAt }, { maxAge, claims });
      return respond({ status: 'verified' });
    },
  };
  return stepsHandler(steps, allowedOrigins);
}

/** A number in international form, if it is one of these regions. */
async function numberIn(
  regions: readonly string[],
  phone: string,
  region: string | undefined,
): Promise<string | null> {
  // Who asks for no list does without the plans of all countries.
  const { parsePhoneNumberFromString } = await import('libphonenumber-js/max');
  const parsed = parsePhoneNumberFromString(phone, region?.toUpperCase() as CountryCode);
  return parsed?.country && regions.includes(parsed.country) ? parsed.number : null;
}
