/** Prints `src/codes.ts`, the codes of each class of errors as the core lists them. `make generate` runs it. */

import { createRequire } from 'node:module';

/** The class of what no list knows: its codes need no line of their own. */
const OTHERWISE = 'ServerError';

/** The longest line that the formatter leaves as it is. */
const LINE = 110;

const { everyFailure } = createRequire(import.meta.url)('../../sdk/dist/native.js');
const failures = everyFailure().sort((a, b) => (a.code < b.code ? -1 : 1));

const retryable = failures.filter((each) => each.retryable).map((each) => each.code);

const codes = new Map();
for (const { className, code } of failures.filter((each) => each.className !== OTHERWISE)) {
  codes.set(className, [...(codes.get(className) ?? []), code]);
}
const classes = [...codes].sort();
const rows = classes.map(([name, list]) => {
  const row = `  [${name}, '${list.join(' ')}'],`;
  return row.length <= LINE ? row : `  [\n    ${name},\n    '${list.join(' ')}',\n  ],`;
});

process.stdout.write(`/** The codes of errors, as the core lists them: written by \`make generate\`, do not edit. */

import type { LogginError } from './error.js';
import {
${classes.map(([name]) => `  ${name},`).join('\n')}
} from './errors.js';

/** The codes after which the same call can succeed later, apart by spaces. */
export const RETRYABLE_CODES = '${retryable.join(' ')}';

/** The codes of each class, apart by spaces; any other code is a \`${OTHERWISE}\`. */
export const CODES_OF_CLASSES: readonly (readonly [typeof LogginError, string])[] = [
${rows.join('\n')}
];
`);
