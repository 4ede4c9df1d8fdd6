/** The programs that run JavaScript on a server: Node, and those that load its addons too. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULES = fileURLToPath(new URL('node_modules', import.meta.url));

/**
 * A program that npm has brought for this machine: in the package of its platform or, where npm runs scripts, moved from
 * there into that of its name.
 */
function brought(scope, path, moved) {
  const folder = join(MODULES, scope);
  const platforms = existsSync(folder) ? readdirSync(folder) : [];
  return [...platforms.map((name) => join(folder, name, path)), join(MODULES, moved)].find(existsSync);
}

const bun = brought('@oven', 'bin/bun', 'bun/bin/bun.exe');
const deno = brought('@deno', 'deno', 'deno/deno');

for (const [name, program] of Object.entries({ bun, deno })) {
  if (!program) {
    console.log(`skipped: ${name}: npm has none for ${process.platform} on ${process.arch}`);
  }
}

/** What a program needs in Deno for the addon: native code is permitted as a whole, its connections too. */
const PERMISSIONS = ['--no-prompt', '--allow-env', '--allow-ffi', '--allow-read'];

/** Each runtime that is here, with what runs a program in it. */
export const RUNTIMES = [
  { name: 'Node', command: [process.execPath] },
  ...(bun ? [{ name: 'Bun', command: [bun, 'run'] }] : []),
  ...(deno ? [{ name: 'Deno', command: [deno, 'run', ...PERMISSIONS, '--node-modules-dir=manual'] }] : []),
];
