/**
 * Prints `server/assets/loggin.js`: this client, and the encoder of QR codes, as one module for the pages of `loggin-server`,
 * which is built without Node. `make generate` runs it.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const encoder = dirname(createRequire(import.meta.url).resolve('lean-qr'));
const licence = readFileSync(join(encoder, 'LICENSE'), 'utf8').trim();

/** The longest line, where the code allows for breaks: a change shows as few of them. */
const LINE = 160;

const { outputFiles } = await build({
  absWorkingDir: root,
  banner: { js: `/*! Written by node/web/scripts/pages.mjs. @loggin/web, and lean-qr:\n\n${licence}\n*/` },
  bundle: true,
  format: 'esm',
  legalComments: 'none',
  lineLimit: LINE,
  logLevel: 'warning',
  minify: true,
  stdin: {
    contents: `
      export { Loggin } from './dist/esm/index.js';
      export { correction, generate } from '${join(encoder, 'nano.mjs')}';`,
    resolveDir: root,
  },
  target: 'es2022',
  write: false,
});
process.stdout.write(outputFiles[0].text);
