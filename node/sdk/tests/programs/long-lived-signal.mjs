// Ten thousand waits, one group after the other, on one signal that outlives them all; then as many signals that run
// out long after their waits. Needs `--expose-gc` and `--no-warnings`.
import { getEventListeners } from 'node:events';
import { queryObjects } from 'node:v8';
import { Loggin } from '@loggin/sdk';

const GROUPS = 10;
const OF_A_GROUP = 1_000;
const LONG_MS = 3_600_000;

const { signal } = new AbortController();
const client = new Loggin();
const { token } = client.createToken('8XKPQ2WN');
const run = (signalOf) =>
  Promise.all(Array.from({ length: OF_A_GROUP }, () => client.waitForVerify(token, { signal: signalOf() })));
const heap = () => {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};

await run(() => signal);
const listeners = [getEventListeners(signal, 'abort').length];
const [promises, before] = [queryObjects(Promise), heap()];
for (let group = 0; group < GROUPS; group += 1) {
  await run(() => signal);
  listeners.push(getEventListeners(signal, 'abort').length);
}
const kept = queryObjects(Promise) - promises;
console.error(`bytes of heap a wait: ${(heap() - before) / (GROUPS * OF_A_GROUP)}`);

const signals = queryObjects(AbortSignal);
for (let group = 0; group < GROUPS; group += 1) {
  await run(() => AbortSignal.timeout(LONG_MS));
}
await new Promise(setImmediate);
const left = queryObjects(AbortSignal) - signals;
console.log(JSON.stringify([new Set(listeners).size, listeners[0], kept < OF_A_GROUP, left < OF_A_GROUP]));
