/** Checks what callers pass in that every client takes: plain JavaScript passes anything. */

import { check } from './failure.js';

/** @throws LogginError with the code where a value is no number of milliseconds, or below 0. Infinity is for ever. */
export function checkTimeout(value: number | null | undefined, code: string): void {
  const isTime = value == null || (typeof value === 'number' && value >= 0);
  check(isTime, code, 'A timeout is a number of milliseconds, 0 or more.');
}

/** @throws LogginError with the code where an idempotency key is given that is none. */
export function checkIdempotencyKey(value: string | undefined, code: string): void {
  const isKey = value === undefined || (typeof value === 'string' && /^[!-~]{1,128}$/.test(value));
  check(isKey, code, 'An idempotency key is 1 to 128 visible ASCII characters.');
}

/** @throws LogginError with the code where the options are no object, or hold one that has another name. */
export function optionsObject<T extends object>(
  value: T,
  names: readonly string[],
  code = 'invalid_request',
): T {
  check(typeof value === 'object' && value !== null, code, 'Options are an object.');
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  check(unknown === undefined, code, `There is no option ${unknown}; there are ${names.join(', ')}.`);
  return value;
}
