/** What the protocol says, worked out a second time: codes of tokens, delays between tries. */

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

export interface DelayInput {
  readonly attempt: number;
  readonly outage_ms: number;
  readonly hint_ms: number | null;
  /** 64 bits in hexadecimal: the upper half chooses the delay, the lower half what comes on top of the hint. */
  readonly random: string;
}

/** How long to wait before a try. */
export function delay({ attempt, outage_ms, hint_ms, random }: DelayInput): { delay_ms: number } {
  const [high, low] = [random.slice(0, 8), random.slice(8)].map((digits) => BigInt(`0x${digits}`));
  const share = (milliseconds: number, bits = 0n) => Number((BigInt(milliseconds) * bits) >> 32n);
  const cap = outage_ms < 60_000 ? 1_500 : 15_000;
  const jittered = share(Math.min(cap, 250 * 2 ** Math.min(attempt, 40)), high);
  const hint = Math.min(hint_ms ?? 0, 60_000);
  return { delay_ms: Math.max(jittered, hint + Math.floor(share(hint, low) / 5)) };
}
