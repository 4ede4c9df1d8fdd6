/**
 * Leaves out tests of the SDK that this package does not take, each with the reason; it takes all others.
 *
 * The two have the same clients with the same names, options and errors, so that one body of tests holds for both.
 */

import { beforeEach } from 'vitest';

/** Each wait has a stream of its own: a page has one login, and a worker lives as long as one request. */
const NO_SHARING = 'waits do not share their streams';

/** By their names. */
const NOT_HERE: Record<string, string> = {
  'carries many waits on few streams': NO_SHARING,
  'draws the link as a picture': 'a QR code is drawn by @loggin/react',
  'ends one wait on a token and not another': NO_SHARING,
  'gives the session of the person who signed in': 'it names the SDK: client.test.ts has the same',
};

beforeEach(({ task, skip }) => {
  const reason = NOT_HERE[task.name];
  if (reason) {
    skip(reason);
  }
});
