/**
 * Leaves out tests of the SDK that this package does not take, each with the reason; it takes all others.
 *
 * The two have the same clients with the same names, options and errors, so that one body of tests holds for both.
 */

import { beforeEach } from 'vitest';

/** By their names. */
const NOT_HERE: Record<string, string> = {
  'carries many waits on few streams': 'each wait has a stream of its own: a page has one login',
  'draws the link as a picture': 'a QR picture is drawn by @loggin/react',
  'ends one wait on a token and not another': 'each wait has a stream of its own',
  'gives the session of the person who signed in': 'it names the SDK: client.test.ts has the same',
};

beforeEach(({ task, skip }) => {
  const reason = NOT_HERE[task.name];
  if (reason) {
    skip(reason);
  }
});
