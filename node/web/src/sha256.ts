/**
 * SHA-256 (FIPS 180-4), synchronous.
 *
 * A link has to exist before the tap, because browsers block a window that is opened after an `await`, and WebCrypto
 * only hashes asynchronously. What is hashed here is a token of 61 bytes, so neither speed nor streaming matters.
 */

/** Bytes of a block. */
const BLOCK = 64;

/** Bytes that follow the message in its last block: a set bit at least, and its length in 64 bits. */
const TAIL = 9;

const ROUNDS = 64;

const rotate = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

/**
 * The first 32 bits of the fractional parts of roots of the first primes: the standard takes its constants from them. A
 * double holds 50 bits of such a fraction.
 */
function fractions(count: number, power: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime)) {
      primes.push(candidate);
    }
  }
  return primes.map((prime) => ((prime ** power % 1) * 2 ** 32) | 0);
}

const INITIAL = /* @__PURE__ */ fractions(8, 1 / 2);

const CONSTANTS = /* @__PURE__ */ fractions(ROUNDS, 1 / 3);

/** The hash of a message shorter than 512 MiB. */
export function sha256(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const hash = [...INITIAL];
  const padded = new Uint8Array(Math.ceil((message.length + TAIL) / BLOCK) * BLOCK);
  padded.set(message);
  padded[message.length] = 0x80;
  const words = new DataView(padded.buffer);
  words.setUint32(padded.length - 4, message.length * 8);
  for (let start = 0; start < padded.length; start += BLOCK) {
    compress(hash, (index) => words.getInt32(start + index * 4));
  }
  const digest = new DataView(new ArrayBuffer(32));
  hash.forEach((word, index) => {
    digest.setInt32(index * 4, word);
  });
  return new Uint8Array(digest.buffer);
}

/** Takes one block into the hash. */
function compress(hash: number[], block: (index: number) => number): void {
  const w: number[] = [];
  // The letters are those of the standard.
  let [a, b, c, d, e, f, g, h] = hash as [number, number, number, number, number, number, number, number];
  CONSTANTS.forEach((constant, round) => {
    if (round < BLOCK / 4) {
      w[round] = block(round);
    } else {
      const early = w[round - 15] as number;
      const late = w[round - 2] as number;
      const small0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
      const small1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
      w[round] = ((w[round - 16] as number) + small0 + (w[round - 7] as number) + small1) | 0;
    }
    const big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t1 = (h + big1 + ((e & f) ^ (~e & g)) + constant + (w[round] as number)) | 0;
    const t2 = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [a, b, c, d, e, f, g, h] = [(t1 + t2) | 0, a, b, c, (d + t1) | 0, e, f, g];
  });
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    hash[index] = ((hash[index] as number) + word) | 0;
  });
}
