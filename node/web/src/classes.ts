/** From the code of an error to its class: what a caller of the client catches. */

import { CODES_OF_CLASSES } from './codes.js';
import { isLogginError, LogginError } from './error.js';
import { ServerError } from './errors.js';

/** The class that a code belongs to; a newer server's code belongs to `ServerError`. */
export function classOf(code: string): typeof LogginError {
  const row = CODES_OF_CLASSES.find(([, codes]) => codes.split(' ').includes(code));
  return row ? row[0] : ServerError;
}

/** An error in its class; anything else, such as the reason of a signal, as it is. */
export function classed(reason: unknown): unknown {
  if (!isLogginError(reason) || reason.constructor !== LogginError) {
    return reason;
  }
  // The message is no property that is copied.
  return new (classOf(reason.code))({ ...reason, message: reason.message });
}

/** Runs something that throws plain errors, and throws them in their classes. */
export function inClasses<T>(run: () => T): T {
  try {
    return run();
  } catch (reason) {
    throw classed(reason);
  }
}
