// Clients that nobody holds are collected, their native halves too; one that somebody waits on is not. `queryObjects`
// is experimental, which Node says unless it is told not to.
import { createRequire } from 'node:module';
import { queryObjects } from 'node:v8';
import { Loggin } from '@loggin/sdk';

const COUNT = 200;
const { Client } = createRequire(import.meta.url)('../../dist/native.js');

async function use() {
  const client = new Loggin();
  await client.waitForVerify('').catch(() => {});
}

const { token } = new Loggin().createToken('8XKPQ2WN');
const wait = new Loggin().waitForVerify(token, { timeoutMs: 400 }).catch((error) => error.code);
for (let count = 0; count < COUNT; count += 1) {
  await use();
}
// It collects garbage before it counts; finalizers then run in the next turn of the event loop.
while (queryObjects(Loggin) + queryObjects(Client) > 2) {
  await new Promise(setImmediate);
}
console.log(JSON.stringify([queryObjects(Client), await wait]));
