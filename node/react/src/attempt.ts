/**
 * A person's attempts to sign in, as a value with listeners and without React: one token and one stream at a time,
 * whatever is rendered, mounted twice or reloaded around it.
 */

import { createLogin, type LogginError, type NewLogin, type Server } from '@loggin/web/create';
import type { Progress, SessionFields } from '@loggin/web/finish';

/** Where an attempt stands. */
export type LogginStatus = 'idle' | 'pending' | Progress | 'verified' | 'expired' | 'denied' | 'error';

/** Who signed in, and the token that the app's server redeems: what the page says proves nothing. */
export interface LogginSuccess extends SessionFields {
  readonly token: string;
}

/** What an app is told. */
export interface LogginHandlers {
  /** Somebody signed in. Hand the token to your server; `verified` comes when what is returned has resolved. */
  readonly onSuccess?: ((success: LogginSuccess) => unknown) | undefined;
  /** It came to nothing: denied, refused, or `onSuccess` failed. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** Nobody sent the message in time. */
  readonly onExpire?: (() => void) | undefined;
}

export interface LogginState {
  readonly status: LogginStatus;
  /** Opens WhatsApp. It is there before the tap; null on a server, and until a page is hydrated. */
  readonly link: string | null;
  /** When the attempt runs out, in milliseconds since 1970; null while none is under way. */
  readonly expiresAt: number | null;
  /** What went wrong: the end of the attempt, or the last code that was typed. `LogginError`s have a `code`. */
  readonly error: Error | null;
  /** How many tries are left to type the code, once one was wrong. */
  readonly attemptsLeft: number | null;
  /** A code was typed and is being checked. */
  readonly isConfirming: boolean;
  /** The person has opened the link here, in this attempt. */
  readonly isOpened: boolean;
}

/** A login is pending for as long on the server, in milliseconds. */
const LIFETIME_MS = 300_000;

/** The state on a server, and until a page is hydrated. */
export const IDLE: LogginState = {
  status: 'idle',
  link: null,
  expiresAt: null,
  error: null,
  attemptsLeft: null,
  isConfirming: false,
  isOpened: false,
};

const UNDER_WAY: readonly LogginStatus[] = ['pending', 'message_received', 'awaiting_confirmation'];

export const isUnderWay = ({ status }: Pick<LogginState, 'status'>): boolean => UNDER_WAY.includes(status);

/** The part that waits: loaded while the person reads, so that the link is there sooner. */
const loadFinish = (): Promise<typeof import('@loggin/web/finish')> => import('@loggin/web/finish');

export interface AttemptOptions {
  readonly server: Server;
  readonly appKey: string;
  readonly text: string | undefined;
}

export class Attempt {
  handlers: LogginHandlers = {};
  #options: AttemptOptions | undefined;
  #login: NewLogin | undefined;
  #state = IDLE;
  #wait: AbortController | undefined;
  /** Settles when the digits that are being handed in are answered. */
  #confirming: Promise<void> | undefined;
  #mounts = 0;
  readonly #listeners = new Set<() => void>();

  readonly getState = (): LogginState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /**
   * Makes the link; returns what takes it back. Development mounts twice at once, which must not be seen here, so what
   * is under way ends only if nothing has mounted again by the next microtask.
   */
  mount(options: AttemptOptions): () => void {
    const { appKey, server, text } = this.#options ?? {};
    this.#mounts++;
    if (options.appKey !== appKey || options.server !== server || options.text !== text) {
      this.#options = options;
      this.cancel();
    } else if (isUnderWay(this.#state) && !this.#wait) {
      void this.#run();
    }
    loadFinish().catch(() => {});
    return () => {
      this.#mounts--;
      queueMicrotask(() => this.#mounts || this.#stop());
    };
  }

  /** Begins to wait; after an end, with another token. It changes nothing while an attempt is under way. */
  readonly start = (): void => {
    if (isUnderWay(this.#state) || !this.#options) {
      return;
    }
    if (this.#state.status !== 'idle') {
      this.#prepare();
    }
    if (this.#login) {
      this.#set({ status: 'pending', expiresAt: Date.now() + LIFETIME_MS });
      void this.#run();
    }
  };

  /** The person opens the link: WhatsApp shows the message. */
  readonly open = (): void => {
    this.start();
    this.#set({ isOpened: true });
  };

  /** Ends the attempt, and makes another link: the old one could still be sent. */
  readonly cancel = (): void => {
    this.#stop();
    this.#prepare();
  };

  /** Hands in the digits that WhatsApp showed. How it went stands in the state. */
  readonly confirm = async (digits: string): Promise<void> => {
    const { status, isConfirming } = this.#state;
    const wait = this.#wait;
    if (!wait || isConfirming || !this.#login || !this.#options || status === 'pending') {
      return;
    }
    this.#set({ isConfirming: true, error: null });
    this.#confirming = this.#confirm(digits, wait, this.#options.server, this.#login.token);
    await this.#confirming;
  };

  async #confirm(digits: string, wait: AbortController, server: Server, token: string): Promise<void> {
    try {
      const { confirmLogin } = await loadFinish();
      await confirmLogin(server, token, digits, wait.signal);
      this.#set({ isConfirming: false });
    } catch (reason) {
      if (wait.signal.aborted) {
        return;
      }
      const error = reason as LogginError;
      if (error.code === 'blocked') {
        this.#end(error);
      } else {
        // The person types again; an end of the login is told by the wait.
        this.#set({ isConfirming: false, error, attemptsLeft: error.attemptsLeft ?? null });
      }
    }
  }

  #prepare(): void {
    this.#login = undefined;
    this.#state = IDLE;
    try {
      const { appKey, server, text } = this.#options as AttemptOptions;
      this.#login = createLogin(server, appKey, text);
      this.#set({ ...IDLE, link: this.#login.link });
    } catch (error) {
      this.#end(error as Error);
    }
  }

  async #run(): Promise<void> {
    const { server } = this.#options as AttemptOptions;
    const { token, code } = this.#login as NewLogin;
    const wait = new AbortController();
    this.#wait = wait;
    const { signal } = wait;
    const timeoutMs = Math.max(1, (this.#state.expiresAt ?? 0) - Date.now());
    const onProgress = (status: Progress): void => {
      if (!signal.aborted) {
        this.#set({ status });
      }
    };
    try {
      const { awaitLogin } = await loadFinish();
      const session = await awaitLogin(server, {
        token,
        code,
        claim: false,
        signal,
        timeoutMs,
        onProgress,
      });
      signal.throwIfAborted();
      const { onSuccess } = this.handlers;
      if (onSuccess) {
        // Nobody is signed in before the app's own server says so.
        this.#set({ status: 'message_received', error: null, isConfirming: false });
        await onSuccess({ ...session, token });
        signal.throwIfAborted();
      }
      this.#set({ status: 'verified', error: null, isConfirming: false, expiresAt: null });
    } catch (reason) {
      // The last wrong code denies the login: what the person typed is answered first, and says more.
      await this.#confirming;
      if (!signal.aborted) {
        this.#end(reason as Error);
      }
    }
  }

  #end(error: Error): void {
    this.#stop();
    const { code } = error as LogginError;
    const isExpired = code === 'expired' || code === 'timeout';
    this.#set({
      status: isExpired ? 'expired' : code === 'denied' ? 'denied' : 'error',
      error,
      expiresAt: null,
      isConfirming: false,
    });
    if (isExpired) {
      this.handlers.onExpire?.();
    } else {
      this.handlers.onError?.(error);
    }
  }

  #stop(): void {
    this.#wait?.abort();
    this.#wait = undefined;
  }

  #set(change: Partial<LogginState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
