/**
 * The decoupled flow: the server makes the token and keeps it from the page, in a sealed cookie; the page shows the
 * link, and a request of its own waits on the server until the message is there.
 *
 * The cookie holds the redeemer's key too: whichever node of the app answers, and however often the network loses what
 * it says, it is the same redeemer.
 */

import { type CreateTokenOptions, ExpiredError, loggin, type WaitForVerifyOptions } from '@loggin/web';
import { cookies } from 'next/headers.js';
import { cookieAttributes, cookieName } from './cookies.js';
import { open, seal } from './seal.js';
import { type CreateSessionOptions, createSession } from './session.js';
import type { SignedIn } from './signed-in.js';

/** How long a login may take, in seconds: pending, and then redeemable, for 300 s each. */
const LOGIN_LIFETIME_S = 600;

/** Where the app key stands in a token, behind `lgn1_`. */
const APP_KEY_IN_TOKEN = [5, 13] as const;

export type BeginLoginOptions = CreateTokenOptions;

export type FinishLoginOptions = CreateSessionOptions & Pick<WaitForVerifyOptions, 'signal' | 'timeoutMs'>;

/**
 * Begins a login, in a server action or a route handler: gives the link to show, and keeps the token in a cookie of
 * this browser.
 *
 * @throws InvalidInputError `invalid_app_key` or, for the text, `invalid_request`.
 */
export async function beginLogin(
  appKey: string,
  options?: BeginLoginOptions,
): Promise<{ readonly link: string; readonly code: string }> {
  const { token, link, code } = loggin.createToken(appKey, options);
  const name = cookieName('login');
  (await cookies()).set(
    name,
    await seal(name, { token, key: crypto.randomUUID() }, LOGIN_LIFETIME_S),
    cookieAttributes(LOGIN_LIFETIME_S),
  );
  return { link, code };
}

/**
 * Waits until the person of this browser's login has sent the message, and signs them in.
 *
 * It rejects like `waitForVerify`, and with `expired` where no login has begun. With the request's signal a page that
 * is closed ends the wait; the next one waits again.
 */
export async function finishLogin(options: FinishLoginOptions = {}): Promise<SignedIn> {
  const name = cookieName('login');
  const jar = await cookies();
  const { token, key } = (await open(name, jar.get(name)?.value))?.claims ?? {};
  if (typeof token !== 'string' || typeof key !== 'string') {
    throw new ExpiredError({ code: 'expired', message: 'No login has begun in this browser.' });
  }
  const { maxAge, claims, ...wait } = options;
  const { appKey, phone, userId, verifiedAt } = await loggin.waitForVerify(token, {
    ...wait,
    // This server made the token, for an app of its choice.
    appKey: token.slice(...APP_KEY_IN_TOKEN),
    idempotencyKey: key,
  });
  const session = await createSession({ appKey, phone: phone ?? '', userId, verifiedAt }, { maxAge, claims });
  jar.set(name, '', cookieAttributes(0));
  return session;
}
