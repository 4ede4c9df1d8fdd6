/**
 * A person's attempts to sign in, as a value with listeners and without React: one token and one stream at a time,
 * whatever is rendered, mounted twice or reloaded around it.
 */

import {
  createLogin,
  failure,
  isLoopback,
  type LogginError,
  type NewLogin,
  type Server,
} from '@loggin/web/create';

import type { Confirm } from '@loggin/web/finish';
import type { RoutedBeginning } from '@loggin/web/routed';
import { type Kept, keep, keptOf, LIFETIME_MS, nameOf } from './kept.js';
import { type Course, IDLE, isUnderWay, type LogginHandlers, type LogginState } from './login-state.js';

/** What no attempt has any more that is over. */
const OVER = { expiresAt: null, isConfirming: false, isResumed: false };

/** The part that waits: loaded while the person reads, so that the link is there sooner. */
const loadCourse = (): Promise<typeof import('./course.js')> => import('./course.js');

/** Tokens that an attempt on this page waits for: of several buttons one goes on with what was kept. */
const held = new Set<string | undefined>();

/** A server, and whether somebody named it. */
export interface NamedServer extends Server {
  readonly isUnnamed?: boolean;
  /** Begins a login that the app's own server holds, in place of another one: the page knows its name, and no token. */
  readonly begin?: (what: RoutedBeginning, course: Course) => Promise<NewLogin>;
}

export interface AttemptOptions {
  readonly server: NamedServer;
  readonly appKey: string;
  readonly text: string | undefined;
  /** The least confirmation that is accepted. */
  readonly confirm?: Confirm | undefined;
}

export class Attempt {
  handlers: LogginHandlers = {};
  /** What the app's framework is to show in place of this page: to be thrown where it renders. */
  passedOn: unknown;
  #options: AttemptOptions | undefined;
  #login: NewLogin | undefined;
  #state = IDLE;
  #course: Course | undefined;
  /** Settles when the digits that are being handed in are judged. */
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
    const before = this.#options;
    const { status } = this.#state;
    // At first, and where a page that was kept comes back after the end.
    const isGone =
      (!this.#login && !this.#course) || !(this.#mounts || isUnderWay(this.#state) || status === 'idle');
    // An attempt that is under way keeps the words that the person has read.
    if (
      isGone ||
      !before ||
      nameOf(before) !== nameOf(options) ||
      !(isUnderWay(this.#state) || (options.server === before.server && options.text === before.text))
    ) {
      this.#discard();
      this.#options = options;
      this.#prepare(before ? undefined : keptOf(options));
    }
    this.#options = options;
    loadCourse()
      .then(({ arrive }) => arrive(this, options))
      .catch(() => {});
    return this.hold();
  }

  /** Keeps the attempt going where what mounted it may be taken away; returns what takes it back. */
  hold(): () => void {
    this.#mounts++;
    if (isUnderWay(this.#state)) {
      this.#course ? held.add(this.#course.token) : this.#go();
    }
    return () => {
      if (!--this.#mounts) {
        held.delete(this.#login?.token);
      }
      queueMicrotask(() => this.#mounts || this.#course?.isTold || this.#stop());
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
    if (this.#login || this.#course) {
      this.#set({ status: 'pending', expiresAt: Date.now() + LIFETIME_MS });
      this.#go();
    }
  };

  /** The person opens the link: WhatsApp shows the message. */
  readonly open = (): void => {
    this.start();
    this.#set({ isOpened: true });
    this.#keep();
    // The server learns that the person is on this device.
    for (const wake of this.#course?.wakes ?? []) {
      wake();
    }
  };

  /** The link in WhatsApp led to this page: with the attempt that goes on here, if it began in this browser. */
  readonly arrive = (kept?: Kept): void => {
    if (kept) {
      this.#discard();
      this.#prepare(kept);
    } else {
      this.#set({ isElsewhere: true });
    }
  };

  /** Ends the attempt, and makes another link: the old one could still be sent. */
  readonly cancel = (): void => {
    this.#discard();
    this.#prepare();
  };

  /** Hands in the digits that WhatsApp showed. How it went stands in the state. */
  readonly confirm = async (digits: string): Promise<void> => {
    const { status, isConfirming } = this.#state;
    const course = this.#course;
    if (!course || isConfirming || status === 'pending') {
      return;
    }
    this.#set({ isConfirming: true, error: null });
    this.#confirming = loadCourse()
      .then(({ confirm }) => confirm(course, digits))
      .catch((error) => this.#end(error));
    await this.#confirming;
  };

  /** Makes a link, or goes on with the attempt that was under way when the page was left. */
  #prepare(stored?: Kept): void {
    const kept = stored && !held.has(stored.token) ? stored : undefined;
    const replaces = this.#login?.token;
    this.#login = kept;
    this.#state = IDLE;
    try {
      const { appKey, server, text } = this.#options as AttemptOptions;
      const { location: page } = globalThis;
      if (server.isUnnamed && page && !isLoopback(page.hostname)) {
        throw failure('invalid_config', 'No baseUrl.');
      }
      if (kept) {
        const { expiresAt, isOpened } = kept;
        this.#set({ status: 'pending', expiresAt, isOpened, isResumed: true });
        this.#go(kept);
      } else if (server.begin) {
        const course = this.#newCourse();
        const { signal } = course.wait;
        server.begin({ text, replaces }, course).then(
          (login) => signal.aborted || this.#go(login),
          (error) => signal.aborted || this.#end(error),
        );
      } else {
        this.#go(createLogin(server, appKey, text));
      }
    } catch (error) {
      this.#end(error as Error);
    }
  }

  /** Goes on with a login, once there is one: its link can be opened, or has been waited for already. */
  #go(login = this.#login): void {
    this.#login = login;
    if (login) {
      this.#set({ link: login.link });
      if (isUnderWay(this.#state)) {
        this.#keep();
        void this.#run(login);
      }
    }
  }

  #newCourse(login?: NewLogin): Course {
    const wait = new AbortController();
    this.#course = {
      ...(this.#options as AttemptOptions),
      ...(login as NewLogin),
      wait,
      wakes: new Set(),
      set: (change) => wait.signal.aborted || this.#set(change),
      attempt: this,
    };
    return this.#course;
  }

  async #run(login: NewLogin): Promise<void> {
    const course = this.#newCourse(login);
    const { signal } = course.wait;
    held.add(login.token);
    try {
      const { follow } = await loadCourse();
      const passedOn = await follow(course);
      // The app has taken it, also where it has left this page behind already.
      this.#forget();
      if (!signal.aborted) {
        this.passedOn = passedOn;
        this.#set({ ...OVER, status: 'verified', error: null });
      }
    } catch (reason) {
      // The last wrong code denies the login: the response to what the person typed comes first, and says more.
      await this.#confirming;
      if (!signal.aborted) {
        this.#end(reason as Error);
      }
    }
  }

  #end(error: Error): void {
    this.#discard();
    loadCourse()
      .then(({ explain }) => explain(error))
      .catch(() => {});
    const { code } = error as LogginError;
    const isExpired = code === 'expired' || code === 'timeout';
    const status = isExpired ? 'expired' : code === 'denied' ? code : 'error';
    this.#set({ ...OVER, status, error });
    isExpired ? this.handlers.onExpire?.() : this.handlers.onError?.(error);
  }

  #discard(): void {
    this.#stop();
    this.#forget();
  }

  #stop(): void {
    this.#course?.wait.abort();
    this.#course = undefined;
  }

  #keep(): void {
    const { expiresAt, isOpened } = this.#state;
    if (this.#options && this.#login) {
      keep(this.#options, { ...this.#login, expiresAt, isOpened });
    }
  }

  /** Of an attempt that is over nothing is kept. One that another button has begun since is not touched. */
  #forget(): void {
    const { token } = this.#login ?? {};
    held.delete(token);
    if (this.#options && token && keptOf(this.#options)?.token === token) {
      keep(this.#options);
    }
  }

  #set(change: Partial<LogginState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
