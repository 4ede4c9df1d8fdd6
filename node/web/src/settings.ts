/** The options of a client, and what becomes of them: plain JavaScript passes anything, so everything is checked. */

import { check } from './failure.js';
import { CALL_TIMEOUT_MS } from './http.js';
import { checkIdempotencyKey, checkTimeout, optionsObject } from './options.js';
import { type Server, type ServerOptions, serverOf } from './server.js';
import { parseAppKey, parseSecretKey, randomBytes } from './token.js';
import { DEFAULT_TIMEOUT_MS } from './wait.js';

/** The version of this package, as its manifest has it. */
export const VERSION = '0.1.0';

/** The options of a client. On a server, what is not given comes from the environment, and then from the defaults. */
export interface LogginOptions<Required extends boolean = true> extends ServerOptions {
  /** The app's secret key, on an app's server only: in a browser it is refused. `LOGGIN_SECRET_KEY`; none by default. */
  readonly secretKey?: string | undefined;
  /** How many milliseconds a wait lasts unless it says otherwise; 300,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** How often a call that fails in passing is repeated, 0 to 10; twice by default. Waits go on until their deadline. */
  readonly maxRetries?: number | undefined;
  /** How many milliseconds a call that is no wait takes at most, all its tries together; 10,000 by default. */
  readonly callTimeoutMs?: number | undefined;
  /**
   * The app whose tokens are redeemed; those of others are refused. `LOGGIN_APP_KEY`, or the app of the secret key; in
   * production one of them has to be there, as anybody can have an app of their own on a shared server.
   */
  readonly appKey?: string | undefined;
  /** Makes this client the same redeemer as others with the same key: 1 to 128 visible ASCII characters. */
  readonly idempotencyKey?: string | undefined;
  /**
   * Whether there must be a phone number; true by default. With `false` people who hide theirs in WhatsApp are signed in
   * too, where the app is set up for it: `phone` of their sessions is null, and `subject` is the key of your table of users.
   */
  readonly requirePhone?: Required | undefined;
}

export interface Settings extends Server {
  /** The app whose tokens are redeemed; any, where it is not said. */
  readonly appKey: string | undefined;
  readonly timeoutMs: number;
  readonly callTimeoutMs: number;
  readonly maxRetries: number;
  readonly requirePhone: boolean | undefined;
}

const DEFAULT_MAX_RETRIES = 2;

const MAX_RETRIES = 10;

/** Random bytes of an idempotency key: no two clients ever share one by chance. */
const IDEMPOTENCY_KEY_BYTES = 16;

/** The app key stands in a secret key behind `lgsk_`. */
const KEY_PREFIX = 5;

const APP_KEY_LENGTH = 8;

const APP_KEY = /^[0-9a-tv-z]{8}$/i;

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

type Type = 'boolean' | 'function' | 'number' | 'string';

const OPTION_TYPES: Readonly<Record<keyof LogginOptions, Type>> = {
  allowInsecureHttp: 'boolean',
  appKey: 'string',
  baseUrl: 'string',
  callTimeoutMs: 'number',
  fetch: 'function',
  idempotencyKey: 'string',
  maxRetries: 'number',
  requirePhone: 'boolean',
  secretKey: 'string',
  timeoutMs: 'number',
  whatsappNumber: 'string',
};

/** Options that the environment may give instead. */
const VARIABLES = {
  appKey: 'LOGGIN_APP_KEY',
  baseUrl: 'LOGGIN_BASE_URL',
  secretKey: 'LOGGIN_SECRET_KEY',
  whatsappNumber: 'LOGGIN_WHATSAPP_NUMBER',
};

/** Whether this is a page, a worker of one, or an app's web view: a place whose code and secrets anybody can read. */
export function isBrowser(): boolean {
  const { document, importScripts, navigator } = globalThis as unknown as Record<string, unknown>;
  const product = (navigator as { product?: string } | undefined)?.product;
  return document !== undefined || importScripts !== undefined || product === 'ReactNative';
}

/** A variable of the environment, where there is one; an empty one counts as none, and a page has none. */
function variable(name: string): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
    return (!isBrowser() && process?.env?.[name]?.trim()) || undefined;
  } catch {
    // Deno, without the permission to read it.
    return undefined;
  }
}

/** What the environment says. */
function environment(): LogginOptions {
  const named = Object.entries(VARIABLES).map(([option, name]) => [option, variable(name)]);
  return Object.fromEntries(named.filter(([, value]) => value));
}

/** Whether this is an app's server in production, as its environment says. */
export const isProduction = (): boolean => variable('NODE_ENV') === 'production';

/** @throws LogginError `invalid_config` where an option is malformed, or a browser has a secret key. */
export function settingsOf(options: LogginOptions<boolean>): Settings {
  const must = (condition: unknown, message: string): void => check(condition, 'invalid_config', message);
  const checked = optionsObject(options, Object.keys(OPTION_TYPES), 'invalid_config');
  const own = Object.entries(checked).filter(([, value]) => value != null);
  for (const [name, value] of own) {
    const type = OPTION_TYPES[name as keyof LogginOptions];
    must(typeof value === type, `The option ${name} is a ${type}.`);
  }
  const given: LogginOptions<boolean> = { ...environment(), ...Object.fromEntries(own) };
  const { maxRetries = DEFAULT_MAX_RETRIES, requirePhone, secretKey } = given;
  const { callTimeoutMs = CALL_TIMEOUT_MS, timeoutMs = DEFAULT_TIMEOUT_MS } = given;
  must(
    !secretKey || !isBrowser(),
    'A secret key stays on the server: everybody can read what a browser has.',
  );
  must(
    Number.isInteger(maxRetries) && maxRetries >= 0 && maxRetries <= MAX_RETRIES,
    'maxRetries is a whole number from 0 to 10.',
  );
  checkTimeout(timeoutMs, 'invalid_config');
  checkTimeout(callTimeoutMs, 'invalid_config');
  let redeemer = given.idempotencyKey;
  checkIdempotencyKey(redeemer, 'invalid_config');
  const key = secretKey === undefined ? secretKey : parseSecretKey(secretKey);
  const headers = (): Record<string, string> => {
    // Made at the first request, as some workers have no random bits before.
    redeemer ??= Array.from(randomBytes(IDEMPOTENCY_KEY_BYTES), hex).join('');
    return {
      'Idempotency-Key': redeemer,
      // A browser has its own, and asks the server before it sends another.
      ...(!isBrowser() && { 'User-Agent': `loggin-web/${VERSION}` }),
      ...(key && { Authorization: `Bearer ${key}` }),
    };
  };
  return {
    ...serverOf(given),
    appKey: appOf(given, options, key),
    headers,
    maxRetries,
    requirePhone,
    callTimeoutMs,
    timeoutMs,
  };
}

/**
 * The app whose tokens are redeemed. A secret key that is given as an option says more than a variable.
 *
 * @throws LogginError `invalid_config` where it is no app key, or not that of the secret key.
 */
function appOf(
  given: LogginOptions<boolean>,
  own: LogginOptions<boolean>,
  key: string | undefined,
): string | undefined {
  const appOfKey = key?.slice(KEY_PREFIX, KEY_PREFIX + APP_KEY_LENGTH);
  const named = own.secretKey && own.appKey == null ? undefined : given.appKey;
  if (named === undefined) {
    return appOfKey;
  }
  check(APP_KEY.test(named.trim()), 'invalid_config', 'The option appKey is 8 letters and digits.');
  const appKey = parseAppKey(named);
  check(!appOfKey || appOfKey === appKey, 'invalid_config', 'The secret key belongs to another app.');
  return appKey;
}
