/** Abort signals: controllers that follow a signal, timers that abort, and pauses that a signal ends. */

/** Longest delay of `setTimeout`, in milliseconds; with a longer one it would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Why signals ended, for runtimes whose signals do not keep it: React Native, and browsers before 2022. */
const reasons = new WeakMap<AbortSignal, unknown>();

/** The reason of a signal that has ended. */
export const reasonOf = (signal: AbortSignal): unknown =>
  reasons.get(signal) ??
  signal.reason ??
  Object.assign(new Error('This operation was aborted.'), { name: 'AbortError' });

/** @throws the reason of a signal that has ended. */
export function throwIfEnded(signal: AbortSignal | null | undefined): void {
  if (signal?.aborted) {
    throw reasonOf(signal);
  }
}

/** A controller that ends with a signal, and with its reason, until it is released. */
export class Linked extends AbortController {
  readonly #parent: AbortSignal | null | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parent?: AbortSignal | null) {
    super();
    this.#parent = parent;
    parent?.addEventListener('abort', this.#follow);
    if (parent?.aborted) {
      this.#follow();
    }
  }

  readonly #follow = (): void => this.abort(reasonOf(this.#parent as AbortSignal));

  override abort(reason?: unknown): void {
    if (reason !== undefined && !this.signal.aborted) {
      reasons.set(this.signal, reason);
    }
    super.abort(reason);
  }

  /** Calls `act` after some milliseconds, at once for 0 or less. It replaces an earlier call. */
  after(milliseconds: number, act: () => void): void {
    clearTimeout(this.#timer);
    const rest = milliseconds - LONGEST_TIMER_MS;
    if (milliseconds <= 0) {
      act();
    } else if (rest > 0) {
      this.#timer = setTimeout(() => this.after(rest, act), LONGEST_TIMER_MS);
    } else {
      this.#timer = setTimeout(act, milliseconds);
    }
  }

  /** Aborts after some milliseconds. It replaces an earlier call. */
  abortAfter(milliseconds: number, reason?: unknown): void {
    this.after(milliseconds, () => this.abort(reason));
  }

  /** Stops following the signal, and the timer. */
  release(): void {
    clearTimeout(this.#timer);
    this.#parent?.removeEventListener('abort', this.#follow);
  }
}

/** Resolves after some milliseconds, or as soon as the signal is aborted. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
    if (signal.aborted) {
      end();
    }
  });
