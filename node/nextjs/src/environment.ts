/** What the environment says when a request comes: in a build, and in what a bundler froze of it, it may say nothing. */

import { InvalidInputError } from '@loggin/web';

/** What the edge has less of than Node. */
export interface Runtime {
  readonly process?: {
    readonly env?: Record<string, string | undefined>;
    readonly exit?: (code: number) => never;
  };
}

/** The value of a variable without white space around it; undefined where it is empty or not there. */
export function variable(name: string): string | undefined {
  return (globalThis as Runtime).process?.env?.[name]?.trim() || undefined;
}

export const isProduction = (): boolean => process.env.NODE_ENV === 'production';

export function misconfigured(message: string): InvalidInputError {
  return new InvalidInputError({ code: 'invalid_config', message });
}

/**
 * The value of a variable that has a form.
 *
 * @throws InvalidInputError `invalid_config` where it has another.
 */
export function variableOf(name: string, form: RegExp, what: string): string | undefined {
  const value = variable(name);
  if (value !== undefined && !form.test(value)) {
    throw misconfigured(`${name} is ${what}.`);
  }
  return value;
}
