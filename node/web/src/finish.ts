/** The rest of a login that `@loggin/web/create` began: the wait for it, and its confirmation. */

import { isLogginError } from './error.js';
import { invalidResponse } from './failure.js';
import { callOnce } from './http.js';
import type { Server } from './server.js';

export type { Assurance, Confirm, SessionFields } from './session.js';
export { awaitLogin, type Connection, type Progress, type WaitFor } from './wait.js';

/**
 * Hands in the digits that WhatsApp showed, once: a repeated call could count as a second try.
 *
 * It rejects with the signal's reason, or with a `LogginError`.
 */
export async function confirmLogin(
  server: Server,
  token: string,
  confirmationCode: string,
  signal?: AbortSignal | null,
): Promise<void> {
  const response = await callOnce(
    server,
    'tokens/confirm',
    { token, confirmation_code: confirmationCode },
    signal,
  );
  if (isLogginError(response)) {
    throw response;
  }
  if (response.status !== 'verified') {
    throw invalidResponse();
  }
}
