/** The package as others get it: both kinds of modules, and nothing in a page's bundle that a page cannot run. */

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import manifest from '../package.json';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const ENTRIES = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => path.replace(/^\./, '@loggin/web'));

function run(kind: 'module' | 'commonjs', program: string): string {
  return execFileSync(process.execPath, [`--input-type=${kind}`, '--eval', program], {
    cwd: ROOT,
    encoding: 'utf8',
  });
}

it.each(ENTRIES)('%s has the same names as module and as script', (entry) => {
  const print = 'process.stdout.write(Object.keys(all).sort().join())';
  const asModule = run('module', `import * as all from '${entry}'; ${print}`);
  expect(run('commonjs', `const all = require('${entry}'); ${print}`)).toBe(asModule);
  expect(asModule).not.toBe('');
});

it.each(ENTRIES)('%s is bundled for a page without anything of Node', async (entry) => {
  const { metafile, outputFiles } = await build({
    absWorkingDir: ROOT,
    bundle: true,
    format: 'esm',
    metafile: true,
    platform: 'browser',
    stdin: { contents: `export * from '${entry}'`, resolveDir: ROOT },
    write: false,
  });
  const inputs = Object.keys(metafile.inputs).filter((path) => path !== '<stdin>');
  expect(inputs.filter((path) => !path.startsWith('dist/esm/'))).toEqual([]);
  expect(outputFiles[0]?.text).not.toMatch(/\brequire\(|\.node\b|node:|\bimport\b/);
});

it('depends on nothing', () => {
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest).not.toHaveProperty('peerDependencies');
  expect(manifest.sideEffects).toBe(false);
});

it('has types beside every file', () => {
  for (const half of ['esm', 'cjs']) {
    const files = readdirSync(`${ROOT}/dist/${half}`);
    const scripts = files.filter((name) => name.endsWith('.js'));
    expect(scripts.filter((name) => !files.includes(name.replace(/js$/, 'd.ts')))).toEqual([]);
  }
});
