// The event loop is held while something waits, and only then: each time it runs dry, `beforeExit` comes.
import { Loggin } from '@loggin/sdk';

const steps = [];
const client = new Loggin();
const { token } = client.createToken('8XKPQ2WN');
const begin = (name, options) => client.waitForVerify(token, options).catch(() => steps.push(name));
const ROUNDS = [
  () => begin('deadline', { timeoutMs: 20 }),
  () => Promise.all([begin('one of two', { timeoutMs: 10 }), begin('two of two', { timeoutMs: 30 })]),
  () => begin('signal', { signal: AbortSignal.timeout(20) }),
  () =>
    client
      .watch(token, { signal: AbortSignal.timeout(20) })
      .next()
      .catch(() => steps.push('watch')),
];

process.on('beforeExit', () => {
  steps.push('dry');
  void ROUNDS.shift()?.();
});
process.on('exit', () => console.log(JSON.stringify(steps)));
