/** Checks the types of what callers pass in: plain JavaScript passes anything. What it means, the core checks. */

import * as shared from '@loggin/web/shared';
import type { ClientOptions } from './native.js';

/** The options of a client. What is not given comes from the environment, and then from the defaults. */
export interface LogginOptions<Required extends boolean = true> {
  /** The server. `LOGGIN_BASE_URL`; `http://127.0.0.1:8787` by default. */
  readonly baseUrl?: string | undefined;
  /**
   * The app's secret key, on an app's server only. `LOGGIN_SECRET_KEY`; none by default. With the base URL of another
   * server that sends one-time codes by the same API, that server's key.
   */
  readonly secretKey?: string | undefined;
  /**
   * The app whose tokens are accepted; those of others are `unknown_app`. `LOGGIN_APP_KEY`, or the app of the secret key.
   *
   * Without any of them a client accepts tokens of the apps that it makes tokens for itself, so no request may choose that
   * app; in development (a server on this machine, and no `NODE_ENV=production`) it accepts all.
   */
  readonly appKey?: string | undefined;
  /** The number that links open a chat with. `LOGGIN_WHATSAPP_NUMBER`; without it links go through the server. */
  readonly whatsappNumber?: string | undefined;
  /** How many milliseconds a wait lasts unless it says otherwise; 300,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** How often a call that fails in passing is repeated, 0 to 10; twice by default. Waits go on until their deadline. */
  readonly maxRetries?: number | undefined;
  /** How many milliseconds a call that is no wait takes at most, all its tries together; 10,000 by default. */
  readonly callTimeoutMs?: number | undefined;
  /** Allows `http:` to a host other than this one. Tokens and keys then cross the network readable. */
  readonly allowInsecureHttp?: boolean | undefined;
  /** Makes this client the same redeemer as others with the same key: 1 to 128 visible ASCII characters. */
  readonly idempotencyKey?: string | undefined;
  /**
   * Whether there must be a phone number; true by default. With `false` people who hide theirs in WhatsApp are signed in
   * too, where the app is set up for it: `phone` of their sessions is null, and `subject` is the key of your table of users.
   */
  readonly requirePhone?: Required | undefined;
  /**
   * The proxy to go through, `http://host:port` or `socks5://host:port` with a name and a password where it asks for
   * them, or `none`. By default the environment says it, by curl's rules, and never for this machine.
   */
  readonly proxy?: string | undefined;
  /**
   * A file of certificates, PEM, whose issuers are trusted beside the bundled ones: a company's own. Those of
   * `SSL_CERT_FILE` and `SSL_CERT_DIR` are trusted too.
   */
  readonly caFile?: string | undefined;
  /** The same as text. */
  readonly caPem?: string | undefined;
  /** A file with the certificate by which this client shows who it is, those that lead to its issuer, and its key, PEM. */
  readonly clientCertFile?: string | undefined;
  /** The same as text. */
  readonly clientCertPem?: string | undefined;
}

type Type = 'boolean' | 'number' | 'string';

const OPTION_TYPES: Readonly<Record<keyof LogginOptions, Type>> = {
  baseUrl: 'string',
  secretKey: 'string',
  appKey: 'string',
  whatsappNumber: 'string',
  timeoutMs: 'number',
  maxRetries: 'number',
  callTimeoutMs: 'number',
  allowInsecureHttp: 'boolean',
  idempotencyKey: 'string',
  requirePhone: 'boolean',
  proxy: 'string',
  caFile: 'string',
  caPem: 'string',
  clientCertFile: 'string',
  clientCertPem: 'string',
};

/** @internal @throws InvalidInputError `invalid_config` where an option is of another type, or a number is out of range. */
export function clientOptions(options: LogginOptions<boolean>): ClientOptions {
  optionsObject(options, Object.keys(OPTION_TYPES), 'invalid_config');
  const given: [string, unknown][] = [];
  for (const [name, type] of Object.entries(OPTION_TYPES)) {
    const value = options[name as keyof LogginOptions];
    if (value !== undefined && value !== null) {
      check(typeof value === type, 'invalid_config', `The option ${name} is a ${type}.`);
      given.push([name, value]);
    }
  }
  const checked: ClientOptions = Object.fromEntries(given);
  const { maxRetries = 0 } = checked;
  check(Number.isSafeInteger(maxRetries), 'invalid_config', 'maxRetries is a whole number.');
  timeout(checked.timeoutMs, 'invalid_config');
  timeout(checked.callTimeoutMs, 'invalid_config');
  return checked;
}

/** @internal @throws InvalidInputError with the code where a value is no string. */
export function text(value: unknown, name: string, code: string): string {
  check(typeof value === 'string', code, `${name} is a string.`);
  return value;
}

/** @internal @throws InvalidInputError `invalid_token` where a value is no string: a login, say, in place of its token. */
export function tokenText(value: unknown): string {
  const isLogin = typeof value === 'object' && value !== null && 'token' in value;
  return text(
    value,
    isLogin ? 'The token of a login, which is its property `token`,' : 'The token',
    'invalid_token',
  );
}

/** @internal @throws InvalidInputError `invalid_request` where something that may be left out is no string. */
export function optionalText(value: unknown, name: string): string | undefined {
  return value == null ? undefined : text(value, name, 'invalid_request');
}

/** @internal @throws InvalidInputError `invalid_request` where something that may be left out is no whole number. */
export function optionalCount(value: unknown, name: string): number | undefined {
  check(value == null || Number.isSafeInteger(value), 'invalid_request', `${name} is a whole number.`);
  return (value as number | null | undefined) ?? undefined;
}

/** @internal @throws InvalidInputError `invalid_request` where a value is no list of texts. */
export function texts(value: readonly string[], name: string): string[] {
  const isList = Array.isArray(value) && value.every((each) => typeof each === 'string');
  check(isList, 'invalid_request', `${name} is a list of strings.`);
  return [...value];
}

/** @internal @throws InvalidInputError `invalid_request` where something that may be left out is neither true nor false. */
export function optionalFlag(value: boolean | null | undefined, name: string): boolean | undefined {
  check(value == null || typeof value === 'boolean', 'invalid_request', `${name} is true or false.`);
  return value ?? undefined;
}

/** @internal @throws InvalidInputError `invalid_request` where JSON cannot hold a value. */
export function jsonText(value: unknown, name: string): string | undefined {
  if (value == null) {
    return undefined;
  }
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // A BigInt, or an object that holds itself.
  }
  check(json !== undefined, 'invalid_request', `${name} is what JSON can hold.`);
  return json;
}

/** @internal @throws InvalidInputError where a number of milliseconds is none, or below 0. Infinity is for ever. */
export function timeout(value: number | null | undefined, code = 'invalid_request'): number | undefined {
  shared.inClasses(() => shared.checkTimeout(value, code));
  return value ?? undefined;
}

/** @internal @throws InvalidInputError where a value is no AbortSignal. One of another realm, or of a polyfill, is. */
export function abortSignal(value: AbortSignal | null | undefined): AbortSignal | undefined {
  const isSignal =
    value == null || (typeof value === 'object' && typeof value.addEventListener === 'function');
  check(isSignal, 'invalid_request', 'signal is an AbortSignal.');
  return value ?? undefined;
}

/** @internal @throws InvalidInputError `invalid_request` where something that may be left out is no function. */
export function optionalFunction<T extends (...given: never[]) => void>(
  value: T | null | undefined,
  name: string,
): T | undefined {
  check(value == null || typeof value === 'function', 'invalid_request', `${name} is a function.`);
  return value ?? undefined;
}

/** @internal @throws InvalidInputError where options are no object, or hold one that has another name. */
export function optionsObject<T extends object>(
  value: T,
  names: readonly string[],
  code = 'invalid_request',
): T {
  return shared.inClasses(() => shared.optionsObject(value, names, code));
}

/** @internal @throws InvalidInputError with the code where the condition does not hold. */
export function check(condition: boolean, code: string, message: string): asserts condition {
  if (!condition) {
    throw new shared.InvalidInputError({ code, message });
  }
}
