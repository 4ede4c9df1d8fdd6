/** Where somebody comes back to after signing in: paths of the app's own, and nothing else. */

/** Where people sign in unless told otherwise. */
export const DEFAULT_LOGIN_PATH = '/login';

/** The parameter of the login page. */
export const RETURN_TO = 'returnTo';

/** Longest path that is carried along, in characters: a URL of 2,000 works everywhere. */
const MAX_LENGTH = 1000;

/** Stands for the app's own origin; nobody can be sent there. */
const SELF = 'http://self.invalid';

/** What browsers cut out of URLs or read as a slash. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const TREACHEROUS = /[\u0000-\u0020\u007f\\]/;

/**
 * A path of the app's own, as `?returnTo=` of the login page has it; `fallback` where it leads anywhere else, or is
 * none. Redirect only to what this gives.
 */
export function returnToOf(value: unknown, fallback = '/'): string {
  if (typeof value !== 'string' || value.length > MAX_LENGTH || !/^\/(?!\/)/.test(value)) {
    return fallback;
  }
  if (TREACHEROUS.test(value) || !URL.canParse(value, SELF)) {
    return fallback;
  }
  const { origin, pathname, search, hash } = new URL(value, SELF);
  // `/.//elsewhere` loses its first segment only here.
  return origin === SELF && !pathname.startsWith('//') ? pathname + search + hash : fallback;
}

/** The address of the login page with the way back. */
export function withReturnTo(loginPath: string, returnTo: string | undefined): string {
  const own = returnToOf(returnTo, '');
  return own ? `${loginPath}?${new URLSearchParams({ [RETURN_TO]: own })}` : loginPath;
}
