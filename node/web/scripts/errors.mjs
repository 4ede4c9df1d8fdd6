/**
 * Writes the errors of this package from those of the SDK, so that both have the same: `errors.mjs base` prints
 * `src/error.ts`, the class that all of them extend, and `errors.mjs classes` prints `src/errors.ts`, with the codes of
 * each as the core lists them. `make generate` runs it.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const SOURCE = new URL('../../sdk/src/errors.ts', import.meta.url);

/** The class of what no list knows: its codes need no line of their own. */
const OTHERWISE = 'ServerError';

/** The longest line that the formatter leaves as it is. */
const LINE = 110;

/** The declarations of the SDK, each with its comment; the first is the comment of the file. */
const [, ...declarations] = readFileSync(SOURCE, 'utf8')
  .trim()
  .split(/\n\n(?=\/\*\*|interface|const|function)/);
const isSubclass = (text) => / extends LogginError \{/.test(text);
/** The SDK's way from the native half to the classes. */
const isNative = (text) => /^(?:const CLASSES|\/\*\* @internal The error that)/.test(text);

const { everyFailure } = createRequire(import.meta.url)('../../sdk/dist/native.js');
const failures = everyFailure().sort((a, b) => (a.code < b.code ? -1 : 1));

function base() {
  const retryable = failures.filter((each) => each.retryable).map((each) => each.code);
  return [
    `/**
 * The class of all errors, as in the SDK for Node: written by \`make generate\`, do not edit.
 *
 * \`instanceof\` also knows the errors of another copy of this package, and those of the SDK.
 */`,
    ...declarations
      .filter((text) => !isSubclass(text) && !isNative(text))
      .map((text) => text.replace('const BRAND', 'export const BRAND')),
    `/** The codes after which the same call can succeed later, apart by spaces. */
export const RETRYABLE_CODES = '${retryable.join(' ')}';`,
  ];
}

function classes() {
  const codes = new Map();
  for (const { className, code } of failures.filter((each) => each.className !== OTHERWISE)) {
    codes.set(className, [...(codes.get(className) ?? []), code]);
  }
  const rows = [...codes].sort().map(([name, list]) => {
    const row = `  [${name}, '${list.join(' ')}'],`;
    return row.length <= LINE ? row : `  [\n    ${name},\n    '${list.join(' ')}',\n  ],`;
  });
  return [
    '/** A class for each thing that a caller can do about an error: written by `make generate`, do not edit. */',
    "import { BRAND, LogginError } from './error.js';",
    ...declarations.filter(isSubclass),
    `/** The codes of each class, apart by spaces; any other code is a \`${OTHERWISE}\`. */
export const CODES_OF_CLASSES: readonly (readonly [typeof LogginError, string])[] = [
${rows.join('\n')}
];`,
  ];
}

const parts = { base, classes }[process.argv[2]]();
process.stdout.write(`${parts.join('\n\n')}\n`);
