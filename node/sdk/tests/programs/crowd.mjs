// Thousands of waits, and what they take: `crowd.mjs COUNT settle|abort|close`. It says what it takes whenever a line
// comes in, and then has the waits end.
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Loggin } from '@loggin/sdk';

const TURN = 1_000;
// What all waits of a process may take, and until when: streams that were replaced are on their way out.
const MOST = 10;
const TEST_TIMEOUT_MS = 15_000;

const [count, way] = [Number(process.argv[2]), process.argv[3]];
const say = (what) => console.log(JSON.stringify(what));
const lines = createInterface({ input: process.stdin });
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const newToken = () =>
  `lgn1_8XKPQ2WN_${Array.from({ length: 32 }, () => alphabet[(Math.random() * 32) | 0]).join('')}`;

/** How many of what stands in a folder of /proc are what the test says; some may go away meanwhile. */
function countIn(folder, test) {
  return readdirSync(folder).filter((name) => {
    try {
      return test(`${folder}/${name}`);
    } catch {
      return false;
    }
  }).length;
}

const sockets = () => countIn('/proc/self/fd', (path) => readlinkSync(path).startsWith('socket:'));
const threads = () =>
  countIn('/proc/self/task', (path) => readFileSync(`${path}/comm`, 'utf8').startsWith('loggin'));

const before = { sockets: sockets(), memory: process.memoryUsage.rss() };
const usage = () => ({ sockets: sockets() - before.sockets, threads: threads() });
const peak = { sockets: 0, threads: 0 };
const look = () => {
  const now = usage();
  peak.sockets = Math.max(peak.sockets, now.sockets);
  peak.threads = Math.max(peak.threads, now.threads);
  return now;
};

const client = new Loggin();
const controller = new AbortController();
const waits = [];
while (waits.length < count) {
  const options = way === 'abort' ? { signal: controller.signal } : {};
  for (let left = TURN; left > 0; left -= 1) {
    waits.push(client.waitForVerify(newToken(), options));
  }
  await new Promise(setImmediate);
  look();
}
const ends = Promise.allSettled(waits);

await once(lines, 'line');
const givenUp = performance.now() + TEST_TIMEOUT_MS;
let now = look();
while ((now.sockets > MOST || now.threads > MOST) && performance.now() < givenUp) {
  await new Promise(setImmediate);
  now = look();
}
say({ ...now, peak, bytesAWait: Math.round((process.memoryUsage.rss() - before.memory) / count) });

const began = performance.now();
if (way === 'abort') {
  controller.abort('enough');
} else if (way === 'close') {
  client.close();
}
const took = performance.now() - began;
const reasons = (await ends).map(
  ({ status, value, reason }) => value?.phone ?? reason?.code ?? reason ?? status,
);
say({ ends: [...new Set(reasons)], took });
lines.close();
