/**
 * The decoupled flow: the server makes the token and keeps it from the page, in a sealed cookie; the page shows the
 * link, and a request of its own waits on the server until the message is there.
 *
 * Each login has a cookie of its own, so that tabs do not take each other's. Its name is the redeemer's key and the
 * session's `jti`: whichever node of the app responds, and however often the network loses what it says, it is the same
 * redeemer and the same session.
 */

import {
  type CreateTokenOptions,
  ExpiredError,
  isLogginError,
  loggin,
  type Session,
  type WaitForVerifyOptions,
} from '@loggin/web';
import { cookies } from 'next/headers.js';
import { cookieAttributes, cookieName } from './cookies.js';
import type { AppPhone, PhoneOptions } from './phone.js';
import { identityOf } from './redeem.js';
import { open, seal } from './seal.js';
import { type CreateSessionOptions, getSession, prepareSession } from './session.js';
import type { SignedIn } from './signed-in.js';

/**
 * How long a page may stand open before its login is done, in seconds: a day. The server counts its 300 s from the first
 * wait on.
 */
const LOGIN_LIFETIME_S = 24 * 60 * 60;

/** Logins that one browser may have begun: a cookie has 400 characters, and servers take headers of 8,000. */
const MAX_LOGINS = 6;

/** Where the app key stands in a token, behind `lgn1_`. */
const APP_KEY_IN_TOKEN = [5, 13] as const;

const LOGIN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Errors with which a login is over. */
const ENDS = ['already_used', 'denied', 'expired', 'phone_hidden'];

export interface BeginLoginOptions extends CreateTokenOptions {
  /** A login of this browser that is given up for this one. */
  readonly replaces?: string | undefined;
}

/** A login of the server: what a page may know of it. */
export interface BegunLogin {
  /** Its name, which opens nothing without the cookie. */
  readonly login: string;
  readonly link: string;
  readonly code: string;
}

/** Which login of this browser is meant. */
export interface LoginChoice {
  /** Its name, as `beginLogin` gave it; the one that was begun last by default, which another tab may have done. */
  readonly login?: string | undefined;
}

export interface FinishLoginOptions
  extends LoginChoice,
    CreateSessionOptions,
    PhoneOptions,
    Pick<WaitForVerifyOptions, 'confirm' | 'onProgress' | 'returnTo' | 'signal' | 'timeoutMs'> {
  /** Called with who is about to be signed in; an error that it throws keeps them out. */
  readonly onSession?: ((session: Session<AppPhone>) => unknown) | undefined;
}

interface KeptLogin {
  readonly login: string;
  readonly token: string;
  readonly begunAt: number;
}

const cookieOf = (login: string): string => `${cookieName('login')}-${login}`;

/** The logins of this browser, the newest first. */
async function loginsOf(jar: Awaited<ReturnType<typeof cookies>>): Promise<KeptLogin[]> {
  const prefix = cookieOf('');
  const found: KeptLogin[] = [];
  for (const { name, value } of jar.getAll()) {
    const login = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    const { token, at } = (LOGIN.test(login) && (await open(name, value))?.claims) || {};
    if (typeof token === 'string') {
      found.push({ login, token, begunAt: Number(at) });
    }
  }
  return found.sort((a, b) => b.begunAt - a.begunAt);
}

async function loginOf({ login }: LoginChoice): Promise<KeptLogin | undefined> {
  const all = await loginsOf(await cookies());
  return login === undefined ? all[0] : all.find((each) => each.login === login);
}

async function forget(login: string): Promise<void> {
  (await cookies()).set(cookieOf(login), '', cookieAttributes(0));
}

const noLogin = (): ExpiredError =>
  new ExpiredError({ code: 'expired', message: 'No such login has begun in this browser.', status: 410 });

/**
 * Begins a login, in a server action or a route handler: gives the link to show, and keeps the token in a cookie of
 * this browser. Of a browser that has begun too many the oldest is forgotten.
 *
 * @throws InvalidInputError `invalid_app_key` or, for the text, `invalid_request`.
 */
export async function beginLogin(appKey: string, options: BeginLoginOptions = {}): Promise<BegunLogin> {
  const { replaces, ...create } = options;
  const { token, link, code } = loggin.createToken(appKey, create);
  const login = crypto.randomUUID();
  const jar = await cookies();
  const others = (await loginsOf(jar)).map((each) => each.login);
  for (const old of others.filter((each) => each === replaces || others.indexOf(each) >= MAX_LOGINS - 1)) {
    await forget(old);
  }
  const name = cookieOf(login);
  jar.set(
    name,
    await seal(name, { token, at: Date.now() }, LOGIN_LIFETIME_S),
    cookieAttributes(LOGIN_LIFETIME_S),
  );
  return { login, link, code };
}

/**
 * Waits until the person of a login of this browser has sent the message, and signs them in. Asked again, also on another
 * node, it gives the same session, as the browser may never have got it.
 *
 * It rejects like `waitForVerify`, and with `expired` where no such login has begun. With the request's signal a page that
 * is closed ends the wait; the next one waits again.
 */
export async function finishLogin(options: FinishLoginOptions = {}): Promise<SignedIn> {
  const { login, maxAge, claims, onSession, ...wait } = options;
  const kept = await loginOf({ login });
  if (!kept) {
    // The browser took the cookies of a response whose rest was lost.
    const session = login === undefined ? null : await getSession();
    if (session?.jti === login && session) {
      return session;
    }
    throw noLogin();
  }
  try {
    const found = (await loggin.waitForVerify(kept.token, {
      ...wait,
      // This server made the token, for an app of its choice.
      appKey: kept.token.slice(...APP_KEY_IN_TOKEN),
      idempotencyKey: kept.login,
    })) as Session<AppPhone>;
    await onSession?.(found);
    const { session, write } = await prepareSession(
      identityOf(found, kept.token),
      { maxAge, claims },
      kept.login,
    );
    write(await cookies());
    await forget(kept.login);
    return session;
  } catch (reason) {
    if (isLogginError(reason) && ENDS.includes(reason.code)) {
      await forget(kept.login);
    }
    throw reason;
  }
}

/**
 * Hands in the digits that WhatsApp showed the person, where `onProgress` of `finishLogin` was told
 * `awaiting_confirmation`. The wait then ends.
 *
 * It rejects with `invalid_code` and `attemptsLeft` where they are wrong, `blocked` after too many tries, and `expired`
 * where no such login has begun.
 */
export async function confirmLogin(digits: string, choice: LoginChoice = {}): Promise<void> {
  const kept = await loginOf(choice);
  if (!kept) {
    throw noLogin();
  }
  await loggin.confirm(kept.token, digits);
}
