/** The native half: loaded when it is first needed, so that an import neither fails nor costs anything. */

import { errorOf } from './errors.js';
import type { Failure } from './native.js';

type Addon = typeof import('./native.js');

/**
 * The native functions.
 *
 * @throws Error where no build for this platform is installed.
 */
export function addon(): Addon {
  // `require` keeps what it has loaded, also a second time and for both kinds of modules.
  return require('./native.js') as Addon;
}

/**
 * A result of the native half.
 *
 * @throws LogginError where it is a failure.
 */
export function unwrap<T extends object | string>(result: T | Failure): T {
  if (typeof result === 'object' && 'className' in result) {
    throw errorOf(result);
  }
  return result;
}
