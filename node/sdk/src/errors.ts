/**
 * The errors of the SDK, a class for each thing that a caller can do about one.
 *
 * `instanceof` also knows the errors of another copy of this package, such as one that a dependency brings along.
 */

/** What an error says. It never holds a token, a key, a code or a phone number, so it can be logged as it is. */
export interface LogginErrorFields {
  /** What went wrong, as the protocol names it; a program can rely on it. */
  readonly code: string;
  /** What went wrong in words for a developer; it may change. */
  readonly message: string;
  /** Whether the same call can succeed later. */
  readonly retryable?: boolean | undefined;
  /** The HTTP status, where a server answered. */
  readonly status?: number | undefined;
  /** How many seconds to wait before the next try, where the server said so. */
  readonly retryAfter?: number | undefined;
  /** How many tries are left, where the server said so. */
  readonly attemptsLeft?: number | undefined;
  /** The server's id of the request, to be named when asking its operator. */
  readonly requestId?: string | undefined;
  /**
   * Why the server was not reached, one of a closed list: `dns`, `refused`, `timeout`, `tls_expired`, `http_502` and so
   * on. A `timeout` has it where nothing was connected at the end of the wait.
   */
  readonly cause?: string | undefined;
}

/** Holds a class's name on the class itself: the same in every copy of the package. */
const BRAND = Symbol.for('@loggin/sdk.error');

interface Branded {
  readonly [BRAND]: string;
}

/** Any error of this package. */
export class LogginError extends Error implements LogginErrorFields {
  /** @internal */
  static readonly [BRAND]: string = 'LogginError';

  declare readonly code: string;
  declare readonly retryable: boolean;
  declare readonly status?: number | undefined;
  declare readonly retryAfter?: number | undefined;
  declare readonly attemptsLeft?: number | undefined;
  declare readonly requestId?: string | undefined;
  declare readonly cause?: string | undefined;

  constructor({ code, message, retryable = false, ...fields }: LogginErrorFields) {
    super(message);
    Object.assign(this, given({ code, retryable, ...fields }));
  }

  /** @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: the class that is asked about is often a subclass.
    return isInstanceOf(value, this);
  }

  override get name(): string {
    return (this.constructor as unknown as Branded)[BRAND];
  }

  /** The error as plain data. */
  toJSON(): { name: string } & LogginErrorFields {
    return { name: this.name, message: this.message, ...(given({ ...this }) as { code: string }) };
  }
}

/** The token was redeemed before, by another redeemer: start again. */
export class AlreadyUsedError extends LogginError {
  static override readonly [BRAND]: string = 'AlreadyUsedError';
}

/** The secret key is missing, wrong or of another app, or the app is unknown. */
export class AuthenticationError extends LogginError {
  static override readonly [BRAND]: string = 'AuthenticationError';
}

/** Too many wrong codes: start again later. */
export class BlockedError extends LogginError {
  static override readonly [BRAND]: string = 'BlockedError';
}

/** The client was closed while something waited. */
export class ClosedError extends LogginError {
  static override readonly [BRAND]: string = 'ClosedError';
}

/** The server was not reached within the retries. */
export class ConnectionFailedError extends LogginError {
  static override readonly [BRAND]: string = 'ConnectionFailedError';
}

/** The person said that it was not them: start again. */
export class DeniedError extends LogginError {
  static override readonly [BRAND]: string = 'DeniedError';
}

/** The login was not finished in time: start again. */
export class ExpiredError extends LogginError {
  static override readonly [BRAND]: string = 'ExpiredError';
}

/** The code that the person typed is wrong: ask again. */
export class InvalidCodeError extends LogginError {
  static override readonly [BRAND]: string = 'InvalidCodeError';
}

/** Something that was passed in is malformed: mend the call. */
export class InvalidInputError extends LogginError {
  static override readonly [BRAND]: string = 'InvalidInputError';
}

/** WhatsApp did not tell the person's number: start again. */
export class PhoneHiddenError extends LogginError {
  static override readonly [BRAND]: string = 'PhoneHiddenError';
}

/** The app's monthly quota is used up. */
export class QuotaExceededError extends LogginError {
  static override readonly [BRAND]: string = 'QuotaExceededError';
}

/** Too many requests: again after `retryAfter` seconds. */
export class RateLimitError extends LogginError {
  static override readonly [BRAND]: string = 'RateLimitError';
}

/** The server failed, or answered with something that this version does not know. */
export class ServerError extends LogginError {
  static override readonly [BRAND]: string = 'ServerError';
}

/** The wait's own deadline passed; the login itself may still be pending. */
export class VerifyTimeoutError extends LogginError {
  static override readonly [BRAND]: string = 'VerifyTimeoutError';
}

/** Whether a value is an error of this package, or of another copy of it. */
export function isLogginError(value: unknown): value is LogginError {
  return value instanceof LogginError;
}

const CLASSES: Readonly<Record<string, typeof LogginError>> = {
  AlreadyUsedError,
  AuthenticationError,
  BlockedError,
  ClosedError,
  ConnectionFailedError,
  DeniedError,
  ExpiredError,
  InvalidCodeError,
  InvalidInputError,
  PhoneHiddenError,
  QuotaExceededError,
  RateLimitError,
  ServerError,
  VerifyTimeoutError,
};

/** @internal The error that a failure of the native part stands for. */
export function errorOf({ className, ...fields }: LogginErrorFields & { className: string }): LogginError {
  return new (CLASSES[className] ?? ServerError)(fields);
}

/** The fields that have a value: an error shows nothing that it does not know. */
function given(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** A class that somebody else derives from one of these has no brand of its own, and no copies. */
function isInstanceOf(value: unknown, asked: typeof LogginError): boolean {
  return Object.hasOwn(asked, BRAND)
    ? brandsOf(value).includes(asked[BRAND])
    : Function.prototype[Symbol.hasInstance].call(asked, value);
}

/** The brands of a value's class and of those that it extends. */
function brandsOf(value: unknown): string[] {
  const brands: string[] = [];
  let each = typeof value === 'object' ? value?.constructor : undefined;
  while (typeof each === 'function') {
    if (Object.hasOwn(each, BRAND)) {
      brands.push((each as unknown as Branded)[BRAND]);
    }
    each = Object.getPrototypeOf(each);
  }
  return brands;
}
