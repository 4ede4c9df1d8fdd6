/** Calls that are made again where their failure passes. */

import { pause } from './abort.js';
import { delay } from './backoff.js';
import { classOf } from './classes.js';
import { isLogginError, type LogginError } from './error.js';
import { ServerError } from './errors.js';
import { callOnce } from './http.js';
import type { Settings } from './settings.js';

/** What went wrong in passing, whatever the status. */
const PASSING_CODES = ['connection', 'rate_limited', 'unavailable'];

/** Statuses after which a call is repeated where the code does not decide: a proxy's, and those of newer servers. */
const PASSING_STATUSES = [408, 429, 502, 503, 504];

/**
 * The longest pause, in seconds, that the server may ask for before a call is repeated: somebody waits for its result. A
 * longer one is the caller's to make.
 */
const LONGEST_PAUSE_S = 5;

/**
 * Calls until there is a result, an error that does not pass, or no time left for another try. It rejects with the
 * signal's reason.
 */
export async function call(
  settings: Settings,
  path: string,
  body: object,
  signal: AbortSignal,
  given?: number | null,
): Promise<Record<string, unknown>> {
  const timeoutMs = given ?? settings.callTimeoutMs;
  const began = performance.now();
  const spent = (): number => performance.now() - began;
  for (let attempt = 0; ; attempt++) {
    const result = await callOnce(settings, path, body, signal, timeoutMs - spent());
    if (!isLogginError(result)) {
      return result;
    }
    const { retryAfter = 0 } = result;
    if (attempt === settings.maxRetries || !passes(result) || retryAfter > LONGEST_PAUSE_S) {
      throw result;
    }
    const rest = delay(attempt, spent(), retryAfter * 1000);
    if (spent() + rest >= timeoutMs) {
      throw result;
    }
    await pause(rest, signal);
  }
}

function passes({ code, status = 0 }: LogginError): boolean {
  const isVague = classOf(code) === ServerError && code !== 'send_failed';
  return PASSING_CODES.includes(code) || (isVague && PASSING_STATUSES.includes(status));
}
