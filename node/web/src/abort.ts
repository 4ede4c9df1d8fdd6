/** Signals that end together, and pauses that a signal ends. */

/** The longest span that timers keep, in milliseconds; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

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

  readonly #follow = (): void => this.abort(this.#parent?.reason);

  /** Has it end after some milliseconds, instead of those it was told before. */
  abortAfter(milliseconds: number, reason?: unknown): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.abort(reason), Math.min(milliseconds, LONGEST_TIMER_MS));
  }

  /** Leaves the signal and the timer alone. */
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
