/**
 * Logins that the app's own server holds: it makes the token and keeps it in a cookie of this browser. Routes of the app
 * (`<route>/begin`, `/wait` and `/confirm`) are asked what a Loggin server would be, with the login's name in place of
 * the token, so that the page has nothing that could be redeemed.
 */

import { pause, throwIfEnded } from './abort.js';
import { delay } from './backoff.js';
import type { NewLogin } from './create.js';
import { isLogginError, type LogginError } from './error.js';
import { failure } from './failure.js';
import { callOnce, objectOf } from './http.js';
import type { Server } from './server.js';
import { LOST_MS } from './wait.js';
import { onWake } from './wake.js';

const STREAM = 'text/event-stream';

/** Errors with which a login ends; after any other one the route is asked again. */
const ENDS = ['already_used', 'denied', 'expired', 'phone_hidden', 'unknown_app'];

/** Statuses below 500 after which the route is asked again. */
const PASSING_STATUSES = [408, 425, 429];

const json = (body: object): Response =>
  new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } });

/** The session's cookie belongs to the page's own site. */
const ask = (path: string, init: RequestInit, body: object): Promise<Response> =>
  fetch(path, { ...init, credentials: 'same-origin', body: JSON.stringify(body) });

/** A `fetch` that asks the app's route instead of a Loggin server, by long polls: a route has no event streams. */
export async function routeFetch(route: string, url: string, init: RequestInit): Promise<Response> {
  const { Accept } = init.headers as Record<string, string>;
  const { tokens, token, known, confirm, confirmation_code, return_to } = JSON.parse(init.body as string);
  if (url.endsWith('confirm')) {
    return await ask(`${route}/confirm`, init, { login: token, code: confirmation_code });
  }
  if (Accept === STREAM) {
    // A stream that a runtime does not hand over: the wait goes on with polls.
    return new Response(null, { headers: { 'Content-Type': STREAM } });
  }
  const [status] = Object.values(known ?? {});
  return await asPoll(
    await ask(`${route}/wait`, init, { login: tokens[0], known: status, confirm, return_to }),
    confirm,
  );
}

/** The response to a held question, as the poll of a Loggin server says it. */
async function asPoll(response: Response, confirmation: unknown): Promise<Response> {
  const { error, match, message, status } = await objectOf(response.clone());
  if (response.status === 202) {
    return json({
      events: status === 'pending' ? [] : [{ event: 'progress', data: { token_index: 0, status, match } }],
    });
  }
  if (status === 'verified') {
    // The app's server has the session; the page learns only that there is one.
    const who = { app_key: '', subject: '', assurance: 'normal' };
    const session = { ...who, confirmation, verified_at: new Date().toISOString() };
    return json({ events: [{ event: 'verified', data: { token_index: 0, session } }] });
  }
  return ENDS.includes(error as string)
    ? json({ events: [{ event: 'rejected', data: { token_index: 0, error, message } }] })
    : response;
}

/** What a login is begun with. */
export interface RoutedBeginning {
  /** The message's own text, with `{code}` in it once. */
  readonly text?: string | undefined;
  /** The login of this page that is given up for this one. */
  readonly replaces?: string | undefined;
}

/**
 * Has the app's route begin a login; the token is its name. A route that is not reached is asked again until the signal
 * ends, sooner where the page comes back; after 8 s `onLost` is told why.
 *
 * It rejects with the signal's reason, or with a `LogginError` of the route: `invalid_request` where it is none.
 */
export async function beginByRoute(
  route: string,
  what: RoutedBeginning,
  signal: AbortSignal,
  onLost?: (problem: LogginError) => void,
): Promise<NewLogin> {
  const server: Server = {
    baseUrl: '',
    whatsappNumber: undefined,
    fetch: (_url, init = {}) => ask(`${route}/begin`, init, what),
  };
  const began = performance.now();
  let isLost = false;
  for (let attempt = 0; ; attempt++) {
    const result = await callOnce(server, 'begin', what, signal);
    if (!isLogginError(result)) {
      const { login, link, code } = result;
      if (typeof login === 'string' && typeof link === 'string') {
        return { token: login, link, code: String(code) };
      }
      throw noRoute(route, '200');
    }
    if (!passes(result)) {
      // A route guard, or no such route; its own words say more.
      const isRoute = !['invalid_response', 'not_found', 'unauthorized'].includes(result.code);
      throw isRoute ? result : noRoute(route, String(result.status));
    }
    const outage = performance.now() - began;
    let pause = delay(attempt, outage, (result.retryAfter ?? 0) * 1000);
    if (!isLost && outage + pause > LOST_MS) {
      await rest(Math.max(0, LOST_MS - outage), signal);
      throwIfEnded(signal);
      isLost = true;
      pause -= LOST_MS - outage;
      onLost?.(result);
    }
    await rest(Math.max(0, pause), signal);
    throwIfEnded(signal);
  }
}

function passes({ code, status = 0 }: LogginError): boolean {
  return code === 'connection' || status >= 500 || PASSING_STATUSES.includes(status);
}

function noRoute(route: string, status: string): LogginError {
  return failure(
    'invalid_request',
    `POST ${route}/begin responds with ${status}, and not as loginHandlers() of @loggin/nextjs does: is it there, and public?`,
  );
}

/** A pause that ends when the page comes back. */
async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const end = (): void => over.abort();
  const unwatch = onWake(end);
  signal.addEventListener('abort', end);
  await pause(milliseconds, over.signal);
  signal.removeEventListener('abort', end);
  unwatch();
}
