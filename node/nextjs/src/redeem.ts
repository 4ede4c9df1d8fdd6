/** The button's flow: a page waits for the login, then hands in the token, which only the server redeems. */

import {
  type Confirm,
  type CreatedToken,
  type CreateTokenOptions,
  loggin,
  type ObservedSession,
  type Session,
  type VerifyTokenOptions as WebOptions,
  type WaitForVerifyOptions as WebWaitOptions,
} from '@loggin/web';
import { cookies } from 'next/headers.js';
import type { AppPhone, PhoneOptions, RequirePhone } from './phone.js';
import {
  checkOrigins,
  type OriginOptions,
  ownRequest,
  refusal,
  respond,
  responding,
  told,
} from './responses.js';
import { sealingKeys } from './secret.js';
import { type CreateSessionOptions, createSession, prepareSession } from './session.js';
import type { Identity, SignedIn } from './signed-in.js';

/** Whether, and for how long, who is redeemed is signed in. */
export interface SigningInOptions extends CreateSessionOptions {
  /** `false` leaves the session's cookie to the caller, who has `createSession` for it. */
  readonly session?: boolean | undefined;
}

export type VerifyTokenOptions = WebOptions<RequirePhone> & SigningInOptions;

export type WaitForVerifyOptions = WebWaitOptions<RequirePhone> & SigningInOptions;

/**
 * Redeems a token that a page handed in, and signs its person in: the session, or null while nobody has sent the
 * message.
 *
 * The session's cookie is set where Next.js lets cookies be set, in server actions and route handlers; elsewhere, or
 * with `{ session: false }`, it only returns.
 *
 * It works in Node and at the edge, and rejects with a `LogginError`: `expired`, `already_used`, `denied`,
 * `invalid_token`, `unknown_app` for a token of another app than `appKey`, `LOGGIN_APP_KEY` or the secret key's,
 * `unauthorized` and the others of `@loggin/web`. A token is redeemed once: each call is a redeemer of its own, over
 * its retries, unless it has an `idempotencyKey`.
 */
export async function verifyToken(
  token: string,
  options: VerifyTokenOptions = {},
): Promise<Session<AppPhone> | null> {
  return await signingIn(token, options, (call) => redeemOnce(token, call));
}

/**
 * Waits until the person of a login that this server made has sent the message, redeems it, and signs them in like
 * `verifyToken`. It rejects like it, and with `timeout` at the deadline, 300 s unless told otherwise.
 */
export async function waitForVerify(
  token: string,
  options: WaitForVerifyOptions = {},
): Promise<Session<AppPhone>> {
  const session = await signingIn(token, options, (call) => loggin.waitForVerify(token, asRedeemer(call)));
  // A server that redeems, and requires the phone number, is always told it.
  return session as Session<AppPhone>;
}

/**
 * Makes a login for an app, offline and at once: the secret token, and the link to show.
 *
 * @throws InvalidInputError `invalid_app_key` or, for the text, `invalid_request`.
 */
export function createToken(appKey: string, options?: CreateTokenOptions): CreatedToken {
  return loggin.createToken(appKey, options);
}

/** Redeems, and sets the cookie of whoever was redeemed where that is asked for and can be done. */
async function signingIn<Call extends WebOptions<RequirePhone>, Result extends ObservedSession | null>(
  token: string,
  options: Call & SigningInOptions,
  run: (call: Call) => Promise<Result>,
): Promise<Result> {
  const { session: isSigningIn = true, maxAge, claims, ...call } = options;
  const jar = isSigningIn ? await jarOfRequest() : null;
  if (jar) {
    // A missing secret is told before the token is spent.
    await sealingKeys();
  }
  const session = await run(call as unknown as Call);
  if (session && jar) {
    const { write } = await prepareSession(identityOf(session as Session<AppPhone>, token), {
      maxAge,
      claims,
    });
    try {
      write(jar);
    } catch {
      // A component that is rendered: cookies are only read there.
    }
  }
  return session;
}

/** Who signed in, by which login. */
export const identityOf = (session: Session<AppPhone>, token: string): Identity => ({
  ...session,
  loginId: loggin.loginId(token),
});

function redeemOnce(token: string, options: WebOptions<RequirePhone>): Promise<Session<AppPhone> | null> {
  return loggin.verifyToken(token, asRedeemer(options));
}

/** One key for a call and its retries, and another one for the next call. */
function asRedeemer<Options extends WebOptions<RequirePhone>>(options: Options): Options {
  return { idempotencyKey: crypto.randomUUID(), ...options };
}

/** The cookies of the request at hand; null where there is none, as in the Pages Router. */
async function jarOfRequest(): Promise<Awaited<ReturnType<typeof cookies>> | null> {
  try {
    return await cookies();
  } catch (reason) {
    // By those Next.js speaks to itself.
    if (reason instanceof Error && ('digest' in reason || 'code' in reason)) {
      throw reason;
    }
    return null;
  }
}

export interface RedeemOptions extends CreateSessionOptions, PhoneOptions {
  /** The app whose tokens are redeemed: `LOGGIN_APP_KEY`, or the app of the secret key, where it is not given. */
  readonly appKey?: string | undefined;
  /** The least confirmation to accept: a login that was verified with less is `pending` until it is confirmed. */
  readonly confirm?: Confirm | undefined;
  /** Called with who is about to be signed in; an error that it throws keeps them out. */
  readonly onSession?: ((session: Session<AppPhone>) => unknown) | undefined;
}

/** How redeeming ended: plain data, which an action may return. */
export type Redeemed =
  | { readonly ok: true; readonly session: SignedIn; readonly error?: undefined }
  | {
      readonly ok: false;
      readonly session?: undefined;
      /** `pending` while nobody has sent the message, or the code of an error: `expired`, `already_used`, `unknown_app` … */
      readonly error: string;
      /** How many seconds to wait before the next try, where the server said so. */
      readonly retryAfter?: number;
    };

/**
 * Redeems a token and signs its person in, in a server action: `onSuccess={({ token }) => redeem(token)}` through an
 * action of the app's own.
 *
 * It does not throw what can happen to a login, as production masks what an action throws: `error` says it. A fault of
 * the app's own, such as a wrong secret key, is `internal`, and stands in the log.
 */
export async function redeem(token: string, options: RedeemOptions = {}): Promise<Redeemed> {
  try {
    const session = await signIn(token, options);
    return session ? { ok: true, session } : { ok: false, error: 'pending' };
  } catch (reason) {
    const { error, retryAfter } = told(reason);
    return { ok: false, error, ...(retryAfter !== undefined && { retryAfter }) };
  }
}

async function signIn(token: string, options: RedeemOptions): Promise<SignedIn | null> {
  const { appKey, confirm, requirePhone, maxAge, claims, onSession } = options;
  await sealingKeys();
  const session = await redeemOnce(token, { appKey, confirm, requirePhone });
  if (!session) {
    return null;
  }
  await onSession?.(session);
  return await createSession(identityOf(session, token), { maxAge, claims });
}

/**
 * The same as a route: `export const { POST } = redeemHandlers()` takes `{"token"}` and responds with
 * `{"status": "verified"}` or `{"status": "pending"}`, or an error with its code.
 *
 * @throws InvalidInputError `invalid_config` where one of `allowedOrigins` is none.
 */
export function redeemHandlers(options: RedeemOptions & OriginOptions = {}): {
  POST: (request: Request) => Promise<Response>;
} {
  const allowedOrigins = checkOrigins(options);
  const POST = async (request: Request): Promise<Response> => {
    const body = await ownRequest(request, allowedOrigins);
    if (body instanceof Response) {
      return body;
    }
    const { token } = body;
    if (typeof token !== 'string') {
      return refusal('invalid_token', 400);
    }
    return await responding(async () => {
      const session = await signIn(token, options);
      return respond({ status: session ? 'verified' : 'pending' });
    });
  };
  return { POST };
}
