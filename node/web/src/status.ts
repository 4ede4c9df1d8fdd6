/** How far a login has come, for who asks now and does not wait. */

import { call } from './calls.js';
import { failureOf, invalidResponse } from './failure.js';
import { isOf, STATUS, sessionOf } from './session.js';
import type { Settings } from './settings.js';
import { codeOf } from './token.js';
import type { LoginStatus } from './updates.js';
import type { EventData, WireEvent } from './wait.js';

/**
 * Asks once. It rejects with the signal's reason, or with a `LogginError`.
 *
 * A token that is none has its end told at once, and so is the state of the token that stands beside it: a poll for that
 * one alone would be held until something happens.
 */
export async function statusOf(
  settings: Settings,
  token: string,
  signal: AbortSignal,
  timeoutMs: number | undefined,
): Promise<LoginStatus> {
  const { events } = await call(
    settings,
    'tokens/events',
    { tokens: [token, ''], claim: false },
    signal,
    timeoutMs,
  );
  if (!Array.isArray(events)) {
    throw invalidResponse();
  }
  let known: LoginStatus = 'pending';
  for (const told of events) {
    const { event, data } = Object(told) as WireEvent;
    const { code, error, message, session, status, token_index } = Object(data) as EventData;
    if (code !== codeOf(token) && token_index !== 0) {
      continue;
    }
    if (event === 'rejected') {
      throw failureOf(error, message);
    }
    if (event === 'verified') {
      sessionOf(session, { claim: false });
      known = event;
    } else if (event === 'progress' && isOf(STATUS, status)) {
      known = status;
    }
  }
  return known;
}
