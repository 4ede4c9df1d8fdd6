// The conversation between the driver and a Node process that waits; rust/src/child.rs says how it goes.

import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function nextLine() {
  return (await lines.next()).value;
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

/** When each wait woke, by its number: nanoseconds of the clock that all processes share, 0 for not yet. */
class Stamps {
  #moments;
  #woken = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #reached;

  constructor(waits) {
    this.#moments = new BigUint64Array(waits);
  }

  mark(wait) {
    this.#moments[wait] = process.hrtime.bigint();
    this.#woken += 1;
    if (this.#woken >= this.#wanted) {
      this.#reached();
    }
  }

  async marked(count) {
    await new Promise((resolve) => {
      this.#wanted = count;
      this.#reached = resolve;
      if (this.#woken >= count) {
        resolve();
      }
    });
    return Array.from(this.#moments, (moment, wait) => [wait, Number(moment)]).filter(([, moment]) => moment);
  }
}

/** Collects what is garbage: the driver looks at what the waits need, not at when the collector last ran. */
async function rest() {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc();
    await setImmediate();
  }
}

/**
 * Converses until the driver has its report.
 *
 * @param open makes of the plan what waits: `wait(token, number)` is called for each token without waiting for the one
 *   before, and its promise is fulfilled when the wait wakes; `opened()`, where there is one, when all have begun.
 */
export async function converse(open) {
  const plan = JSON.parse(await nextLine());
  const client = open(plan);
  say('warming');
  await client.wait(plan.warm, 0);
  const stamps = new Stamps(plan.tokens.length);
  await rest();
  say('warm');
  await nextLine();
  plan.tokens.forEach((token, number) => {
    client.wait(token, number).then(() => stamps.mark(number), fail);
  });
  say('started');
  for (;;) {
    const line = await nextLine();
    if (line === 'rest') {
      await rest();
      say('rested');
    } else {
      const woken = await stamps.marked(Number(line.split(' ')[1]));
      process.stdout.write(`${JSON.stringify({ woken })}\n`, () => process.exit(0));
      return;
    }
  }
}

function fail(error) {
  console.error(error);
  process.exit(1);
}
