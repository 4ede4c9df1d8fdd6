/** Where the program `loggin-server` is: of the package `@loggin/server`, or another that is named or on the path. */

import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { LocalServerError } from './control.js';

/** Names the program, before all other places. */
const VARIABLE = 'LOGGIN_SERVER';

const SUFFIX = process.platform === 'win32' ? '.exe' : '';
const NAME = `loggin-server${SUFFIX}`;

/** The program: the one that is named, by an option or the environment, the package's, or the one on the path. */
export function findProgram(named: string | undefined): string {
  const wanted = named || process.env[VARIABLE];
  if (wanted) {
    if (!isProgram(wanted)) {
      throw new LocalServerError(
        'not_installed',
        `${wanted} is no program (${VARIABLE} or \`program\` names it)`,
      );
    }
    return wanted;
  }
  const found = ofPackage() ?? onPath();
  if (!found) {
    throw new LocalServerError(
      'not_installed',
      `loggin-server is not installed: \`npm install --save-dev @loggin/server\` brings it, or ${VARIABLE} names the program`,
    );
  }
  return found;
}

/** It is installed beside the app's packages; its programs are in the package for this platform, which only it sees. */
function ofPackage(): string | undefined {
  for (const from of [join(process.cwd(), 'package.json'), __filename]) {
    try {
      const server = createRequire(from).resolve('@loggin/server/package.json');
      const platform = `@loggin/server-${process.platform}-${process.arch}`;
      return createRequire(server).resolve(`${platform}/bin/${NAME}`);
    } catch {
      // Not seen from here.
    }
  }
  return undefined;
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, NAME)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
