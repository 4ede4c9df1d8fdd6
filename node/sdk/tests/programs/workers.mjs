// Workers that are ended in the middle of their waits, while results come in.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Loggin, loggin } from '@loggin/sdk';

if (isMainThread) {
  const ends = [];
  for (let count = 0; count < 8; count += 1) {
    const worker = new Worker(new URL(import.meta.url));
    await once(worker, 'message');
    ends.push(await worker.terminate());
  }
  console.log(JSON.stringify([ends.length, loggin.createToken('8XKPQ2WN').token.length]));
} else {
  const client = new Loggin();
  const begin = (timeoutMs) =>
    client.waitForVerify(client.createToken('8XKPQ2WN').token, { timeoutMs }).catch(() => {});
  for (let count = 1; count <= 50; count += 1) {
    void begin(count);
    void begin(60_000);
    void client.verifyToken(client.createToken('8XKPQ2WN').token).catch(() => {});
  }
  await begin(5);
  parentPort.postMessage('waiting');
}
