// Clients that nobody holds are collected; one that somebody waits on is not.
import { Loggin } from '@loggin/sdk';

const COUNT = 200;
let collected = 0;
const registry = new FinalizationRegistry(() => {
  collected += 1;
});

async function use() {
  const client = new Loggin();
  registry.register(client);
  await client.waitForVerify('').catch(() => {});
}

const waiting = new Loggin().waitForVerify(new Loggin().createToken('8XKPQ2WN').token, { timeoutMs: 400 });
const outcome = waiting.catch((error) => error.code);
for (let count = 0; count < COUNT; count += 1) {
  await use();
}
while (collected < COUNT) {
  gc();
  await new Promise(setImmediate);
}
console.log(JSON.stringify([collected, await outcome]));
