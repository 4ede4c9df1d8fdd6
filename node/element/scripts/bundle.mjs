/**
 * Puts React's components, Preact in the place of React, and the client into files that a page loads without anything else:
 * modules, whose languages load when they are asked for, and one script. The licences of what is in them lie beside them.
 */

import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const { resolve } = createRequire(import.meta.url);
const folderOf = (name) => dirname(resolve(`${name}/package.json`));

const SHARED = {
  absWorkingDir: root,
  alias: {
    react: 'preact/compat',
    'react-dom': 'preact/compat',
    'react-dom/client': 'preact/compat/client',
    'react/jsx-runtime': 'preact/jsx-runtime',
  },
  banner: {
    js: '/*! @loggin/element, MIT OR Apache-2.0. Contains preact and lean-qr, both MIT: see *.LICENSE beside this file. */',
  },
  bundle: true,
  jsx: 'automatic',
  legalComments: 'none',
  loader: { '.css': 'text' },
  logLevel: 'warning',
  minify: true,
  plugins: [
    {
      // No attribute asks for the form for one-time codes, and the one script would have all phone numbers' plans in it.
      name: 'without-phone-plans',
      setup: ({ onLoad }) =>
        onLoad({ filter: /phone-plans\.js$/ }, () => ({ contents: 'throw new Error("No plans.");' })),
    },
    {
      // Shadow roots adopt the file, and the components have the same text as a module: once is enough.
      name: 'one-style-sheet',
      setup: ({ onLoad }) =>
        onLoad({ filter: /esm[\\/]styles\.js$/ }, () => ({
          contents: "export { default as CSS } from '@loggin/react/styles.css';",
          resolveDir: root,
        })),
    },
  ],
  target: 'es2022',
};

for (const name of readdirSync(dist).filter((file) => file.endsWith('.js'))) {
  rmSync(join(dist, name));
}
await build({
  ...SHARED,
  entryPoints: ['index', 'react', 'svelte', 'vue'].map((name) => `src/${name}.ts`),
  format: 'esm',
  outdir: 'dist',
  splitting: true,
});
await build({
  ...SHARED,
  define: { process: 'LOGGIN_PROCESS' },
  entryPoints: ['src/index.ts'],
  format: 'iife',
  inject: ['scripts/mode.mjs'],
  outfile: 'dist/loggin.js',
});

// The types that a page can reach name no other package.
const reached = new Set();
const reach = (name) => {
  if (!reached.has(name)) {
    reached.add(name);
    const text = readFileSync(join(dist, name), 'utf8');
    for (const [, found] of text.matchAll(/["']\.\/([\w-]+)\.js["']/g)) {
      reach(`${found}.d.ts`);
    }
  }
};
for (const name of ['index', 'react', 'svelte', 'vue']) {
  reach(`${name}.d.ts`);
}
for (const name of readdirSync(dist).filter((file) => file.endsWith('.d.ts') && !reached.has(file))) {
  rmSync(join(dist, name));
}
copyFileSync(join(folderOf('preact'), 'LICENSE'), join(dist, 'preact.LICENSE'));
copyFileSync(join(folderOf('@loggin/react'), 'dist', 'lean-qr.LICENSE'), join(dist, 'lean-qr.LICENSE'));
