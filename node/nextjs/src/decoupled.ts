/**
 * The decoupled flow: the server makes the token and keeps it from the page, in a sealed cookie; the page shows the
 * link, and a request of its own waits on the server until the message is there.
 */

import { type CreateTokenOptions, ExpiredError, loggin, type WaitForVerifyOptions } from '@loggin/web';
import { cookies } from 'next/headers.js';
import { cookieAttributes, cookieName } from './cookies.js';
import { open, seal } from './seal.js';
import { createSession } from './session.js';
import type { SignedIn } from './signed-in.js';

/** How long a login may take, in seconds: pending, and then redeemable, for 300 s each. */
const LOGIN_LIFETIME_S = 600;

export type BeginLoginOptions = CreateTokenOptions;

export type FinishLoginOptions = Pick<WaitForVerifyOptions, 'signal' | 'timeoutMs'>;

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
    await seal(name, { token }, LOGIN_LIFETIME_S),
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
  const token = (await open(name, jar.get(name)?.value))?.claims.token;
  if (typeof token !== 'string') {
    throw new ExpiredError({ code: 'expired', message: 'No login has begun in this browser.' });
  }
  const { appKey, phone, userId, verifiedAt } = await loggin.waitForVerify(token, options);
  const session = await createSession({ appKey, phone: phone ?? '', userId, verifiedAt });
  jar.set(name, '', cookieAttributes(0));
  return session;
}
