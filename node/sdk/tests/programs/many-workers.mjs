// Seventy workers that end in the middle of their waits: every other one is terminated, the rest leave by themselves.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Loggin } from '@loggin/sdk';

const WORKERS = 70;
const AT_ONCE = 2;

async function endOne(number) {
  const leaves = number % 2 === 0;
  const worker = new Worker(new URL(import.meta.url), { workerData: leaves });
  const exit = once(worker, 'exit');
  await once(worker, 'message');
  if (!leaves) {
    await worker.terminate();
  }
  return (await exit)[0];
}

if (isMainThread) {
  const client = new Loggin();
  const controller = new AbortController();
  const own = client.waitForVerify(client.createToken('8XKPQ2WN').token, { signal: controller.signal });
  const ends = [];
  for (let number = 0; number < WORKERS; number += AT_ONCE) {
    ends.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, next) => endOne(number + next)))));
  }
  // The main thread's own wait has outlived them all.
  controller.abort('survived');
  console.log(JSON.stringify([ends.length, [...new Set(ends)].sort(), await own.catch((reason) => reason)]));
} else {
  const client = new Loggin();
  for (let count = 1; count <= 20; count += 1) {
    void client
      .waitForVerify(client.createToken('8XKPQ2WN').token, { timeoutMs: count % 2 ? count : 60_000 })
      .catch(() => {});
  }
  parentPort.postMessage('waiting');
  if (workerData) {
    setImmediate(() => process.exit(7));
  }
}
