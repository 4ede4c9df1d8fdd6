/** The client: one method for each thing a user wants to do. */

import {
  type Confirm,
  isConfirm,
  type LoginStatus,
  type LoginUpdates,
  type PhoneOf,
  type Progress,
  type Session,
  updatesOf,
} from '@loggin/web/shared';
import { unwrap } from './addon.js';
import {
  abortSignal,
  check,
  clientOptions,
  type LogginOptions,
  optionalFlag,
  optionalFunction,
  optionalText,
  optionsObject,
  text,
  texts,
  timeout,
  tokenText,
} from './input.js';
import { CreatedToken, sessionOf } from './login.js';
import type { Settled } from './native.js';
import { Otp, succeeded } from './otp.js';
import { type Limits, Waits } from './waits.js';

export interface CreateTokenOptions {
  /**
   * The message's own text. It contains `{code}` once, is at most 200 characters long with the code filled in, and has
   * no `+` and no emoji.
   */
  readonly text?: string | undefined;
}

export interface CallOptions {
  /** How many milliseconds the call takes at most, all its tries together, instead of the client's `callTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Ends the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a wait or a call accepts. */
export interface ConfirmOptions {
  /**
   * The least confirmation to accept: `reply`, `match` or `code`. A login that was verified with less is confirmed first. It
   * asks for more only: what the app asks for is never undercut.
   */
  readonly confirm?: Confirm | undefined;
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
    ConfirmOptions,
    PhoneOptions<Required> {}

export interface DeniedLoginsOptions {
  /** Ends the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface WatchOptions<Required extends boolean = true>
  extends ConfirmOptions,
    PhoneOptions<Required> {
  /**
   * The page where the login began, on the person's own phone, or a link that opens your app there; without query and
   * fragment. Where the app asks for `code`, the message with the digits has a link to it too, if the app allows its origin.
   * `confirm` takes what stands behind `#loggin=` there in place of the digits.
   */
  readonly returnTo?: string | undefined;
  /** How many milliseconds this wait lasts, instead of the client's. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface WaitForVerifyOptions<Required extends boolean = true> extends WatchOptions<Required> {
  /** Is told how far the login has come, each step once; of `awaiting_match` with the two digits to show. */
  readonly onProgress?: ((status: Progress, match?: string) => void) | undefined;
}

/** The options of a call, by name. */
const CALL = ['signal', 'timeoutMs'] as const;

/** Those of a call that hands out a session. */
const REDEEM = [...CALL, 'confirm', 'requirePhone'] as const;

/** Those of a wait for one. */
const WAIT = [...REDEEM, 'returnTo'] as const;

/** @throws InvalidInputError `invalid_request` where one of them is not what it should be. */
function limitsOf({ confirm, requirePhone, returnTo, timeoutMs }: WatchOptions<boolean>): Limits {
  const isOne = confirm == null || isConfirm(confirm);
  check(isOne, 'invalid_request', "confirm is 'none', 'reply', 'match' or 'code'.");
  return {
    timeoutMs: timeout(timeoutMs),
    confirm: confirm ?? undefined,
    requirePhone: optionalFlag(requirePhone, 'requirePhone'),
    returnTo: optionalText(returnTo, 'returnTo'),
  };
}

/** How a client stands to its server. It holds nothing secret and may be logged. */
export interface ClientState {
  /** Whether an event stream is ready. A client that nothing waits for has none, and is not connected. */
  readonly isConnected: boolean;
  /** Since when it is connected or, with a cause, since when the server has not been reached. */
  readonly since: Date | null;
  /** Why the server was not reached the last time, as in `LogginError.cause`; `null` once it was. */
  readonly cause: string | null;
  /** The proxy that the client goes through, without its name and password; `null` where it connects by itself. */
  readonly proxy: string | null;
}

/** Stands for the options of the one client that is not opened before it is used. */
const ON_FIRST_USE: LogginOptions = {};

/**
 * A client of one Loggin server: makes tokens, waits for logins, redeems and confirms them.
 *
 * All waits of a client share their streams: thousands of them need a handful of connections. The process ends by
 * itself when nothing waits.
 *
 * `RequirePhone` is the option `requirePhone`: whether sessions always have a phone number.
 */
export class Loggin<RequirePhone extends boolean = true> {
  #opened: Waits | undefined;
  #otp: Otp | undefined;
  #isClosed = false;

  /** @throws InvalidInputError `invalid_config` where an option is malformed. */
  constructor(options: LogginOptions<RequirePhone> = {}) {
    if ((options as LogginOptions) !== ON_FIRST_USE) {
      this.#opened = new Waits(clientOptions(options));
    }
  }

  get #waits(): Waits {
    if (!this.#opened) {
      this.#opened = new Waits({});
      if (this.#isClosed) {
        this.#opened.client.close();
      }
    }
    return this.#opened;
  }

  /** One-time codes over WhatsApp. They need the secret key. */
  get otp(): Otp {
    this.#otp ??= new Otp(() => this.#waits);
    return this.#otp;
  }

  /**
   * Makes a login for an app, offline and at once.
   *
   * @throws InvalidInputError `invalid_app_key` or, for the text, `invalid_request`.
   */
  createToken(appKey: string, options: CreateTokenOptions = {}): CreatedToken {
    const key = text(appKey, 'The app key', 'invalid_app_key');
    const { text: own } = optionsObject(options, ['text']);
    const message = own == null ? undefined : text(own, 'text', 'invalid_request');
    const [token, link, code] = unwrap(this.#waits.client.createToken(key, message)).split('\n');
    return new CreatedToken(token as string, link as string, code as string);
  }

  /**
   * Waits until the person has signed in, for 300 s unless told otherwise. A server that is away is waited for.
   *
   * It rejects with the signal's reason, or with a `LogginError`: `invalid_token` at once where the token is
   * malformed, `timeout` at the deadline, `expired`, `already_used`, `denied`, `phone_hidden`, `unknown_app` or
   * `unauthorized` as the server says, and `closed` when the client is. A token of another app is `unknown_app` at once,
   * and `invalid_config` where nothing says whose tokens are accepted: see the option `appKey`. A login that is
   * `phone_hidden` is not spent: a call with `requirePhone: false` can still redeem it.
   */
  async waitForVerify<Required extends boolean = RequirePhone>(
    token: string,
    options: WaitForVerifyOptions<Required> = {},
  ): Promise<Session<PhoneOf<Required>>> {
    const { onProgress, signal } = optionsObject(options, [...WAIT, 'onProgress']);
    const secret = tokenText(token);
    const limits = limitsOf(options);
    const ending = abortSignal(signal);
    const tell = optionalFunction(onProgress, 'onProgress');
    const settled = tell
      ? // What the caller does with it, and how that fails, is not the client's.
        await this.#waits.watch(secret, limits, ending, (...told) => queueMicrotask(() => tell(...told)))
      : await this.#waits.wait(secret, limits, ending);
    return sessionIn(settled) as Session<PhoneOf<Required>>;
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
  async *watch<Required extends boolean = RequirePhone>(
    token: string,
    options: WatchOptions<Required> = {},
  ): LoginUpdates<Session<PhoneOf<Required>>> {
    const { signal, ...rest } = optionsObject(options, WAIT);
    yield* updatesOf((more) => this.waitForVerify(token, { ...rest, ...more }), abortSignal(signal));
  }

  /**
   * Hands in the digits that WhatsApp showed, or what its link brought (`returnTo` of `waitForVerify`), for a login that is
   * `awaiting_confirmation` (the app, or who waits, asks for `code`). The wait then ends. It needs no secret key.
   *
   * It rejects with `invalid_code` and `attemptsLeft` where they are wrong, `blocked` after too many tries, `expired`
   * where they come too late, `invalid_request` where the login asks for none, or not yet, and `connection` where the
   * server is not reached within the retries and the time.
   */
  async confirm(token: string, confirmationCode: string, options: CallOptions = {}): Promise<void> {
    const { signal, timeoutMs } = optionsObject(options, CALL);
    const secret = tokenText(token);
    const digits = text(confirmationCode, 'The confirmation code', 'invalid_request');
    succeeded(await this.#waits.confirm(secret, digits, timeout(timeoutMs), abortSignal(signal)));
  }

  /**
   * How far a login has come, now: `pending`, its progress, or `verified`. It waits for nothing and redeems nothing. Who
   * can wait is told sooner by `watch`.
   *
   * It rejects with `expired`, `denied`, `phone_hidden`, `unknown_app` or `unauthorized` where the login has ended so,
   * `rate_limited` where it is asked for too often, and `connection` where the server is not reached within the retries and
   * the time.
   */
  async status(token: string, options: CallOptions = {}): Promise<LoginStatus> {
    const { signal, timeoutMs } = optionsObject(options, CALL);
    const secret = tokenText(token);
    const settled = await this.#waits.status(secret, timeout(timeoutMs), abortSignal(signal));
    return succeeded(settled).status as LoginStatus;
  }

  /**
   * Redeems a token, as an app's server does with the one that a browser hands in. `null` while nobody has signed in.
   *
   * It rejects like `waitForVerify`, but with `connection` where the server is not reached within the retries
   * and the time.
   */
  async verifyToken<Required extends boolean = RequirePhone>(
    token: string,
    options: VerifyTokenOptions<Required> = {},
  ): Promise<Session<PhoneOf<Required>> | null> {
    const { signal } = optionsObject(options, REDEEM);
    const secret = tokenText(token);
    const limits = limitsOf(options);
    const settled = await this.#waits.verify(secret, limits, abortSignal(signal));
    return sessionIn(settled) as Session<PhoneOf<Required>> | null;
  }

  /**
   * The name of a token's login, offline: keep it with the session that you make, for `deniedLogins`. It tells nothing and
   * opens nothing.
   *
   * @throws InvalidInputError `invalid_token`.
   */
  loginId(token: string): string {
    return unwrap(this.#waits.client.loginId(tokenText(token)));
  }

  /**
   * Those of these logins whose person tapped "Not me" in WhatsApp after the app had redeemed the result (apps with
   * `confirm = reply`): end the sessions that came of them. The server remembers it for 90 days.
   *
   * It rejects with `invalid_request` for more than 100 logins, `unauthorized` without the app's secret key, and
   * `connection` where the server is not reached within the retries and the time.
   */
  async deniedLogins(loginIds: readonly string[], options: DeniedLoginsOptions = {}): Promise<string[]> {
    const { signal } = optionsObject(options, ['signal']);
    const names = texts(loginIds, 'loginIds');
    const settled = await this.#waits.denied(names, abortSignal(signal));
    return succeeded(settled).loginIds as string[];
  }

  /** How the client stands to its server, without asking it. */
  state(): ClientState {
    const { isConnected, since, cause, proxy } = this.#waits.client.state();
    return {
      isConnected,
      since: since == null ? null : new Date(since),
      cause: cause ?? null,
      proxy: proxy ?? null,
    };
  }

  /**
   * Has all waits connect anew, at once: call it when the network has changed.
   *
   * A connection that died without a word is else noticed after 45 s of silence. That the computer was asleep, the client
   * notices by itself, within a second; the deadlines of waits count the sleep.
   */
  resume(): void {
    this.#opened?.client.resume();
  }

  /** Ends every wait and call with `closed`; later ones end the same way. */
  close(): void {
    this.#isClosed = true;
    this.#opened?.client.close();
  }

  /** Closes the client at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The client of the environment: `LOGGIN_BASE_URL`, `LOGGIN_APP_KEY`, `LOGGIN_SECRET_KEY`, `LOGGIN_WHATSAPP_NUMBER`. */
export const loggin: Loggin = new Loggin(ON_FIRST_USE);

function sessionIn(settled: Settled): Session<string | null> | null {
  const { session } = succeeded(settled);
  return session ? sessionOf(session) : null;
}
