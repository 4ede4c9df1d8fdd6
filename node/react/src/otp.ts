/**
 * A sign-in by one-time code, as a value with listeners and without React. It asks the app's own server, where the
 * secret key stays.
 */

import { isControlFlow } from './faults.js';

/** What is sent to start. */
export interface OtpStart {
  readonly phone: string;
  /** A region such as `IN`, for numbers without country code. */
  readonly country_code?: string | undefined;
}

/** What is sent to verify. The session's id may be left to a cookie of the app's. */
export interface OtpVerify {
  readonly session_id?: string | undefined;
  readonly otp_code: string;
}

/** A response that tells an error, as the Loggin server does: a function may return it or throw it. */
export interface OtpRefusal {
  readonly error: string;
  readonly attempts_left?: number | undefined;
  /** Seconds. */
  readonly retry_after?: number | undefined;
}

/** How the app's server is asked: by a path that takes the JSON of `Request`, or by a function such as a server action. */
export type OtpRoute<Request> = string | ((request: Request) => Promise<unknown>);

/** What went wrong, by the code of the protocol. */
export class OtpError extends Error {
  readonly code: string;
  readonly attemptsLeft: number | null;
  /** Seconds. */
  readonly retryAfter: number | null;

  constructor({ error, attempts_left, retry_after }: Partial<OtpRefusal>) {
    super(`The app's server responds with ${error}.`);
    this.name = 'OtpError';
    this.code = typeof error === 'string' ? error : 'otherError';
    this.attemptsLeft = attempts_left ?? null;
    this.retryAfter = retry_after ?? null;
  }
}

export interface OtpState {
  readonly step: 'phone' | 'code' | 'verified';
  readonly isBusy: boolean;
  readonly error: OtpError | null;
  readonly phone: string;
  /** Until when no other code is sent, in milliseconds since 1970; null where one may be. */
  readonly resendAt: number | null;
}

/** The server sends one code to a phone in this time, in milliseconds. */
const COOLDOWN_MS = 30_000;

/** Longest time for a response, in milliseconds: the send is part of it. */
const RESPONSE_MS = 30_000;

/** The same in seconds, where a server that says "too quick" does not say how long. */
const COOLDOWN_S = COOLDOWN_MS / 1000;

/** Codes after which the code at hand is worth nothing, whatever is typed. */
export const NEEDS_NEW_CODE = ['expired', 'session_not_found', 'already_used', 'max_attempts', 'blocked'];

/** Codes of the app's server that stand for what a page can do about them in the same way. */
const SAME: Readonly<Record<string, string>> = { internal: 'unavailable', invalid_response: 'unavailable' };

const FIRST: OtpState = { step: 'phone', isBusy: false, error: null, phone: '', resendAt: null };

/** Where codes are sent and checked. */
export interface OtpRoutes {
  /** The app's own route that starts, or a function: the secret key stays on its server. */
  readonly start: OtpRoute<OtpStart>;
  /** The app's own route that verifies, or a function. */
  readonly verify: OtpRoute<OtpVerify>;
}

/** How a number is typed. */
export interface CountryOptions {
  /** A region such as `IN`, for numbers without country code: the first choice of the select, else the browser's region. */
  readonly countryCode?: string | undefined;
  /** Limits the select to these regions, as `countries` of `otpHandlers` in `@loggin/nextjs` limits the codes. */
  readonly countries?: readonly string[] | undefined;
  /** `false` leaves the select out, and the plans of all countries with it. */
  readonly countrySelect?: boolean | undefined;
}

export interface OtpHandlers {
  /** The number is verified; `result` is what the app's server responded with. */
  readonly onSuccess?: ((result: Record<string, unknown>) => unknown) | undefined;
  readonly onError?: ((error: OtpError) => void) | undefined;
}

export class Otp {
  handlers: OtpHandlers = {};
  #state = FIRST;
  #sessionId: string | undefined;
  /** What the app's server gave for the right code, until the app has taken it. */
  #result: Record<string, unknown> | undefined;
  readonly #listeners = new Set<() => void>();

  readonly getState = (): OtpState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Has a code sent, the first or another one. */
  async send(route: OtpRoute<OtpStart>, phone: string, countryCode: string | undefined): Promise<void> {
    await this.#attempt({ phone }, async () => {
      this.#result = undefined;
      const started = await ask(route, { phone, country_code: countryCode });
      this.#sessionId = (started.session_id ?? started.sessionId) as string | undefined;
      this.#set({ step: 'code', resendAt: Date.now() + COOLDOWN_MS });
    });
  }

  /** Hands in the code that the person typed. */
  async verify(route: OtpRoute<OtpVerify>, code: string): Promise<void> {
    await this.#attempt({}, async () => {
      // A code verifies once: where the app did not take the result, the next try is the app's alone.
      this.#result ??= await ask(route, { session_id: this.#sessionId, otp_code: code });
      try {
        await this.handlers.onSuccess?.(this.#result);
      } catch (reason) {
        if (!isControlFlow(reason)) {
          throw reason;
        }
      }
      this.#set({ step: 'verified' });
    });
  }

  /** Goes back to the phone number. */
  readonly restart = (): void => {
    this.#result = undefined;
    this.#set({ ...FIRST, phone: this.#state.phone });
  };

  async #attempt(change: Partial<OtpState>, run: () => Promise<void>): Promise<void> {
    if (this.#state.isBusy) {
      return;
    }
    this.#set({ ...change, isBusy: true, error: null });
    try {
      await run();
    } catch (reason) {
      const error = reason instanceof OtpError ? reason : new OtpError({ error: 'otherError' });
      const wait = error.retryAfter ?? (error.code === 'rate_limited' ? COOLDOWN_S : null);
      const resendAt = wait === null ? this.#state.resendAt : Date.now() + wait * 1000;
      this.#set({ error, resendAt });
      this.handlers.onError?.(error);
    } finally {
      this.#set({ isBusy: false });
    }
  }

  #set(change: Partial<OtpState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

/** The response of the app's server; it throws an `OtpError` where that tells an error, or cannot be reached. */
async function ask<Request>(route: OtpRoute<Request>, request: Request): Promise<Record<string, unknown>> {
  const received =
    typeof route === 'string' ? await post(route, request) : await route(request).catch(refusalOf);
  const fields = Object(received) as Record<string, unknown>;
  if (fields.error) {
    const error = String(fields.error);
    throw new OtpError({ ...fields, error: SAME[error] ?? error });
  }
  return fields;
}

async function post(url: string, body: unknown): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout?.(RESPONSE_MS),
    } as RequestInit);
    const told = await response.json().catch(() => ({}));
    return response.ok ? told : { error: 'otherError', ...told };
  } catch {
    return { error: 'connection' };
  }
}

/** The refusal that a function threw: an error with a `code`, as the SDKs have it, or anything else. */
function refusalOf(reason: unknown): OtpRefusal {
  const { code, attemptsLeft, retryAfter } = Object(reason) as Partial<OtpError>;
  return {
    error: code ?? 'otherError',
    attempts_left: attemptsLeft ?? undefined,
    retry_after: retryAfter ?? undefined,
  };
}
