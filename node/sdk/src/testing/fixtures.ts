/** Fixtures for vitest: `test.extend(logginFixtures)`. */

import type { Person } from './person.js';
import { LocalServer } from './server.js';

/** Hands a value to the test, and settles when that is over. */
type Use<T> = (value: T) => Promise<void>;

/** One server for the tests of a file, started when one asks for it first. */
// biome-ignore lint/correctness/noEmptyPattern: vitest reads there what a fixture needs
const logginServer = async ({}: object, use: Use<LocalServer>): Promise<void> => {
  const server = await new LocalServer().start();
  try {
    await use(server);
  } finally {
    await server.stop();
  }
};

/** Somebody who has not signed in before. */
const logginPerson = async (
  { logginServer }: { logginServer: LocalServer },
  use: Use<Person>,
): Promise<void> => {
  await use(await logginServer.person());
};

/**
 * What `test.extend` of vitest takes.
 *
 * @example
 * const signingIn = test.extend(logginFixtures);
 *
 * signingIn('somebody signs in', async ({ logginServer, logginPerson }) => {
 *   const client = new Loggin({ baseUrl: logginServer.url });
 * });
 */
export const logginFixtures: {
  logginServer: [typeof logginServer, { scope: 'file' }];
  logginPerson: typeof logginPerson;
} = {
  logginServer: [logginServer, { scope: 'file' }],
  logginPerson,
};
