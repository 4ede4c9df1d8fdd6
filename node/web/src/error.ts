/**
 * The class of all errors, of this package and of the SDK for Node, which has them from here.
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
  /** The HTTP status, where a server responded. */
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
export const BRAND = Symbol.for('@loggin/sdk.error');

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

/** Whether a value is an error of this package, or of another copy of it. */
export function isLogginError(value: unknown): value is LogginError {
  return value instanceof LogginError;
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
