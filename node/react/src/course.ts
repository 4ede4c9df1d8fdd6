/** What follows the tap: the wait, and what the app and its developers are told. It is loaded while the person reads. */

import type { LogginError, Server } from '@loggin/web/create';
import { awaitLogin, confirmLogin, type Progress } from '@loggin/web/finish';
import { isControlFlow, isRedirect } from './faults.js';
import type { Course } from './login-state.js';

const loadReturning = (): Promise<typeof import('./returning.js')> => import('./returning.js');

/** Goes on with the attempt that the link in WhatsApp belongs to, where one led to this page. */
export async function arrive(...found: Parameters<typeof import('./returning.js').arrive>): Promise<void> {
  if (location.hash.startsWith('#loggin=')) {
    (await loadReturning()).arrive(...found);
  }
}

/** Whether a step is one that is shown. */
const isShown = (
  status: Progress,
): status is 'message_received' | 'awaiting_confirmation' | 'awaiting_match' =>
  /^(message_received|awaiting_(confirmation|match))$/.test(status);

/**
 * Follows an attempt until somebody has signed in and the app has taken it. It resolves to what the app's framework is to
 * show in place of this page, where the app returned that.
 */
export async function follow(course: Course): Promise<unknown> {
  const { server, text, token, code, wait, set, attempt } = course;
  const { signal } = wait;
  if (text && !server.whatsappNumber) {
    inDevelopment(({ warnOfText }) => warnOfText());
  }
  // On another device there is nothing to come back to.
  let returning: ReturnType<typeof loadReturning> | undefined;
  const opened = (): void => {
    if (attempt.getState().isOpened && !returning) {
      returning = loadReturning();
      returning.then(({ watch }) => watch(course)).catch(() => {});
    }
  };
  opened();
  course.wakes.add(opened);
  const session = await awaitLogin(server, {
    token,
    code,
    claim: false,
    confirm: course.confirm,
    returnTo: () => (attempt.getState().isOpened ? location.origin + location.pathname : undefined),
    wakes: course.wakes,
    signal,
    timeoutMs: Math.max(1, Number(attempt.getState().expiresAt) - Date.now()),
    // What a newer server tells besides is nothing that this page has words for.
    onProgress: (status, match) => isShown(status) && set({ status, match: match ?? null }),
    onConnection: (connection, problem) => {
      set({ connection });
      if (problem && !signal.aborted) {
        attempt.handlers.onConnectionProblem?.(problem);
        explain(problem, server);
      }
    },
  });
  await returning?.then(
    ({ finish }) => finish(course),
    () => {},
  );
  const { onSuccess } = attempt.handlers;
  if (signal.aborted) {
    throw new Error('Over.');
  }
  if (!onSuccess) {
    return undefined;
  }
  // Nobody is signed in before the app's own server says so.
  course.isTold = true;
  set({ status: 'message_received', error: null, isConfirming: false, phone: session.phone });
  try {
    const returned = await onSuccess({ ...session, token });
    set({ keepOpen: !!Object(returned).keepOpen });
  } catch (reason) {
    if (!isControlFlow(reason)) {
      throw reason;
    }
    return isRedirect(reason) ? undefined : reason;
  }
  return undefined;
}

/**
 * Hands in the digits that WhatsApp showed. A refusal stands in the state: the person types again, and an end of the
 * login is told by the wait.
 *
 * It rejects where no further try is left.
 */
export async function confirm({ server, token, wait, set }: Course, digits: string): Promise<void> {
  try {
    await confirmLogin(server, token, digits, wait.signal);
    set({ isConfirming: false });
  } catch (reason) {
    const error = reason as LogginError;
    if (error.code === 'blocked' && !wait.signal.aborted) {
      throw error;
    }
    set({ isConfirming: false, error, attemptsLeft: error.attemptsLeft ?? null });
  }
}

/** Replaced by bundlers. */
declare const process: { readonly env: { readonly NODE_ENV?: string } };

/** Tells developers something; what people see is told by the state. */
function inDevelopment(tell: (diagnosis: typeof import('./diagnosis.js')) => void): void {
  try {
    if (process.env.NODE_ENV !== 'production') {
      void import('./diagnosis.js').then(tell, () => {});
    }
  } catch {
    // Pages without a bundler have no such name.
  }
}

/** Tells developers what is likely wrong. */
export const explain = (problem: Error, server?: Server): void =>
  inDevelopment(({ diagnose }) => diagnose(problem, server?.baseUrl));
