/** The client: one method for each thing a user wants to do. */

import { Linked, reasonOf, throwIfEnded } from './abort.js';
import { call } from './calls.js';
import { classed, inClasses } from './classes.js';
import { createLogin } from './create.js';
import { check, failure, invalidResponse } from './failure.js';
import { CreatedToken, type ObservedSession, type PhoneOf, plainSession, type Session } from './login.js';
import { checkIdempotencyKey, checkTimeout, optionsObject } from './options.js';
import { type Asked, type Confirm, isConfirm, sessionOf } from './session.js';
import { isBrowser, isProduction, type LogginOptions, type Settings, settingsOf } from './settings.js';
import { onAbort } from './signals.js';
import { statusOf } from './status.js';
import { codeOf, loginIdOf, parseAppKey, parseToken } from './token.js';
import { type LoginStatus, type LoginUpdates, type Progress, updatesOf } from './updates.js';
import { awaitLogin } from './wait.js';

export interface CreateTokenOptions {
  /**
   * The message's own text. It contains `{code}` once, is at most 200 characters long with the code filled in, and has
   * no `+` and no emoji.
   */
  readonly text?: string | undefined;
  /** The language of the message (BCP 47) where links go through the server; else the browser's, where the server has it. */
  readonly lang?: string | undefined;
}

/** The text and the language of a token. */
function wordsOf(options: CreateTokenOptions): [string | undefined, string | undefined] {
  const { text, lang } = optionsObject(options, ['lang', 'text']);
  check(text == null || typeof text === 'string', 'invalid_request', 'The text is a string.');
  check(lang == null || isTag(lang), 'invalid_request', 'The language is a tag such as pt-BR.');
  return [text ?? undefined, lang ?? undefined];
}

/** Whether it has the form of a tag of BCP 47. */
const isTag = (lang: unknown): boolean =>
  typeof lang === 'string' && /^[a-z0-9]{1,8}(-[a-z0-9]{1,8})*$/i.test(lang);

export interface CallOptions {
  /** The app whose tokens are redeemed, instead of the client's. */
  readonly appKey?: string | undefined;
  /** Makes this call the same redeemer as others with the same key, instead of the client's: 1 to 128 visible ASCII characters. */
  readonly idempotencyKey?: string | undefined;
  /** How many milliseconds the call takes at most, all its tries together, instead of the client's `callTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Ends the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Whether a wait or a call needs the phone number of whoever signs in. */
export interface PhoneOptions<Required extends boolean = true> {
  /**
   * Whether there must be a phone number, in place of what the client was set up for. With `false` people who hide theirs
   * are signed in too, and `phone` is null.
   */
  readonly requirePhone?: Required | undefined;
}

export interface VerifyTokenOptions<Required extends boolean = true>
  extends CallOptions,
    PhoneOptions<Required> {
  /**
   * The least confirmation to accept: `reply`, `match` or `code`. A login that was verified with less is confirmed first. It
   * asks for more only: what the app asks for is never undercut.
   */
  readonly confirm?: Confirm | undefined;
}

export interface WatchOptions<Required extends boolean = true> extends VerifyTokenOptions<Required> {
  /** How many milliseconds this wait lasts, instead of the client's. */
  readonly timeoutMs?: number | undefined;
  /**
   * The page where the login began, on the person's phone itself, without query and fragment: where the app asks for `code`,
   * the message with the digits has a link to it too. The app has to allow its origin. What the link brings is the page's
   * `#loggin=…`: `confirm` takes it in place of the digits, with the token that this browser kept.
   */
  readonly returnTo?: string | undefined;
}

export interface WaitForVerifyOptions<Required extends boolean = true> extends WatchOptions<Required> {
  /** Is told how far the login has come, each step once; of `awaiting_match` with the two digits to show. */
  readonly onProgress?: ((status: Progress, match?: string) => void) | undefined;
}

export type DeniedLoginsOptions = Pick<CallOptions, 'signal'>;

const CALL: (keyof CallOptions)[] = ['appKey', 'idempotencyKey', 'signal', 'timeoutMs'];

/** Calls that hand out a session. */
const REDEEM: (keyof VerifyTokenOptions)[] = [...CALL, 'confirm', 'requirePhone'];

/** Those that wait for one. */
const WAIT: (keyof WatchOptions)[] = [...REDEEM, 'returnTo'];

/** Most logins that one call asks about. */
const MAX_LOGIN_IDS = 100;

/** Where the app key stands in a token, behind `lgn1_`. */
const APP_KEY_IN_TOKEN = [5, 13] as const;

/**
 * The token in its canonical form. A token says whose app it is for, and its code depends on that: the server is not
 * asked about others'.
 *
 * @throws LogginError `invalid_token`, `unknown_app` for a token of another app, or, in production, `invalid_config`
 * where it is not said which tokens may be redeemed.
 */
function tokenOfApp(token: string, options: CallOptions, settings: Settings, claim: boolean): string {
  const secret = parseToken(token);
  const appKey = options.appKey == null ? settings.appKey : parseAppKey(options.appKey);
  check(
    appKey || !claim || !isProduction(),
    'invalid_config',
    "Set LOGGIN_APP_KEY, LOGGIN_SECRET_KEY or the option appKey: without them tokens of anybody's app would sign in here.",
  );
  const isOurs = !appKey || secret.slice(...APP_KEY_IN_TOKEN) === appKey;
  check(isOurs, 'unknown_app', 'The token was made for another app.');
  return secret;
}

/** @throws LogginError `invalid_request` where there are other options than these, or the signal is none. */
function signalOf(options: CallOptions, names: readonly string[]): AbortSignal | null | undefined {
  const { signal } = optionsObject(options, names);
  const isSignal = signal == null || typeof signal.addEventListener === 'function';
  check(isSignal, 'invalid_request', 'signal is an AbortSignal.');
  return signal;
}

/** @throws LogginError `invalid_request` where it is no confirmation, or not said whether the phone is required. */
function askedOf(options: VerifyTokenOptions<boolean>, settings: Settings, claim: boolean): Asked {
  const { confirm, requirePhone } = options;
  const isOne = confirm == null || isConfirm(confirm);
  check(isOne, 'invalid_request', "confirm is 'none', 'reply', 'match' or 'code'.");
  const isSaid = requirePhone == null || typeof requirePhone === 'boolean';
  check(isSaid, 'invalid_request', 'requirePhone is true or false.');
  const phone = (requirePhone ?? settings.requirePhone) === false ? 'optional' : undefined;
  return { claim, confirm: confirm ?? undefined, phone };
}

/** The settings with the idempotency key of one call. */
function asRedeemer(settings: Settings, { idempotencyKey }: CallOptions): Settings {
  checkIdempotencyKey(idempotencyKey, 'invalid_request');
  const headers = (): Record<string, string> => ({
    ...settings.headers?.(),
    'Idempotency-Key': idempotencyKey as string,
  });
  return idempotencyKey === undefined ? settings : { ...settings, headers };
}

/** Stands for the options of the one client that is not set up before it is used. */
const ON_FIRST_USE: LogginOptions = {};

/**
 * A client of one Loggin server: makes tokens, waits for logins, redeems and confirms them.
 *
 * In a browser it observes logins, and the app's server redeems them with the token that the browser hands in. On a
 * server (an edge function, a worker, Deno, Bun) its waits redeem, too.
 *
 * `RequirePhone` is the option `requirePhone`: whether sessions always have a phone number.
 */
export class Loggin<RequirePhone extends boolean = true> {
  readonly #closed = new Linked();
  readonly #wakes = new Set<() => void>();
  #settings: Settings | undefined;

  /** @throws InvalidInputError `invalid_config` where an option is malformed, or a browser has a secret key. */
  constructor(options: LogginOptions<RequirePhone> = {}) {
    if ((options as LogginOptions) !== ON_FIRST_USE) {
      this.#settings = inClasses(() => settingsOf(options));
    }
  }

  #open(): Settings {
    this.#settings ??= settingsOf({});
    return this.#settings;
  }

  /**
   * Makes a login for an app, offline and at once.
   *
   * @throws InvalidInputError `invalid_app_key`; for the text or the language `invalid_request`; `invalid_config` for a text
   * without a number: the server writes the message then.
   */
  createToken(appKey: string, options: CreateTokenOptions = {}): CreatedToken {
    return inClasses(() => {
      const settings = this.#open();
      const [text, lang] = wordsOf(options);
      check(
        !text || settings.whatsappNumber,
        'invalid_config',
        'A text needs whatsappNumber: without it the server writes the message.',
      );
      return new CreatedToken(createLogin({ ...settings, lang }, appKey, text));
    });
  }

  /**
   * Waits until the person has signed in, for 300 s unless told otherwise. A server that is away is waited for.
   *
   * In a browser the session's `phone` is null where the person hides it, or the app keeps it from browsers.
   *
   * It rejects with the signal's reason, or with a `LogginError`: `invalid_token` at once where the token is
   * malformed, `timeout` at the deadline, `expired`, `already_used`, `denied`, `phone_hidden`, `unknown_app` or
   * `unauthorized` as the server says, and `closed` when the client is. On a server a token of another app is
   * `unknown_app` at once.
   */
  async waitForVerify(token: string, options: WaitForVerifyOptions<boolean> = {}): Promise<ObservedSession> {
    return await this.#run(options, [...WAIT, 'onProgress'], async (settings, signal) => {
      const { onProgress, returnTo } = options;
      const timeoutMs = options.timeoutMs ?? settings.timeoutMs;
      checkTimeout(timeoutMs, 'invalid_request');
      check(
        onProgress == null || typeof onProgress === 'function',
        'invalid_request',
        'onProgress is a function.',
      );
      check(returnTo == null || typeof returnTo === 'string', 'invalid_request', 'returnTo is a string.');
      const claim = !isBrowser();
      const secret = tokenOfApp(token, options, settings, claim);
      const what = {
        token: secret,
        code: codeOf(secret),
        ...askedOf(options, settings, claim),
        onProgress,
        returnTo: () => returnTo ?? undefined,
        signal,
        timeoutMs,
        wakes: this.#wakes,
      };
      return plainSession(await awaitLogin(asRedeemer(settings, options), what));
    });
  }

  /**
   * Waits as `waitForVerify`, and tells on the way how far the login has come. The wait begins with the iteration, and ends
   * where that is left:
   *
   * ```js
   * for await (const { status, session } of loggin.watch(token)) {
   *   show(session ? 'Signed in' : status); // 'message_received', 'awaiting_match' (with `match`), 'awaiting_confirmation', later others
   * }
   * ```
   *
   * Steps that follow each other faster than they are asked for are told as one. The iteration rejects as `waitForVerify`.
   */
  async *watch(token: string, options: WatchOptions<boolean> = {}): LoginUpdates<ObservedSession> {
    const signal = inClasses(() => signalOf(options, WAIT));
    yield* updatesOf((more) => this.waitForVerify(token, { ...options, ...more }), signal);
  }

  /**
   * How far a login has come, now: `pending`, its progress, or `verified`. It waits for nothing and redeems nothing. Who
   * can wait is told sooner by `watch`.
   *
   * It rejects with `expired`, `denied`, `phone_hidden`, `unknown_app` or `unauthorized` where the login has ended so,
   * `rate_limited` where it is asked for too often, and `connection` where the server is not reached within the retries.
   */
  async status(token: string, options: CallOptions = {}): Promise<LoginStatus> {
    return await this.#run(options, CALL, async (settings, signal) => {
      const secret = tokenOfApp(token, options, settings, false);
      checkTimeout(options.timeoutMs, 'invalid_request');
      return await statusOf(settings, secret, signal, options.timeoutMs);
    });
  }

  /**
   * Redeems a token, as an app's server does with the one that a browser hands in. `null` while nobody has signed in.
   *
   * A login that is `phone_hidden` is not spent: a call with `requirePhone: false` can still redeem it.
   *
   * It rejects like `waitForVerify`, `unknown_app` included, but with `connection` where the server is not reached within the retries.
   */
  async verifyToken<Required extends boolean = RequirePhone>(
    token: string,
    options: VerifyTokenOptions<Required> = {},
  ): Promise<Session<PhoneOf<Required>> | null> {
    return await this.#run(options, REDEEM, async (settings, signal) => {
      const asked = askedOf(options, settings, true);
      const secret = tokenOfApp(token, options, settings, true);
      const body = { token: secret, confirm: asked.confirm, phone: asked.phone };
      checkTimeout(options.timeoutMs, 'invalid_request');
      const redeemer = asRedeemer(settings, options);
      const response = await call(redeemer, 'tokens/verify', body, signal, options.timeoutMs);
      if (response.status === 'pending') {
        return null;
      }
      check(response.status === 'verified', 'invalid_response', 'The response has no status that is known.');
      return plainSession(sessionOf(response, asked)) as Session<PhoneOf<Required>>;
    });
  }

  /**
   * Hands in the digits that WhatsApp showed, or what its link brought (`returnTo` of `waitForVerify`), for a login that
   * is `awaiting_confirmation`. The wait then ends.
   *
   * It rejects with `invalid_code` and `attemptsLeft` where they are wrong, `blocked` after too many tries, `expired`
   * where they come too late, `unknown_app` at once where the token is of another app, and `connection` where the server
   * is not reached within the retries.
   */
  async confirm(token: string, confirmationCode: string, options: CallOptions = {}): Promise<void> {
    return await this.#run(options, CALL, async (settings, signal) => {
      check(typeof confirmationCode === 'string', 'invalid_request', 'The confirmation code is a string.');
      const secret = tokenOfApp(token, options, settings, false);
      const body = { token: secret, confirmation_code: confirmationCode };
      checkTimeout(options.timeoutMs, 'invalid_request');
      const { status } = await call(settings, 'tokens/confirm', body, signal, options.timeoutMs);
      if (status !== 'verified') {
        throw invalidResponse();
      }
    });
  }

  /**
   * The name of a token's login, offline: keep it with the session that you make, for `deniedLogins`. It tells nothing and
   * opens nothing.
   *
   * @throws InvalidInputError `invalid_token`.
   */
  loginId(token: string): string {
    return inClasses(() => loginIdOf(parseToken(token)));
  }

  /**
   * Those of these logins whose person tapped "Not me" in WhatsApp after the app had redeemed the result (apps with
   * `confirm = reply`): end the sessions that came of them. The server remembers it for 90 days.
   *
   * It rejects with `invalid_request` for more than 100 logins, `unauthorized` without the app's secret key, and
   * `connection` where the server is not reached within the retries.
   */
  async deniedLogins(loginIds: readonly string[], options: DeniedLoginsOptions = {}): Promise<string[]> {
    return await this.#run(options, ['signal'], async (settings, signal) => {
      const isList = Array.isArray(loginIds) && loginIds.every((each) => typeof each === 'string');
      check(isList && loginIds.length <= MAX_LOGIN_IDS, 'invalid_request', 'loginIds: up to 100 strings.');
      if (!loginIds.length) {
        return [];
      }
      const { denied } = await call(settings, 'tokens/denied', { login_ids: loginIds }, signal);
      if (!Array.isArray(denied)) {
        throw invalidResponse();
      }
      return denied;
    });
  }

  /**
   * Has all waits connect anew, at once: call it when the network has changed and the runtime does not tell.
   *
   * A page that comes back, a network that does, and a computer that was asleep are noticed without it.
   */
  resume(): void {
    for (const wake of this.#wakes) {
      wake();
    }
  }

  /** Ends every wait and call with `closed`; later ones end the same way. */
  close(): void {
    this.#closed.abort(failure('closed', 'The client is closed.'));
  }

  /** Closes the client at the end of a `using` block, in runtimes that have them. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Runs something that ends with the caller's signal, and with this client. */
  async #run<T>(
    options: CallOptions,
    names: readonly string[],
    run: (settings: Settings, ended: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const unwatch: (() => void)[] = [];
    try {
      const signal = signalOf(options, names);
      const ended = new Linked();
      for (const ending of [signal, this.#closed.signal]) {
        if (ending) {
          throwIfEnded(ending);
          unwatch.push(onAbort(ending, () => ended.abort(reasonOf(ending))));
        }
      }
      return await run(this.#open(), ended.signal);
    } catch (reason) {
      throw classed(reason);
    } finally {
      for (const leave of unwatch) {
        leave();
      }
    }
  }
}

/** The client of the environment: `LOGGIN_BASE_URL`, `LOGGIN_APP_KEY`, `LOGGIN_SECRET_KEY`, `LOGGIN_WHATSAPP_NUMBER`. */
export const loggin: Loggin = /* @__PURE__ */ new Loggin(ON_FIRST_USE);
