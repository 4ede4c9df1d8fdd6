/** The package as others get it: loadable anywhere, in need of nothing, with its manifest, its types and its licences. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import elements from '../custom-elements.json';
import manifest from '../package.json';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const { resolve } = createRequire(import.meta.url);

const read = (name: string): string => readFileSync(join(DIST, name), 'utf8');

const files = (ending: string): string[] => readdirSync(DIST).filter((name) => name.endsWith(ending));

/** What files name besides one another, outside of comments. */
const foreign = (names: string[]): string[] => {
  const found = names.flatMap((name) =>
    [
      ...read(name)
        .replace(/\/\*\*?[^!].*?\*\//gs, '')
        .matchAll(/(?:from|import)\s*\(?["']([^"']+)["']/g),
    ].map(([, from]) => from as string),
  );
  return [...new Set(found.filter((name) => !name.startsWith('./')))].sort();
};

it('is loaded where there is no page, and defines nothing there', () => {
  const program = `import * as all from '@loggin/element'; process.stdout.write(Object.keys(all).join())`;
  const options = { cwd: ROOT, encoding: 'utf8' } as const;
  expect(execFileSync(process.execPath, ['--input-type=module', '--eval', program], options)).toBe(
    'LogginButtonElement,LogginSuccessEvent',
  );
  expect(() => new Script(read('loggin.js')).runInNewContext({})).not.toThrow();
});

it('needs no other package, and brings nothing of Node', () => {
  const scripts = files('.js');
  expect(scripts.length).toBeGreaterThan(5);
  expect(foreign(scripts)).toEqual([]);
  expect(manifest).not.toHaveProperty('dependencies');
  expect(scripts.filter((name) => /\brequire\(|["'`]node:|\beval\(|new Function/.test(read(name)))).toEqual(
    [],
  );
});

it('has types that name a framework only where the page does', () => {
  const own = files('.d.ts').filter((name) => !/^(?:react|svelte|vue)\./.test(name));
  expect(own).toContain('index.d.ts');
  expect(foreign(own)).toEqual([]);
  expect(foreign(['react.d.ts', 'svelte.d.ts', 'vue.d.ts'])).toEqual(['react', 'svelte/elements', 'vue']);
});

it.each(['preact', 'lean-qr'])('carries the licence of %s', (name) => {
  const licence = readFileSync(
    join(dirname(resolve(name === 'preact' ? 'preact/package.json' : name)), 'LICENSE'),
    'utf8',
  );
  expect(read(`${name}.LICENSE`)).toBe(licence);
  expect(licence).toContain('Permission is hereby granted');
  for (const script of ['index.js', 'loggin.js']) {
    expect(read(script).slice(0, 200)).toContain(name);
  }
});

describe('the manifest of the element', () => {
  const [declaration] = elements.modules[0]?.declarations ?? [];
  const names = (list: readonly { name: string }[] = []): string[] => list.map(({ name }) => name).sort();

  it('has its attributes with their properties', async () => {
    const { LogginButtonElement } = await import('@loggin/element');
    expect(names(declaration?.attributes)).toEqual([...LogginButtonElement.observedAttributes].sort());
    const fields = declaration?.attributes.map(({ fieldName }) => ({ name: fieldName })) ?? [];
    const members = [...fields, ...(declaration?.members ?? [])].map(({ name }) => name);
    expect(members.filter((name) => !(name in LogginButtonElement.prototype))).toEqual([]);
  });

  it('has its events', () => {
    const events = [...read('events.d.ts').matchAll(/'(loggin-[a-z-]+)':/g)].map(([, name]) => name);
    expect(names(declaration?.events)).toEqual(events.sort());
  });

  it('has the variables that the style sheet knows', () => {
    const css = readFileSync(resolve('@loggin/react/styles.css'), 'utf8');
    const variables = [...new Set(css.match(/--loggin-[a-z-]+/g))];
    expect(names(declaration?.cssProperties)).toEqual(variables.sort());
  });
});
