/** SHA-256, held to the examples of FIPS 180 and to the hash of Node. */

import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { sha256 } from '../dist/esm/sha256.js';

const hex = (message: Uint8Array): string => Buffer.from(sha256(message)).toString('hex');

it.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('hashes %j as the standard does', (message, digest) => {
  expect(hex(Buffer.from(message))).toBe(digest);
});

it('hashes a million letters as the standard does', () => {
  const digest = 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0';
  expect(hex(Buffer.alloc(1_000_000, 'a'))).toBe(digest);
});

it('agrees with Node at every length around the blocks, and on any bytes', () => {
  for (let length = 0; length <= 300; length++) {
    const message = randomBytes(length);
    expect(hex(message)).toBe(createHash('sha256').update(message).digest('hex'));
  }
});

it('reads a view of bytes that begins within its buffer', () => {
  const bytes = new Uint8Array([9, 9, 97, 98, 99, 9]).subarray(2, 5);
  expect(hex(bytes)).toBe(createHash('sha256').update('abc').digest('hex'));
});
