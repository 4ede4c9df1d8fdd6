/** What is under way: each wait or call has an id, and the native half calls back with the ids that have settled. */

import { type Confirm, onAbort } from '@loggin/web/shared';
import { addon, unwrap } from './addon.js';
import { environmentOf } from './environment.js';
import { listenByDefault } from './logs.js';
import type { Client, ClientOptions, Settled } from './native.js';

/** Who is told of a result. There is one for each wait, and nothing else is kept of it here. */
interface Waiter {
  /** Whatever waits keeps the client; see `settler`. */
  readonly client: Client;
  readonly resolve: (settled: Settled) => void;
  readonly tell: Tell | undefined;
  readonly unwatch: (() => void) | undefined;
}

type Pending = Map<number, Waiter>;

/** Is told how far a login has come, and the digits to show; it must not throw. */
type Tell = (status: string, match?: string) => void;

/**
 * How long a wait or a call lasts, the least confirmation that it accepts, whether it requires the phone, and, for a wait,
 * where its login began.
 */
export interface Limits {
  readonly timeoutMs: number | undefined;
  readonly confirm: Confirm | undefined;
  readonly requirePhone: boolean | undefined;
  readonly returnTo: string | undefined;
}

/** Phone, country code, length, the meta as JSON text, the person's address, and the time of the call. */
export type StartOtp = [
  phone: string,
  countryCode: string | undefined,
  otpLength: number | undefined,
  meta: string | undefined,
  clientIp: string | undefined,
  timeoutMs: number | undefined,
];

/** Session, the digits, and the time of the call. */
export type VerifyOtp = [sessionId: string, otpCode: string, timeoutMs: number | undefined];

export class Waits {
  readonly client: Client;
  readonly #pending: Pending = new Map();
  #lastId = 0;

  /**
   * Opens a native client. It connects to nothing yet.
   *
   * @throws InvalidInputError where an option is malformed.
   */
  constructor(options: ClientOptions) {
    listenByDefault();
    const production = process.env.NODE_ENV === 'production';
    const environment = environmentOf(process.env);
    const given = { ...options, production, environment };
    this.client = unwrap(addon().openClient(given, settler(this.#pending)));
  }

  /** Waits for a token; `#expect` says how. */
  wait(
    token: string,
    { timeoutMs, confirm, requirePhone, returnTo }: Limits,
    signal: AbortSignal | undefined,
  ): Promise<Settled> {
    const promise = this.#expect(signal);
    this.client.wait(this.#lastId, token, timeoutMs, confirm, requirePhone, returnTo);
    return promise;
  }

  /** The same, and tells each step on the way. */
  watch(
    token: string,
    { timeoutMs, confirm, requirePhone, returnTo }: Limits,
    signal: AbortSignal | undefined,
    tell: Tell,
  ): Promise<Settled> {
    const promise = this.#expect(signal, tell);
    this.client.watch(this.#lastId, token, timeoutMs, confirm, requirePhone, returnTo);
    return promise;
  }

  /** Hands in a confirmation code; `#expect` says how. */
  confirm(
    token: string,
    confirmationCode: string,
    timeoutMs: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Settled> {
    const promise = this.#expect(signal);
    this.client.confirm(this.#lastId, token, confirmationCode, timeoutMs);
    return promise;
  }

  /** Asks how far a login has come; `#expect` says how. */
  status(token: string, timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<Settled> {
    const promise = this.#expect(signal);
    this.client.status(this.#lastId, token, timeoutMs);
    return promise;
  }

  /** Redeems a token; `#expect` says how. */
  verify(
    token: string,
    { timeoutMs, confirm, requirePhone }: Limits,
    signal: AbortSignal | undefined,
  ): Promise<Settled> {
    const promise = this.#expect(signal);
    this.client.verify(this.#lastId, token, timeoutMs, confirm, requirePhone);
    return promise;
  }

  /** Asks which logins were denied; `#expect` says how. */
  denied(loginIds: string[], signal: AbortSignal | undefined): Promise<Settled> {
    const promise = this.#expect(signal);
    this.client.denied(this.#lastId, loginIds);
    return promise;
  }

  /** Sends a one-time code; `#expect` says how. */
  startOtp(request: StartOtp, signal: AbortSignal | undefined): Promise<Settled> {
    const promise = this.#expect(signal);
    this.client.startOtp(this.#lastId, ...request);
    return promise;
  }

  /** Checks a one-time code; `#expect` says how. */
  verifyOtp(request: VerifyOtp, signal: AbortSignal | undefined): Promise<Settled> {
    const promise = this.#expect(signal);
    this.client.verifyOtp(this.#lastId, ...request);
    return promise;
  }

  /**
   * What the next id settles with. It holds the event loop until then, or until the signal is aborted; then it rejects
   * with the signal's reason.
   */
  #expect(signal: AbortSignal | undefined, tell?: Tell): Promise<Settled> {
    // A polyfill may lack `throwIfAborted`.
    if (signal?.aborted) {
      throw signal.reason;
    }
    const id = this.#nextId();
    const { client } = this;
    if (this.#pending.size === 0) {
      client.hold();
    }
    return new Promise((resolve, reject) => {
      const unwatch = signal && onAbort(signal, this.#abort(id, signal, reject));
      this.#pending.set(id, { client, resolve, tell, unwatch });
    });
  }

  #abort(id: number, signal: AbortSignal, reject: (reason: unknown) => void): () => void {
    return () => {
      leave(this.#pending, id);
      this.client.cancel(id);
      reject(signal.reason);
    };
  }

  /** Ids are 32 bits wide: they come round after so many waits that the first ones are long over. */
  #nextId(): number {
    this.#lastId = (this.#lastId + 1) >>> 0;
    return this.#lastId;
  }
}

/** Made out here: the native half keeps this function for ever, so it must keep nothing that keeps a client. */
function settler(pending: Pending): (batch: Settled[]) => void {
  return (batch) => {
    for (const settled of batch) {
      const { id, progress, matchDigits } = settled;
      if (progress == null) {
        leave(pending, id)?.resolve(settled);
      } else {
        pending.get(id)?.tell?.(progress, ...(matchDigits == null ? [] : [matchDigits]));
      }
    }
  };
}

/** Takes out who waits, if anybody does, and lets the event loop end after the last. */
function leave(pending: Pending, id: number): Waiter | undefined {
  const waiter = pending.get(id);
  pending.delete(id);
  waiter?.unwatch?.();
  if (waiter && pending.size === 0) {
    waiter.client.release();
  }
  return waiter;
}
