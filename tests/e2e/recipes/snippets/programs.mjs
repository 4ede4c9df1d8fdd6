/** Snippets as programs: run against the real server, with somebody who taps Send or types the code that came. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Environment, PHONE } from '../../node/environment.mjs';
import { ROOT } from '../pages.mjs';

/** Where the modules of the documentation's packages are installed. */
export const SITE = join(ROOT, 'target/e2e/recipes');

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

export const SERVER = process.env.LOGGIN_SERVER_BIN ?? join(ROOT, 'target/debug/loggin-server');

/** A text in which each of these stands in place of another. */
export function swapped(text, swap = {}, environment = {}) {
  for (const [theirs, ours] of Object.entries(swap)) {
    assert.ok(text.includes(theirs), `the block has ${theirs}`);
    text = text.replaceAll(
      theirs,
      ours.replace(/^\{(\w+)\}$/, (_, name) => environment[name]),
    );
  }
  return text;
}

/** Runs a program in an environment of its own until it ends well, and gives what it printed. */
async function inEnvironment(block, entry, command) {
  const environment = await Environment.start();
  let child;
  try {
    if (entry?.confirms) {
      await environment.updateApp('8XKPQ2WN', '--confirm', 'code');
    }
    if (entry?.refuses) {
      const options = ['--mode', 'enforce', '--countries', 'DE', '--json'];
      await environment.command('guard', 'set', '8XKPQ2WN', ...options);
    }
    const accessKey = entry?.scopes ? await accessKeyOf(environment, entry.scopes) : '';
    const [program, args, folder] = command(environment);
    child = spawn(program, args, {
      cwd: folder,
      env: {
        ...process.env,
        PATH: `${dirname(SERVER)}:${join(ROOT, '.venv/bin')}:${process.env.PATH}`,
        LOGGIN_BASE_URL: environment.url,
        LOGGIN_SERVER: SERVER,
        LOGGIN_SECRET_KEY: environment.secretKey,
        ACCESS_KEY: accessKey,
        LOGGIN_DATABASE_URL: `sqlite:${join(folder, 'loggin.db')}`,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const exit = once(child, 'exit');
    let complaints = '';
    child.stderr.on('data', (chunk) => {
      complaints += chunk;
    });
    // A program that has ended early is told by how it ended.
    child.stdin.on('error', () => {});
    const typing = codeFor(environment, entry)?.then(
      (code) => child.stdin.end(`${code}\n`),
      () => {},
    );
    if (!typing) {
      child.stdin.end();
    }
    const printed = [];
    for await (const line of createInterface({ input: child.stdout })) {
      printed.push(line);
      const link = line.match(/^(?:link )?(http\S+\/l\/\S+|https:\/\/wa\.me\/\S+)$/)?.[1];
      if (link) {
        await environment.tap(link);
      }
    }
    assert.deepEqual(await exit, [0, null], `${block.name}\n${complaints}`);
    await typing;
    return printed;
  } finally {
    child?.kill();
    await environment.stop();
  }
}

/** A key by which a program administers the server. */
async function accessKeyOf(environment, scopes) {
  const chosen = scopes.flatMap((scope) => ['--scope', scope]);
  const words = ['create', '--label', 'docs', '--json', ...chosen];
  return (await environment.command('access-key', ...words)).access_key;
}

/** What somebody types into the program, once WhatsApp shows it. */
function codeFor(environment, entry) {
  if (entry?.confirms) {
    return environment.digitsOn(PHONE);
  }
  return entry?.code ? environment.otpCodes(PHONE).then(([code]) => code) : undefined;
}

export function written(name, text) {
  const path = join(SITE, 'snippets', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** The name of a block's own file. */
export const fileOf = (block, suffix) => `${block.page.replaceAll('/', '-')}-${block.line}${suffix}`;

export async function runPython(block, entry) {
  const { before = '', after = '' } = entry ?? {};
  const path = written(fileOf(block, '.py'), `${before}${block.text}${after}\n`);
  const printed = await inEnvironment(block, entry, () => [
    join(ROOT, '.venv/bin/python'),
    [beside('run.py'), path],
    dirname(path),
  ]);
  assert.equal(printed.at(-1), 'done');
  const told = `${block.text}${after}`.match(/^[\w.]+ {2}# '/gm)?.length ?? 0;
  assert.equal(
    printed.filter((line) => line.endsWith('value')).length,
    told,
    'each value that a comment tells',
  );
}

const LINES = 'createInterface({ input: process.stdin })[Symbol.asyncIterator]()';

/** As an ES module, and in CommonJS. */
export async function runJavaScript(block, entry) {
  const { before = '', after = '' } = entry ?? {};
  const whole = `${before}\n${block.text}\n${after}\nconsole.log('done');\n`;
  const ours =
    "import { deepEqual as equal } from 'node:assert/strict';\nimport { createInterface } from 'node:readline';";
  const module = `${ours}\nconst lines = ${LINES};\n${whole}`;
  const imports = /^import (\{[^}]*\}) from ('[^']+');/gm;
  const required = module.replace(imports, (_, names, from) => {
    return `const ${names.replaceAll(' as ', ': ')} = require(${from});`;
  });
  const inner = required.replace(/(?<=; )import (\{[^}]*\}) from ('[^']+');/g, 'const $1 = require($2);');
  const files = [
    written(fileOf(block, '.mjs'), module),
    written(fileOf(block, '.cjs'), `(async () => {\n${inner}\n})();\n`),
  ];
  // It finds the packages as the snippet does.
  const shown = written('shown.mjs', readFileSync(beside('shown.mjs'), 'utf8'));
  for (const path of files) {
    const printed = await inEnvironment(block, entry, () => [
      process.execPath,
      ['--import', shown, path],
      SITE,
    ]);
    assert.equal(printed.at(-1), 'done', path);
  }
}

export async function runShell(block, entry) {
  const folder = mkdtempSync(join(tmpdir(), 'loggin-shell-'));
  const printed = await inEnvironment(block, entry, (environment) => [
    'bash',
    ['-euo', 'pipefail', '-c', swapped(block.text, entry?.swap, environment)],
    folder,
  ]);
  if (entry?.after) {
    assert.ok(printed.join('\n').includes(entry.after), printed.join('\n'));
  }
}
