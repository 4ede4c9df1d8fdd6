// Times `createToken` of the SDK against the same in pure JavaScript, in turns; prints nanoseconds of processor time a call.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const { Loggin } = await import(pathToFileURL(process.env.LOGGIN_SDK));

const APP_KEY = '8XKPQ2WN';
const NUMBER = '15550001111';
const CALLS = 20_000;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TEXT = 'Send this message to sign in. If you did not start a sign-in, do not send it. Code: ';

/** Base32 with Crockford's alphabet. */
function crockford(bytes) {
  let symbols = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      symbols += ALPHABET[(held >> bits) & 31];
    }
  }
  return bits ? symbols + ALPHABET[(held << (5 - bits)) & 31] : symbols;
}

function newLogin(appKey) {
  const token = `lgn1_${appKey}_${crockford(randomBytes(20))}`;
  const symbols = crockford(createHash('sha256').update(`loggin code v1\n${token}`).digest());
  const groups = [0, 5, 10, 15].map((start) => symbols.slice(start, start + 5));
  const code = [appKey, ...groups].join('-');
  return { token, code, link: `https://wa.me/${NUMBER}?text=${encodeURIComponent(TEXT + code)}` };
}

function time(call) {
  const began = process.cpuUsage();
  for (let calls = 0; calls < CALLS; calls += 1) {
    call();
  }
  const { user, system } = process.cpuUsage(began);
  return ((user + system) * 1_000) / CALLS;
}

const client = new Loggin({ whatsappNumber: NUMBER });
// The same work: links that differ in the code only.
const [ours, peer] = [client.createToken(APP_KEY), newLogin(APP_KEY)].map(({ link }) => link.slice(0, -29));
assert.equal(ours, peer);
const times = { ours: [], peer: [] };
for (let round = 0; round < Number(process.argv[2]); round += 1) {
  times.ours.push(time(() => client.createToken(APP_KEY)));
  times.peer.push(time(() => newLogin(APP_KEY)));
}
process.stdout.write(`${JSON.stringify(times)}\n`);
