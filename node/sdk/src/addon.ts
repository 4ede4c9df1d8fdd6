/** The native half: loaded when it is first needed, so that an import neither fails nor costs anything. */

import * as shared from '@loggin/web/shared';
import type { Failure } from './native.js';

type Addon = typeof import('./native.js');

const CLASSES = shared as unknown as Readonly<Record<string, typeof shared.LogginError | undefined>>;

/**
 * The native functions.
 *
 * @throws Error where no build for this platform is installed.
 */
export function addon(): Addon {
  try {
    // `require` keeps what it has loaded, also a second time and for both kinds of modules.
    return require('./native.js') as Addon;
  } catch (cause) {
    throw new Error(missing(`${process.platform}-${process.arch}`), { cause });
  }
}

function missing(platform: string): string {
  return (
    `@loggin/sdk has no native build that loads on ${platform}. It is a package of its own, @loggin/sdk-${platform}-…, ` +
    'which a package manager leaves out when optional dependencies are omitted, or when node_modules came from another ' +
    'system: install again here, with optional dependencies. Where there is no build for a platform, @loggin/web signs ' +
    'people in without one.'
  );
}

/** @internal The error that a failure of the native half stands for, in its class. */
export function errorOf({
  className,
  ...fields
}: shared.LogginErrorFields & { className: string }): shared.LogginError {
  return new (CLASSES[className] ?? shared.ServerError)(fields);
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
