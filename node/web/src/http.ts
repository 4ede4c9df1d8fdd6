/** Requests by `fetch`, which all runtimes have. */

import { Linked, throwIfEnded } from './abort.js';
import type { LogginError } from './error.js';
import { failure, failureOf } from './failure.js';
import type { Server } from './server.js';

/** How many milliseconds a call takes at most, unless it says otherwise. */
export const CALL_TIMEOUT_MS = 10_000;

/** Longest JSON that is read, in characters: no response of the protocol comes near it. */
const MAX_RESPONSE = 64 << 10;

/** Options that keep cookies, referrer and caches out of it. Some workers throw at an option that they do not know. */
const KEPT_TO_ITSELF: RequestInit = {
  cache: 'no-store',
  credentials: 'omit',
  referrerPolicy: 'no-referrer',
};

/** Sends JSON below the base URL. It rejects with the signal's reason, or with whatever `fetch` throws. */
export function post(
  server: Server,
  path: string,
  body: object,
  accept: string,
  signal: AbortSignal,
): Promise<Response> {
  const known = Object.entries(KEPT_TO_ITSELF).filter(([name]) => name in Request.prototype);
  return server.fetch(`${server.baseUrl}api/v1/${path}`, {
    ...Object.fromEntries(known),
    method: 'POST',
    headers: { Accept: accept, 'Content-Type': 'application/json', ...server.headers?.() },
    body: JSON.stringify(body),
    // A redirect would carry a key or a token elsewhere.
    redirect: 'manual',
    signal,
  });
}

/** Whether a response is a 200 of this type. */
export const isResponse = (response: Response, type: string): boolean =>
  response.status === 200 && hasType(response, type);

const hasType = ({ headers }: Response, type: string): boolean =>
  (headers.get('Content-Type') ?? '').toLowerCase().startsWith(type);

/** The object that a response holds; an empty one where it is no JSON. */
export async function objectOf(response: Response): Promise<Record<string, unknown>> {
  const text = hasType(response, 'application/json') ? await response.text() : '';
  try {
    return Object(text.length > MAX_RESPONSE || JSON.parse(text));
  } catch {
    return {};
  }
}

/** The cause for a response that is not of this protocol. A redirect that is not followed has status 0 in browsers. */
const causeOf = (status: number): string =>
  status === 200 ? 'protocol' : /^(0|3..)$/.test(`${status}`) ? 'redirect' : `http_${status}`;

/** The error that a response tells. */
export async function errorOfResponse(response: Response): Promise<LogginError> {
  const { error, message, attempts_left, request_id, retry_after } = await objectOf(response);
  const { headers, status } = response;
  return failureOf(error, message, {
    status,
    cause: typeof error === 'string' ? undefined : causeOf(status),
    attemptsLeft: attempts_left as number | undefined,
    requestId: (request_id as string | undefined) ?? headers.get('X-Request-Id') ?? undefined,
    retryAfter: seconds(retry_after) ?? seconds(headers.get('Retry-After')),
  });
}

/** `Retry-After`: seconds, or a date. */
function seconds(value: unknown): number | undefined {
  const text = String(value ?? '').trim();
  const left = /^[0-9.]+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(left) ? Math.max(0, left) : undefined;
}

/** The error of a server that did not respond. */
export const notReached = (cause: string): LogginError =>
  failure('connection', 'The server was not reached.', { cause });

/**
 * Makes a call once; the result is the object of a 200, or the error.
 *
 * It rejects with the signal's reason.
 */
export async function callOnce(
  server: Server,
  path: string,
  body: object,
  signal?: AbortSignal | null,
  timeoutMs = CALL_TIMEOUT_MS,
): Promise<Record<string, unknown> | LogginError> {
  const turn = new Linked(signal);
  turn.abortAfter(timeoutMs);
  try {
    throwIfEnded(turn.signal);
    const response = await post(server, path, body, 'application/json', turn.signal);
    return isResponse(response, 'application/json')
      ? await objectOf(response)
      : await errorOfResponse(response);
  } catch {
    throwIfEnded(signal);
    // `fetch` tells no more than that it failed.
    return notReached(turn.signal.aborted ? 'timeout' : 'other');
  } finally {
    turn.release();
  }
}
