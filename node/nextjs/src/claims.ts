/** What an app adds to its sessions: the name of its own account, a role. */

/**
 * The shape of an app's claims, which it declares itself:
 * `declare module '@loggin/nextjs' { interface SessionClaims { readonly account?: string } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: apps add to it.
export interface SessionClaims {}

/** The most that claims may take, in bytes of JSON: a cookie has 4,096 for everything. */
export const MAX_CLAIMS = 1024;

/**
 * Claims as the cookie gives them back: whatever JSON does not keep is gone already.
 *
 * @throws TypeError where they are no object, or too long.
 */
export function checkedClaims(claims: SessionClaims = {}): SessionClaims {
  const text = JSON.stringify(claims);
  const kept = claimsOf(text === undefined ? undefined : JSON.parse(text));
  if (!kept || new TextEncoder().encode(text).length > MAX_CLAIMS) {
    throw new TypeError(`Claims are a JSON object of at most ${MAX_CLAIMS} bytes.`);
  }
  return kept;
}

/** Claims that were sealed; null where they are none. */
export function claimsOf(value: unknown): SessionClaims | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}
