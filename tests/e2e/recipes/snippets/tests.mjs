/** Snippets that are tests of an app: run by the runner that they are written for, and counted. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../pages.mjs';
import { fileOf, SERVER, SITE } from './programs.mjs';

const VITEST = join(ROOT, 'node/node_modules/vitest');

/** A test in a folder of its own, as runners look for tests by their names. */
function inFolder(block, name) {
  const path = join(SITE, 'snippets', fileOf(block, ''), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, block.text);
  return path;
}

/** The command that runs the block, and what it prints of so many tests that passed. */
function commandFor(block, tests) {
  if (block.language === 'python') {
    const path = inFolder(block, 'test_snippet.py');
    // Of the plugins that are installed here, the app has ours.
    const options = ['-q', '-p', 'no:asyncio', '-W', 'error', '--rootdir', dirname(path), path];
    return [join(ROOT, '.venv/bin/pytest'), options, `${tests} passed`];
  }
  const path = inFolder(block, 'snippet.test.mjs');
  if (!block.text.includes("from 'vitest'")) {
    return [process.execPath, ['--test', '--test-reporter=tap', path], `# pass ${tests}\n# fail 0`];
  }
  // The one that the workspaces have: an app installs it beside `@loggin/sdk`.
  const config = { root: dirname(path), resolve: { alias: { vitest: join(VITEST, 'dist/index.js') } } };
  const configuration = join(dirname(path), 'vitest.config.mjs');
  writeFileSync(configuration, `export default ${JSON.stringify(config)};\n`);
  const options = ['run', '--config', configuration, '--reporter=json', '--silent'];
  return [
    process.execPath,
    [join(VITEST, 'vitest.mjs'), ...options],
    `"numPassedTests":${tests},"numFailedTests":0`,
  ];
}

export async function runTests(block, { tests }) {
  const [program, options, passed] = commandFor(block, tests);
  // A runner within a runner reports to the outer one, unless it does not know of it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const done = await promisify(execFile)(program, options, {
    cwd: dirname(options.at(-1).startsWith('/') ? options.at(-1) : SITE),
    env: { ...env, LOGGIN_SERVER: SERVER },
  }).catch((error) => error);
  assert.ok(!(done instanceof Error), `${block.name}\n${done.stdout}\n${done.stderr}`);
  assert.ok(done.stdout.includes(passed), done.stdout);
}
