/** The wait for one login: event streams one after another, or long polls where a proxy buffers streams. */

import { Linked, pause, throwIfEnded } from './abort.js';
import { delay, MAX_HINT_MS } from './backoff.js';
import { isLogginError, type LogginError } from './error.js';
import { failure, failureOf } from './failure.js';
import { errorOfResponse, isResponse, notReached, objectOf, post } from './http.js';
import type { Server } from './server.js';
import { type Asked, isOf, type SessionFields, STATUS, sessionOf } from './session.js';
import { streamReader } from './sse.js';
import type { Progress } from './updates.js';
import { onWake } from './wake.js';

export type { Progress } from './updates.js';

const STREAM = 'text/event-stream';

/** Whether the server is there: not known yet, or tried again; connected; not reached for 8 s. */
export type Connection = 'connecting' | 'open' | 'lost';

/** The digits that a page shows. */
const MATCH = /^\d\d$/;

/**
 * Longest time until `ready`, in milliseconds: a stream that takes longer is buffered by a proxy, and the next try is a
 * long poll. It includes connecting: on a slow phone DNS, TLS, preflight and response take several seconds.
 */
const READY_MS = 10_000;

/** After this many polls without a result a stream is tried again: it may have been late only once. */
const POLLS_IN_A_ROW = 4;

/** A stream that is silent for so long, in milliseconds, counts as lost: the server sends a comment every 15 s. */
const SILENCE_MS = 45_000;

/** Longest time of a long poll, in milliseconds: the server responds after 25 s, and the rest is for the network. */
const POLL_MS = 35_000;

/** An empty response before this time means that the server does not hold the long poll: the next one waits. */
const SHORTEST_POLL_MS = 1_000;

/** Several events tell that a page came back: a connection younger than this, in milliseconds, is kept. */
const WAKE_GAP_MS = 500;

/** After a short absence a stream is kept that received something in this time: an interval of comments and more. */
const FRESH_MS = 20_000;

/** A stream that lived for so long worked: its loss begins a new outage. `ready` alone does not show that. */
const PROVED_MS = 10_000;

/** A server that was not reached for so long is reported as lost; shorter gaps, as between two cells, are not. */
export const LOST_MS = 8_000;

/** Statuses that end a wait if the body is an error of the protocol: the same request would fail again. */
const FINAL_STATUSES = [400, 401, 403, 404];

/** How long a wait lasts by default, in milliseconds: as long as a login is pending on the server. */
export const DEFAULT_TIMEOUT_MS = 300_000;

/** What is waited for, and how. */
export interface WaitFor extends Asked {
  /** The token in canonical form, like the code. */
  readonly token: string;
  readonly code: string;
  /** The address of the page, without its query, where the person opened the link on this very device. */
  readonly returnTo?: (() => string | undefined) | undefined;
  /** Called with each new status of the login, once each; of `awaiting_match` with the digits to show. */
  readonly onProgress?: ((status: Progress, match?: string) => void) | undefined;
  /** Called when the connection changes, with the error where the server is not reached. */
  readonly onConnection?: ((connection: Connection, problem?: LogginError) => void) | undefined;
  /** Ends the wait, which then rejects with its reason. */
  readonly signal?: AbortSignal | null | undefined;
  /** How many milliseconds it lasts at most, also while the computer sleeps; 300,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Holds a function that makes it connect again, while the wait lasts. */
  readonly wakes?: Set<() => void> | undefined;
}

/** One connection, or one pause between two, and how it ended. */
class Turn extends Linked {
  readonly began = performance.now();
  /** When the last bytes arrived. */
  receivedAt = this.began;
  /** It is a pause between two connections. */
  isRest = false;
  /** The server responds, and knows the token. */
  hasReceived = false;
  /** It brought news. */
  isNews = false;
  /** The page came back, which ended it. */
  isAwoken = false;
  /** The stream did not begin in time, which ended it. */
  isKeptBack = false;
  /** The server's `retry:` or `Retry-After`, in milliseconds. */
  hintMs = 0;
  /** The error that the server responded with. */
  problem: LogginError | undefined;
  /** The login's end. */
  end: SessionFields | LogginError | undefined;

  awake(): void {
    this.isAwoken = true;
    this.abort();
  }

  keepBack(): void {
    this.isKeptBack = true;
    this.abort();
  }
}

class Wait {
  readonly #server: Server;
  readonly #what: WaitFor;
  readonly #ended: AbortSignal;
  #progress: string | undefined;
  #turn: Turn | undefined;
  #connection: Connection = 'connecting';
  #problem: LogginError | undefined = notReached('timeout');
  #lost: ReturnType<typeof setTimeout> | undefined;

  constructor(server: Server, what: WaitFor, ended: AbortSignal) {
    this.#server = server;
    this.#what = what;
    this.#ended = ended;
  }

  /**
   * A page that comes back connects anew: its connection may have died unnoticed. After a short look elsewhere one that
   * received something lately goes on.
   */
  wake(hasMissed: boolean, gapMs = WAKE_GAP_MS): void {
    const turn = this.#turn;
    const now = performance.now();
    const isStale = turn && (hasMissed || turn.isRest || now - turn.receivedAt > FRESH_MS);
    if (isStale && now - turn.began >= gapMs) {
      turn.awake();
    }
  }

  /** Connects again, whatever the age of the connection: the caller knows that the network changed. */
  renew(): void {
    this.#turn?.awake();
  }

  async run(): Promise<SessionFields | LogginError> {
    let pollsLeft = 0;
    let attempt = 0;
    let outage = performance.now();
    for (;;) {
      const turn = this.#begin();
      const polls = pollsLeft > 0;
      try {
        await (polls ? this.#poll(turn) : this.#listen(turn));
      } catch {
        // Whatever breaks a connection passes: not reached, cut off, no event stream, an event that is none of ours.
      }
      turn.release();
      turn.abort();
      if (turn.end) {
        return turn.end;
      }
      const { isAwoken, hasReceived, isKeptBack, isNews } = turn;
      if (!hasReceived && !isAwoken && !isKeptBack) {
        this.#miss(turn.problem);
      }
      const lived = performance.now() - turn.began >= PROVED_MS;
      if (isAwoken || isNews || (hasReceived && (polls || lived))) {
        attempt = 0;
        outage = performance.now();
      }
      if (isKeptBack) {
        pollsLeft = POLLS_IN_A_ROW;
      } else if (!isNews) {
        // A poll goes on while it has a response.
        pollsLeft = polls && hasReceived && !isAwoken ? pollsLeft - 1 : 0;
      }
      if (!isAwoken && !isKeptBack) {
        await this.#rest(delay(attempt++, performance.now() - outage, turn.hintMs), turn.hintMs);
      }
    }
  }

  /** Ends the reports on the connection. */
  release(): void {
    clearTimeout(this.#lost);
  }

  /** The error of the deadline; it has a cause where the server was not connected at the end. */
  timeout(): LogginError {
    return failure('timeout', 'Nobody signed in before the wait was over.', {
      cause: this.#problem?.cause,
    });
  }

  #miss(problem = notReached('other')): void {
    this.#problem = problem;
    if (this.#connection === 'open' || this.#lost === undefined) {
      this.#connect('connecting');
      this.#lost = setTimeout(() => this.#connect('lost', this.#problem), LOST_MS);
    }
  }

  #received(turn: Turn): void {
    turn.hasReceived = true;
    this.release();
    this.#problem = undefined;
    this.#connect('open');
  }

  #connect(connection: Connection, problem?: LogginError): void {
    if (connection !== this.#connection) {
      this.#connection = connection;
      const { onConnection } = this.#what;
      queueMicrotask(() => onConnection?.(connection, problem));
    }
  }

  #begin(): Turn {
    throwIfEnded(this.#ended);
    this.#turn = new Turn(this.#ended);
    return this.#turn;
  }

  /** Waits before the next try. What the server asked for is kept to, also where the page comes back meanwhile. */
  async #rest(milliseconds: number, hintMs: number): Promise<void> {
    const began = performance.now();
    let end = began + milliseconds;
    for (let left = milliseconds; left > 0; left = end - performance.now()) {
      const turn = this.#begin();
      turn.isRest = true;
      await pause(left, turn.signal);
      turn.release();
      if (turn.signal.aborted) {
        end = began + Math.min(hintMs, MAX_HINT_MS);
      }
    }
  }

  async #listen(turn: Turn): Promise<void> {
    turn.after(READY_MS, () => turn.keepBack());
    const response = await this.#post(turn, STREAM);
    if (!response) {
      return;
    }
    // Some runtimes hand over no body before it is whole.
    const reader = response.body?.getReader() ?? turn.keepBack();
    const read = streamReader({
      onEvent: (name, data) => this.#take(turn, name, () => JSON.parse(data)),
      onRetry: (milliseconds) => {
        turn.hintMs = milliseconds;
      },
    });
    while (reader && !turn.end) {
      const { value } = await reader.read();
      if (!value) {
        return;
      }
      turn.receivedAt = performance.now();
      read(value);
      if (turn.hasReceived) {
        turn.abortAfter(SILENCE_MS);
      }
    }
  }

  async #poll(turn: Turn): Promise<void> {
    turn.abortAfter(POLL_MS);
    const response = await this.#post(turn, 'application/json');
    if (response) {
      const { events } = await objectOf(response);
      for (const told of events as unknown[]) {
        const { event, data } = Object(told) as WireEvent;
        this.#take(turn, event, () => data);
      }
      if (turn.isNews || performance.now() - turn.began >= SHORTEST_POLL_MS) {
        this.#received(turn);
      }
    }
  }

  /** The response of a server that takes the request. */
  async #post(turn: Turn, accept: string): Promise<Response | undefined> {
    const { claim, confirm, phone, returnTo, token } = this.#what;
    const response = await post(
      this.#server,
      'tokens/events',
      { tokens: [token], claim, confirm, phone, return_to: returnTo?.(), known: this.#known(accept) },
      accept,
      turn.signal,
    );
    if (isResponse(response, accept)) {
      return response;
    }
    const error = await errorOfResponse(response);
    const isRefused = FINAL_STATUSES.includes(response.status) && error.code !== 'invalid_response';
    if (isRefused || error.code === 'quota_exceeded') {
      turn.end = error;
    }
    turn.problem = error;
    turn.hintMs = (error.retryAfter ?? 0) * 1000;
    return undefined;
  }

  /** What a poll already knows (`known` in the protocol); a stream sends everything. */
  #known(accept: string): object | undefined {
    return this.#progress && accept !== STREAM ? { [this.#what.code]: this.#progress } : undefined;
  }

  /** Takes in one event. One that cannot be read concerns its own login alone: an end of this one is its end still. */
  #take(turn: Turn, name: string, read: () => unknown): void {
    if (name === 'ready') {
      this.#received(turn);
    }
    if (turn.end || !/^(progress|verified|rejected)$/.test(name)) {
      return;
    }
    const { onProgress } = this.#what;
    try {
      const { code, error, match, message, session, status, token_index } = Object(read()) as EventData;
      if (code !== this.#what.code && token_index !== 0) {
        return;
      }
      if (name === 'verified') {
        turn.end = sessionOf(session, this.#what);
      } else if (name === 'rejected') {
        turn.end = failureOf(error, message);
      } else if (status !== this.#progress && isOf(STATUS, status)) {
        this.#progress = status;
        turn.isNews = true;
        // What the caller does with it, and how that fails, is not this connection's.
        const digits = isOf(MATCH, match) ? [match] : [];
        queueMicrotask(() => onProgress?.(status, ...digits));
      }
    } catch (reason) {
      turn.end = isLogginError(reason) ? reason : undefined;
    }
  }
}

/** Waits until the person has signed in. It rejects with the signal's reason, or with a `LogginError`. */
export async function awaitLogin(server: Server, what: WaitFor): Promise<SessionFields> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, wakes } = what;
  const ended = new Linked(signal);
  const wait = new Wait(server, what, ended.signal);
  const deadline = Date.now() + timeoutMs;
  const expire = (): void => ended.abort(wait.timeout());
  ended.after(timeoutMs, expire);
  const unwatch = onWake((hasMissed) => (Date.now() < deadline ? wait.wake(hasMissed) : expire()));
  const renew = (): void => wait.renew();
  wakes?.add(renew);
  try {
    throwIfEnded(ended.signal);
    const end = await wait.run();
    if (isLogginError(end)) {
      throw end;
    }
    return end;
  } finally {
    wakes?.delete(renew);
    unwatch();
    wait.release();
    ended.release();
  }
}

/** An event of a long poll, unchecked. */
export interface WireEvent {
  readonly event: string;
  readonly data?: unknown;
}

/** The data of an event, unchecked. */
export interface EventData {
  readonly code?: unknown;
  readonly error?: unknown;
  readonly match?: unknown;
  readonly message?: unknown;
  readonly session?: unknown;
  readonly status?: unknown;
  readonly token_index?: unknown;
}
