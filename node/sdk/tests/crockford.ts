/** Codes of tokens, worked out a second time from the protocol: what tests hold the package to. */

import { createHash } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BITS_OF_A_SYMBOL = 5;

/** Bytes in Crockford's base32, most significant bit first; a rest of less than a symbol is dropped. */
export function crockford(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const symbols = Array.from({ length: Math.floor(bits.length / BITS_OF_A_SYMBOL) }, (_, index) =>
    bits.slice(index * BITS_OF_A_SYMBOL, (index + 1) * BITS_OF_A_SYMBOL),
  );
  return symbols.map((symbol) => ALPHABET[Number.parseInt(symbol, 2)]).join('');
}

/** The code of a token in canonical form. */
export function codeOf(token: string): string {
  const hash = createHash('sha256').update(`loggin code v1\n${token}`).digest();
  const symbols = crockford(hash).slice(0, 20);
  const appKey = token.slice(5, 13);
  return [appKey, ...(symbols.match(/.{5}/g) ?? [])].join('-');
}
