/** Says of the two halves of a built package which kind of modules each holds: `node module-kinds.mjs dist`. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
for (const [half, type] of [
  ['esm', 'module'],
  ['cjs', 'commonjs'],
]) {
  writeFileSync(join(folder, half, 'package.json'), `${JSON.stringify({ type, sideEffects: false })}\n`);
}
