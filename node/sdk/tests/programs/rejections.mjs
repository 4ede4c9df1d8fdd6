// Races that waits lose, and rejections: nothing is reported that somebody handles, and what nobody handles is.
import { Loggin } from '@loggin/sdk';

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason.code ?? reason));
process.on('rejectionHandled', () => unhandled.push('handled late'));

const client = new Loggin();
const begin = (options) => client.waitForVerify(client.createToken('8XKPQ2WN').token, options);
const controller = new AbortController();

const winner = await Promise.race([begin(), begin({ signal: controller.signal }), Promise.resolve('first')]);
const lost = Promise.race([begin({ timeoutMs: 10 }), begin(), begin({ signal: controller.signal })]);
const race = await lost.catch((error) => error.code);
const any = await Promise.any([begin({ timeoutMs: 10 }), begin({ timeoutMs: 20 })]).catch((error) =>
  error.errors.map(({ code }) => code),
);
controller.abort('too late');
// A reason of our own may be handled as soon as the promise is there.
await begin({ signal: controller.signal }).catch(() => {});
client.close();
await new Promise(setImmediate);
const before = [...unhandled];
void begin();
void client.verifyToken('');
await new Promise(setImmediate);
console.log(JSON.stringify([winner, race, any, before, unhandled.sort()]));
