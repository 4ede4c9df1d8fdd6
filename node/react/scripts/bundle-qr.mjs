/**
 * Puts the QR encoder into the built files, with its licence beside them. It is an ES module only, which CommonJS
 * programs and their test runners could not load.
 */

import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const library = dirname(createRequire(import.meta.url).resolve('lean-qr'));

for (const [folder, format] of [
  ['esm', 'esm'],
  ['cjs', 'cjs'],
]) {
  await build({
    allowOverwrite: true,
    banner: { js: '/*! Contains lean-qr, MIT: see lean-qr.LICENSE */' },
    bundle: true,
    entryPoints: [join(root, 'src/qr-encoder.ts')],
    format,
    outfile: join(root, 'dist', folder, 'qr-encoder.js'),
    platform: 'neutral',
    target: 'es2022',
  });
}
copyFileSync(join(library, 'LICENSE'), join(root, 'dist', 'lean-qr.LICENSE'));
