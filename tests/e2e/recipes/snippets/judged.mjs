/** Snippets that are judged without being run as programs: by a compiler, a parser, or the programs that they call. */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../pages.mjs';
import { SITE, swapped } from './programs.mjs';

const TARGET = join(ROOT, 'target/debug');

/** Which packages a page is about, whose names its fragments use without importing them. */
const PACKAGES = {
  'README.md': ['nextjs', 'react'],
  'docs/nextjs.md': ['nextjs', 'react'],
  'node/nextjs/README.md': ['nextjs'],
  'node/react/README.md': ['react'],
  'node/sdk/README.md': ['sdk'],
  'node/web/README.md': ['web'],
};

function exportsOf(name) {
  const types = name === 'sdk' ? 'dist/index.d.ts' : 'dist/esm/index.d.ts';
  const text = readFileSync(join(ROOT, 'node', name, types), 'utf8');
  const lists = [...text.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, list]) => list.split(','));
  return lists.map((each) => each.trim()).filter((each) => each && !each.startsWith('type '));
}

/** What a fragment uses of its page's packages; a block with imports of its own has to import all that it uses. */
function importsFor(block) {
  if (/^import /m.test(block.text)) {
    return '';
  }
  const lines = (PACKAGES[block.page] ?? []).map((name) => {
    const used = exportsOf(name).filter((each) => new RegExp(`\\b${each}\\b`).test(block.text));
    return used.length > 0 ? `import { ${used.join(', ')} } from '@loggin/${name}';\n` : '';
  });
  return lines.join('');
}

const SUFFIX = { js: '.ts', jsx: '.tsx', ts: '.ts', tsx: '.tsx' };

/** The file that a block says it is, in its first comment: `// app/login/actions.ts`. */
function fileNamed(block) {
  const named = block.text.match(/^\/\/ ([\w./[\]-]+\.tsx?)\b/)?.[1];
  return named && { path: named.replace(/\.tsx?$/, ''), suffix: named.match(/\.tsx?$/)[0] };
}

const OPTIONS = {
  allowJs: true,
  jsx: 'react-jsx',
  lib: ['dom', 'dom.iterable', 'es2023'],
  module: 'esnext',
  moduleDetection: 'force',
  moduleResolution: 'bundler',
  noEmit: true,
  skipLibCheck: true,
  strict: true,
  target: 'es2022',
  types: ['node'],
};

/**
 * Type-checks all blocks in one go, and each that others would feel by itself, beside what it is to change; the complaints
 * about each.
 */
export function typeCheck(pairs) {
  const isAlone = ({ entry }) => entry?.beside !== undefined;
  const complaints = complaintsOf(
    'types',
    pairs.filter((pair) => !isAlone(pair)),
  );
  for (const pair of pairs.filter(isAlone)) {
    const [[block, own]] = complaintsOf(`types-${pair.block.line}`, [pair]);
    complaints.set(block, own);
  }
  return complaints;
}

function complaintsOf(program, pairs) {
  const folder = join(SITE, 'snippets', program);
  rmSync(folder, { recursive: true, force: true });
  const places = new Map();
  for (const { block, entry } of pairs) {
    const page = block.page.replaceAll('/', '-');
    const named = fileNamed(block) ?? { path: `block-${block.line}`, suffix: SUFFIX[block.language] };
    let name = `${page}/${named.path}${named.suffix}`;
    if (existsSync(join(folder, name))) {
      name = `${page}/${named.path}-${block.line}${named.suffix}`;
    }
    const { before = '', beside, swap } = entry ?? {};
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), `${importsFor(block)}${before}\n${swapped(block.text, swap)}`);
    places.set(name, block);
    if (beside !== undefined) {
      writeFileSync(join(folder, 'beside.ts'), beside);
      places.set('beside.ts', block);
    }
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, include: ['.'] }));
  const tsc = join(SITE, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '--pretty', 'false', '-p', folder], {
    cwd: folder,
    encoding: 'utf8',
  });
  const complaints = new Map([...places.values()].map((block) => [block, []]));
  const unplaced = [];
  for (const line of stdout.split('\n').filter((each) => /^\S/.test(each))) {
    const block = places.get(line.match(/^(.*)\(\d+,\d+\): /)?.[1]);
    (block ? complaints.get(block) : unplaced).push(line);
  }
  assert.deepEqual(unplaced, []);
  assert.equal(status === 0, [...complaints.values()].flat().length === 0);
  return complaints;
}

/** Compiles a block of Rust as the body of a program that uses the crate as it is built. */
export function compileRust(block, entry) {
  const folder = mkdtempSync(join(tmpdir(), 'loggin-rust-'));
  const path = join(folder, 'snippet.rs');
  const body = `${entry?.before ?? ''}\n${block.text}`;
  writeFileSync(
    path,
    `#![allow(unused)]\nfn main() -> Result<(), Box<dyn std::error::Error>> {\n${body}\nOk(())\n}\n`,
  );
  const crate = join(TARGET, 'libloggin.rlib');
  const { status, stderr } = spawnSync(
    'rustc',
    [
      '--edition=2024',
      '--emit=metadata',
      `--out-dir=${folder}`,
      `--extern=loggin=${crate}`,
      `-Ldependency=${TARGET}/deps`,
      path,
    ],
    { encoding: 'utf8' },
  );
  rmSync(folder, { recursive: true });
  assert.equal(status, 0, `${block.name}\n${stderr}`);
}

/** What the web component says of itself, for editors. */
const [COMPONENT] = JSON.parse(readFileSync(join(ROOT, 'node/element/custom-elements.json'), 'utf8'))
  .modules[0].declarations;

const namesOf = (list) => COMPONENT[list].map(({ name }) => name);

/** Each attribute, event, part and variable of the web component that a block of markup or style names, it has. */
export function lookUpMarkup(block) {
  const tags = [...block.text.matchAll(/<loggin-button\b([^>]*)>/g)].map(([, inside]) => inside);
  const written = tags.flatMap((inside) => [...inside.matchAll(/([@:]?[\w-]+)(?==|\s|\/|$)/g)]);
  const attributes = written.map(([, name]) => name).filter((name) => !/^(@|on)/.test(name));
  const events = written.map(([, name]) => name).filter((name) => /^(@|on)/.test(name));
  const parts = [...block.text.matchAll(/::part\((\w+)\)/g)].map(([, name]) => name);
  const variables = [...block.text.matchAll(/--loggin-[\w-]+/g)].map(([name]) => name);
  const used = {
    attributes: attributes.map((name) => name.replace(/^:/, '')),
    events: events.map((name) => name.replace(/^(@|on)/, '')),
    cssParts: parts,
    cssProperties: variables,
  };
  assert.ok(Object.values(used).flat().length > 0, block.name);
  for (const [list, names] of Object.entries(used)) {
    assert.deepEqual(
      names.filter((name) => !namesOf(list).includes(name)),
      [],
      `${block.name}: ${list}`,
    );
  }
}

export function parseJson(block) {
  assert.equal(typeof JSON.parse(block.text), 'object');
}

/** The server reads a page's settings. */
export function readSettings(block) {
  const folder = mkdtempSync(join(tmpdir(), 'loggin-settings-'));
  const path = join(folder, 'loggin.toml');
  writeFileSync(path, swapped(block.text, { '/var/lib/loggin': folder }));
  execFileSync(join(TARGET, 'loggin-server'), ['app', 'list', '--config', path], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
}

/** Each variable of a block of settings is read by something in the packages. */
export function readEnvironment(block) {
  const sources = ['web', 'nextjs', 'sdk'].flatMap((name) => sourcesIn(join(ROOT, 'node', name, 'src')));
  const lines = block.text.split('\n').filter((line) => line && !line.startsWith('#'));
  assert.ok(lines.length > 0);
  for (const line of lines) {
    const name = line.match(/^([A-Z_]+)=\S+/)?.[1];
    assert.ok(name, `${block.name}: ${line}`);
    assert.ok(
      sources.some((text) => text.includes(name)),
      `${block.name}: nothing reads ${name}`,
    );
  }
}

/** The texts of the sources in a folder. */
function sourcesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => /\.(kt|swift|tsx?)$/.test(name) && !/(^|\/)(\.build|target|node_modules)\//.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** Each function, class and argument that a block calls for is declared in the sources, but for the app's `own`. */
export function lookUpNames(block, { sources, own = [] }) {
  const text = sourcesIn(join(ROOT, sources)).join('\n');
  const code = block.text.replace(/\/\/.*/g, '');
  const called = [...code.matchAll(/\b(\w+)\(/g)]
    .map(([, name]) => name)
    .filter((name) => !own.includes(name));
  assert.ok(called.length > 2, block.name);
  for (const name of called) {
    assert.match(
      text,
      new RegExp(`\\b(?:fun|func|class|struct|typealias) (?:\\w+\\.)?${name}\\b`),
      block.name,
    );
  }
  for (const [, name] of code.matchAll(/[(,] ?(\w+)(?: =|:) /g)) {
    assert.match(text, new RegExp(`\\b${name}\\s*:`), `${block.name}: ${name}`);
  }
}

/** What pip installs of ours. */
const PYTHON_PACKAGES = ['loggin', 'loggin-server'];
const SERVER_PROGRAMS = ['loggin-server', 'whatsapp-simulator'];

/** Each command of a block is there, and takes these options; nothing is run. */
export function lookUpCommands(block) {
  const joined = block.text
    .replace(/\\\n/g, ' ')
    .replace(/\s#.*/g, '')
    .replace(/[[\]…]/g, ' ');
  const lines = joined.split('\n').filter((line) => line.trim() && !line.startsWith('export '));
  assert.ok(lines.length > 0, block.name);
  for (const line of lines) {
    const words = line
      .trim()
      .match(/"[^"]*"|\S+/g)
      .map((word) => word.replace(/^"|"$/g, '').replace(/\|.*/, ''));
    lookUpCommand(words, `${block.name}: ${line}`);
  }
}

/** A package of npm that is ours. */
function lookUpPackage(name, where) {
  const manifest = join(ROOT, 'node', name.replace('@loggin/', ''), 'package.json');
  assert.equal(JSON.parse(readFileSync(manifest, 'utf8')).name, name, where);
}

function lookUpCommand([program, ...args], name) {
  const file = program.split('/').at(-1);
  if (program === 'make') {
    const [target] = args;
    assert.match(readFileSync(join(ROOT, 'Makefile'), 'utf8'), new RegExp(`^${target}:.* ## `, 'm'), name);
  } else if (program === 'cargo') {
    const crate = args[args.indexOf('-p') + 1];
    assert.match(readFileSync(join(ROOT, 'Cargo.lock'), 'utf8'), new RegExp(`^name = "${crate}"`, 'm'), name);
  } else if (SERVER_PROGRAMS.includes(file)) {
    const { status, stderr } = spawnSync(join(TARGET, file), [...args, '--help'], { encoding: 'utf8' });
    assert.equal(status, 0, `${name}\n${stderr}`);
  } else if (program === 'npm' && args[0] === 'run') {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'examples/nextjs/package.json'), 'utf8'));
    assert.ok(args[1] in scripts, name);
  } else if (program === 'npx') {
    lookUpPackage(args[0], name);
    lookUpCommand([args[0].replace('@loggin/server', 'loggin-server'), ...args.slice(1)], name);
  } else if (program === 'pip' && args[0] === 'install') {
    // The brackets of an extra are gone by now.
    const project = readFileSync(join(ROOT, 'python/pyproject.toml'), 'utf8');
    const ofTests = readFileSync(join(ROOT, 'python/requirements-dev.txt'), 'utf8');
    for (const each of args.slice(1).flatMap((word) => word.match(/[\w-]+/g) ?? [])) {
      const isKnown = project.includes(`\n${each} = [`) || ofTests.includes(`\n${each}==`);
      assert.ok(PYTHON_PACKAGES.includes(each) || isKnown, name);
    }
  } else if (program === 'npm' && args[0] === 'install') {
    for (const each of args.slice(1).filter((word) => !word.startsWith('-'))) {
      const [, module, version] = each.match(/^(@?[^@]+)(?:@(.+))?$/);
      if (module.startsWith('@loggin/') && !version) {
        lookUpPackage(module, name);
        continue;
      }
      const manifest = JSON.parse(readFileSync(join(SITE, 'node_modules', module, 'package.json'), 'utf8'));
      assert.equal(manifest.version, version ?? manifest.version, name);
    }
  } else {
    assert.ok(existsSync(join(ROOT, program)), name);
  }
}
