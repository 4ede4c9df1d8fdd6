/** `watch`: an iterator over the progress of a login, whose last value is the session. */

import type { Session } from './login.js';
import { onAbort } from './signals.js';

/** How far a login has come that has no result yet. The list is open: a newer server may tell more. */
export type Progress = 'message_received' | 'awaiting_confirmation' | 'awaiting_match' | (string & {});

/** How far a login has come, as `status` tells it: its progress, or nothing yet, or all the way. */
export type LoginStatus = 'pending' | 'verified' | Progress;

/** What is new about a login: how far it has come or, in the last update, who signed in. */
export type LoginUpdate<S = Session> =
  | {
      readonly status: Progress;
      readonly session: null;
      /** Of `awaiting_match`: the two digits to show, which the person chooses in WhatsApp. */
      readonly match?: string;
    }
  | { readonly status: 'verified'; readonly session: S };

/** What `watch` gives: iterate over it, and leave it to end the wait. */
export type LoginUpdates<S = Session> = AsyncGenerator<LoginUpdate<S>, void, undefined>;

/** How a wait tells its progress, and what ends it. */
interface Watched {
  readonly signal: AbortSignal;
  readonly onProgress: (status: Progress, match?: string) => void;
}

/** Turns a wait that calls back into an iterator. The wait ends with the signal, or when the iteration is left. */
export async function* updatesOf<S>(
  wait: (watched: Watched) => Promise<S>,
  signal: AbortSignal | null | undefined,
): LoginUpdates<S> {
  const left = new AbortController();
  const follow = (): void => left.abort(signal?.reason);
  const unwatch = signal && onAbort(signal, follow);
  if (signal?.aborted) {
    follow();
  }
  let news: LoginUpdate<S> | undefined;
  let isOver = false;
  let wake = (): void => {};
  const onProgress = (status: Progress, match?: string): void => {
    news = { status, session: null, ...(match !== undefined && { match }) };
    wake();
  };
  const end = (): void => {
    // The result is delivered even if the signal ends at the same moment.
    unwatch?.();
    isOver = true;
    wake();
  };
  const session = wait({ signal: left.signal, onProgress });
  session.then(end, end);
  try {
    for (;;) {
      if (news === undefined && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (news !== undefined && !left.signal.aborted) {
        const update = news;
        news = undefined;
        yield update;
      } else if (isOver || left.signal.aborted) {
        yield { status: 'verified', session: await session };
        return;
      }
    }
  } finally {
    left.abort();
  }
}
