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

/** The app key stands in the secret key. */
const SECRET_KEY = /^\s*lgsk_([0-9a-z]{8})_/i;

/** The app of a secret key, that of the environment by default. */
export function appKeyOfSecret(secretKey = variable('LOGGIN_SECRET_KEY') ?? ''): string | null {
  return SECRET_KEY.exec(secretKey)?.[1]?.toUpperCase() ?? null;
}

/** The app that this server is for, as far as the environment says it. */
export const appKeyOfEnvironment = (): string | null => variable('LOGGIN_APP_KEY') ?? appKeyOfSecret();

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
