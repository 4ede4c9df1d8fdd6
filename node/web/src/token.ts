/** Identifiers: app key, token and code, in Crockford's base32. */

import { check } from './failure.js';
import { sha256 } from './sha256.js';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Symbols of the alphabet and letters that are read as one of them: everything but `U`. */
const SYMBOL = '[0-9A-TV-Z]';

const SECRET_FORM = `(${SYMBOL}{8}_${SYMBOL}{32})$`;

/** Random bytes of a token: 160 bits. */
const SECRET_BYTES = 20;

/** Keeps the hash apart from any other use of SHA-256 on a token. */
const CODE_DOMAIN = 'loggin code v1\n';

/** Keeps apart the hash that names a login. */
const LOGIN_ID_DOMAIN = 'loggin login id v1\n';

/** Bytes of that hash. */
const LOGIN_ID_BYTES = 16;

const hashOf = (domain: string, text: string): Uint8Array => sha256(new TextEncoder().encode(domain + text));

/** The symbols of bytes, most significant bit first; missing bits are zero. */
export function base32(bytes: Uint8Array): string {
  let symbols = '';
  for (let bit = 0; bit < bytes.length * 8; bit += 5) {
    const index = bit >> 3;
    const pair = ((bytes[index] as number) << 8) | (bytes[index + 1] ?? 0);
    symbols += ALPHABET[(pair >> (11 - (bit & 7))) & 31];
  }
  return symbols;
}

/** What the form finds in a text, in canonical form: upper case, letters that look like digits read as those. */
function canonical(form: string, text: string): string {
  const [, found = ''] = new RegExp(form, 'i').exec(text.trim()) ?? [];
  return found.toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1');
}

/** Random bytes of the operating system. */
export const randomBytes = (count: number): Uint8Array<ArrayBuffer> =>
  crypto.getRandomValues(new Uint8Array(count));

/**
 * An app key in its canonical form.
 *
 * @throws LogginError `invalid_app_key` where it is not 8 symbols.
 */
export function parseAppKey(text: unknown): string {
  const appKey = typeof text === 'string' && canonical(`^(${SYMBOL}{8})$`, text);
  check(appKey, 'invalid_app_key', 'An app key is 8 letters and digits.');
  return appKey;
}

/**
 * A token in its canonical form.
 *
 * @throws LogginError `invalid_token` where it is none.
 */
export function parseToken(text: unknown): string {
  const token = typeof text === 'string' && canonical(`^lgn1_${SECRET_FORM}`, text);
  check(token, 'invalid_token', 'A token is lgn1_, app key, _ and 32 symbols.');
  return `lgn1_${token}`;
}

/**
 * A secret key in its canonical form.
 *
 * @throws LogginError `invalid_config` where it is none.
 */
export function parseSecretKey(text: string): string {
  const key = canonical(`^lgsk_${SECRET_FORM}`, text);
  check(key, 'invalid_config', 'A secret key has the form lgsk_, app key, _ and 32 symbols.');
  return `lgsk_${key}`;
}

/** A new token of an app key in canonical form. The random bytes are the operating system's. */
export const makeToken = (appKey: string, secret: Uint8Array = randomBytes(SECRET_BYTES)): string =>
  `lgn1_${appKey}_${base32(secret)}`;

/** The code that the WhatsApp message carries for a token in canonical form: 100 bits of its hash. */
export function codeOf(token: string): string {
  const hash = base32(hashOf(CODE_DOMAIN, token));
  return [
    token.slice(5, 13),
    hash.slice(0, 5),
    hash.slice(5, 10),
    hash.slice(10, 15),
    hash.slice(15, 20),
  ].join('-');
}

/** The name of a login, which tells nothing and opens nothing: 32 hexadecimal digits. */
export const loginIdOf = (token: string): string =>
  Array.from(hashOf(LOGIN_ID_DOMAIN, codeOf(token)).subarray(0, LOGIN_ID_BYTES), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
