/**
 * The cookies: their names and attributes.
 *
 * In production they are `Secure` and have the prefix `__Host-`, so that neither a subdomain nor plain HTTP can set
 * them. Some browsers refuse such cookies from `http://localhost`, so development has others, which production does
 * not look at.
 */

/** What a cookie is for: a session, or a login that has begun on the server. */
export type Purpose = 'session' | 'login';

const NAMES: Readonly<Record<Purpose, string>> = { session: 'loggin', login: 'loggin-login' };

const isProduction = (): boolean => process.env.NODE_ENV === 'production';

export function cookieName(purpose: Purpose): string {
  const name = NAMES[purpose];
  return isProduction() ? `__Host-${name}` : `${name}-dev`;
}

/** The attributes of a cookie that lasts so many seconds; 0 takes it back. */
export function cookieAttributes(maxAge: number): {
  httpOnly: true;
  maxAge: number;
  path: '/';
  sameSite: 'lax';
  secure: boolean;
} {
  return { httpOnly: true, maxAge, path: '/', sameSite: 'lax', secure: isProduction() };
}
