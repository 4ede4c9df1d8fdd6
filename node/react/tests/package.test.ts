/** The package as others get it: both kinds of modules, client components, languages, and nothing of Node. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { clock } from '../dist/esm/countdown.js';
import * as locales from '../dist/esm/locales.js';
import { englishOtp } from '../dist/esm/otp-texts.js';
import { encode } from '../dist/esm/qr-encoder.js';
import { english, numeral } from '../dist/esm/texts.js';
import manifest from '../package.json';

const { vectors } = JSON.parse(
  readFileSync(new URL('../../../tests/vectors/link.json', import.meta.url), 'utf8'),
) as { vectors: { id: string; input: { text?: string } }[] };

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const ENTRIES = ['@loggin/react', '@loggin/react/locales'];

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

it.each(['esm', 'cjs'])('each part of %s that uses React says that it runs in the page', (half) => {
  const scripts = readdirSync(`${ROOT}/dist/${half}`).filter((name) => name.endsWith('.js'));
  const texts = scripts.map((name) => [name, readFileSync(`${ROOT}/dist/${half}/${name}`, 'utf8')] as const);
  const parts = texts.filter(([, text]) => /["']react(\/jsx-runtime)?["']/.test(text));
  const silent = parts.filter(([, text]) => !/^(?:"use strict";\s*)?['"]use client['"];/.test(text));
  expect(parts.length).toBeGreaterThan(8);
  expect(silent.map(([name]) => name)).toEqual([]);
});

it('is bundled for a page without anything of Node, and with nothing but what it names', async () => {
  const { metafile, outputFiles } = await build({
    absWorkingDir: ROOT,
    bundle: true,
    external: ['react', 'react-dom'],
    format: 'esm',
    metafile: true,
    platform: 'browser',
    stdin: { contents: "export * from '@loggin/react'", resolveDir: ROOT },
    write: false,
  });
  const inputs = Object.keys(metafile.inputs).filter((path) => path !== '<stdin>');
  const known = /^(?:(?:\.\.\/web\/)?dist\/esm|\.\.\/node_modules\/libphonenumber-js)\//;
  expect(inputs.filter((path) => !known.test(path))).toEqual([]);
  expect(outputFiles[0]?.text).not.toMatch(/\brequire\(|\.node\b|node:|@loggin\/sdk['"]/);
  expect(Object.keys(manifest.dependencies)).toEqual(['@loggin/web', 'libphonenumber-js']);
  expect(manifest.sideEffects).toEqual(['./dist/styles.css']);
});

it('a page loads the plans of all phone numbers with nothing but the form that is there already', async () => {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    bundle: true,
    external: ['react', 'react-dom'],
    format: 'esm',
    metafile: true,
    outdir: 'built',
    splitting: true,
    stdin: { contents: "export * from '@loggin/react'", resolveDir: ROOT },
    write: false,
  });
  const files = Object.values(metafile.outputs);
  const withPlans = Object.entries(metafile.outputs)
    .filter(([, { inputs }]) => Object.keys(inputs).some((path) => path.includes('libphonenumber-js')))
    .map(([name]) => name);
  const ways = files.flatMap(({ imports }) => imports.filter(({ path }) => withPlans.includes(path)));
  expect(withPlans).toHaveLength(1);
  expect(ways.map(({ kind }) => kind)).toEqual(['dynamic-import']);
});

it('a bundle takes only what is used of it', async () => {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    bundle: true,
    external: ['react', 'react-dom', '@loggin/web/*'],
    format: 'esm',
    stdin: { contents: "export { useLoggin } from '@loggin/react'", resolveDir: ROOT },
    write: false,
  });
  const text = outputFiles[0]?.text ?? '';
  expect(text).not.toContain(english.leadOpened);
  expect(text).not.toContain('loggin-main');
});

describe('a language', () => {
  const { loadLocale, ...languages } = locales;
  const all = Object.entries(languages);

  it('is one of those that were promised', () => {
    expect(all.map(([name]) => name).sort()).toEqual([
      'ar',
      'bn',
      'de',
      'es',
      'fr',
      'hi',
      'id',
      'it',
      'pt',
      'tr',
      'ur',
    ]);
  });

  const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

  it.each(all)('%s has all words, with the same placeholders', (name, { lang, dir, texts, otpTexts }) => {
    expect(lang).toBe(name === 'pt' ? 'pt-BR' : name);
    expect(dir).toBe(['ar', 'ur'].includes(name) ? 'rtl' : 'ltr');
    for (const [own, wanted] of [
      [texts, english],
      [otpTexts, englishOtp],
    ] as unknown as [Record<string, string>, Record<string, string>][]) {
      const { message = '{code}', ...words } = own;
      expect(Object.keys(words).sort()).toEqual(Object.keys(wanted).sort());
      expect(placeholders(message)).toEqual(['{code}']);
      for (const [key, text] of Object.entries(words)) {
        expect([key, placeholders(text)]).toEqual([key, placeholders(wanted[key] ?? '')]);
      }
    }
  });

  it.each(all)('%s has no message but that of the server, which recognises it', (name, { texts }) => {
    const known = vectors.find(({ id }) => id === `text-language-${name}`);
    expect(known).toBeDefined();
    expect([undefined, known?.input.text]).toContain(texts.message);
  });

  it('has digits of its own, and a span keeps its places', () => {
    expect(numeral(1205, 'bn')).toBe('১২০৫');
    expect(numeral(1205)).toBe('1205');
    expect(numeral(7, 'no tag')).toBe('7');
    expect(clock(65, 'bn')).toBe('১:০৫');
    expect(clock(245)).toBe('4:05');
  });

  it.each(all)('%s has a message that a camera can read from a QR code', (_, { texts }) => {
    const text = (texts.message ?? '').replace('{code}', '8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB');
    const { size } = encode(`https://wa.me/919876543210?text=${encodeURIComponent(text)}`);
    // Two pixels a module and more, in a picture of 232.
    expect(size).toBeLessThanOrEqual(77);
  });
});
