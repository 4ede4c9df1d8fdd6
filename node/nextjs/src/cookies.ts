/**
 * The cookies: their names and attributes.
 *
 * In production they are `Secure` and have the prefix `__Host-`, so that neither a subdomain nor plain HTTP can set
 * them; with a domain of the app's own choice `__Secure-`, which keeps out plain HTTP alone. Some browsers refuse such
 * cookies from `http://localhost`, so development has others, which production does not look at.
 *
 * The guard and the pages are built apart from each other. What both have to know stands in the environment.
 */

import { isProduction, variableOf } from './environment.js';

/** What a cookie is for: a session, or a login that has begun on the server. */
export type Purpose = 'session' | 'login';

const SUFFIXES: Readonly<Record<Purpose, string>> = { session: '', login: '-login' };

const DEFAULT_NAME = 'loggin';

/** What a name may be of: a token of RFC 6265, without what prefixes are made of. */
const NAME = /^[a-z0-9][a-z0-9_.-]{0,63}$/i;

const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i;

type SameSite = 'lax' | 'none' | 'strict';

export interface CookieAttributes {
  domain?: string;
  httpOnly: true;
  maxAge: number;
  partitioned?: true;
  path: '/';
  sameSite: SameSite;
  secure: boolean;
}

/** @throws InvalidInputError `invalid_config` where a variable is malformed. */
export function cookieName(purpose: Purpose): string {
  const name = variableOf('LOGGIN_COOKIE_NAME', NAME, 'letters, digits, _, . and -') ?? DEFAULT_NAME;
  const whole = name + SUFFIXES[purpose];
  if (!isProduction()) {
    return `${whole}-dev`;
  }
  return domain() ? `__Secure-${whole}` : `__Host-${whole}`;
}

/**
 * The attributes of a cookie that lasts so many seconds; 0 takes it back.
 *
 * @throws InvalidInputError `invalid_config` where a variable is malformed.
 */
export function cookieAttributes(maxAge: number): CookieAttributes {
  const sameSite = variableOf(
    'LOGGIN_COOKIE_SAME_SITE',
    /^(lax|none|strict)$/,
    'lax, strict or none',
  ) as SameSite;
  const isPartitioned = variableOf('LOGGIN_COOKIE_PARTITIONED', /^(true|false)$/, 'true or false') === 'true';
  const ofDomain = domain();
  return {
    httpOnly: true,
    maxAge,
    path: '/',
    sameSite: sameSite ?? 'lax',
    // Browsers take neither of the two without it.
    secure: isProduction() || sameSite === 'none' || isPartitioned,
    ...(ofDomain && { domain: ofDomain }),
    ...(isPartitioned && { partitioned: true }),
  };
}

function domain(): string | undefined {
  return variableOf('LOGGIN_COOKIE_DOMAIN', DOMAIN, 'a domain such as acme.example, with its subdomains');
}
