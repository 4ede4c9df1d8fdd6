/** What the clients log: the way to their server, and nothing secret. */

import { debuglog } from 'node:util';
import { addon } from './addon.js';
import { check } from './input.js';
import type { LogLine } from './native.js';

/** What takes log lines, as `console` and the loggers of Node's libraries do. */
export interface Logger {
  debug(text: string): unknown;
  info(text: string): unknown;
  warn(text: string): unknown;
  error(text: string): unknown;
}

type Level = keyof Logger;

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

const DEBUG = debuglog('loggin');

let listening: number | undefined;
/** What the program said: nothing yet, or whether it listens. */
let isDecided = false;

/**
 * Hands what all clients of this thread log from now on to a logger, in place of an earlier one; `null` to none.
 *
 * By default nothing is logged, and with `NODE_DEBUG=loggin` everything goes to the standard error. A `warn` says that a
 * server is not reached and why, an `info` that it is again, and `debug` tells of each connection. No line holds a token, a
 * code, a key or a phone number. What a logger throws is dropped.
 *
 * @throws InvalidInputError `invalid_config` where the level is none.
 */
export function setLogger(logger: Logger | null, level: Level = 'debug'): void {
  check(LEVELS.includes(level), 'invalid_config', `A level is one of ${LEVELS.join(', ')}.`);
  isDecided = true;
  if (listening !== undefined) {
    addon().forgetListener(listening);
    listening = undefined;
  }
  if (logger) {
    listening = addon().listen(level, (line: LogLine) => {
      try {
        logger[line.level as Level](line.text);
      } catch {
        // A logger that fails must not end the program.
      }
    });
  }
}

/** @internal Listens where `NODE_DEBUG` asks for it and the program has said nothing. */
export function listenByDefault(): void {
  if (!isDecided && DEBUG.enabled) {
    const write = (text: string): void => DEBUG('%s', text);
    setLogger({ debug: write, info: write, warn: write, error: write });
  }
}
