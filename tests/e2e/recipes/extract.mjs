/** Writes the files that a recipe shows, its blocks with a title, into the folder where it is built. */
// A recipe is a page of docs/recipes, or another one by its folder: `openid/authlib`.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blocksOf, ROOT } from './pages.mjs';

const SITE = join(ROOT, 'target/e2e/recipes');

const TYPES = {
  allowImportingTsExtensions: true,
  jsx: 'react-jsx',
  lib: ['dom', 'dom.iterable', 'es2023'],
  module: 'esnext',
  moduleResolution: 'bundler',
  noEmit: true,
  skipLibCheck: true,
  strict: true,
  target: 'es2022',
  types: ['node'],
};

const NEXT = {
  compilerOptions: { ...TYPES, allowImportingTsExtensions: false, paths: { '@/*': ['./*'] } },
  include: ['next-env.d.ts', '**/*.ts', '**/*.tsx', '.next/types/**/*.ts'],
};

/** What a new app of the framework has for TypeScript, so that no page shows it. */
const SETTINGS = {
  astro: { compilerOptions: TYPES, include: ['.astro/types.d.ts', 'src'] },
  authjs: NEXT,
  hono: { compilerOptions: TYPES, include: ['*.ts'] },
  'next-intl': NEXT,
  sveltekit: {
    compilerOptions: { ...TYPES, rootDirs: ['.', '.svelte-kit/types'], types: ['node', '@sveltejs/kit'] },
    include: ['src', '.svelte-kit/types'],
  },
};

for (const recipe of process.argv.slice(2)) {
  const folder = join(SITE, recipe);
  const page = recipe.includes('/') ? `docs/${recipe}.md` : `docs/recipes/${recipe}.md`;
  const files = blocksOf(page).filter(({ title }) => title);
  const contents = new Map([
    ['package.json', JSON.stringify({ name: recipe.replace('/', '-'), private: true, type: 'module' })],
    ...(SETTINGS[recipe] ? [['tsconfig.json', JSON.stringify(SETTINGS[recipe])]] : []),
    ...files.map(({ title, text }) => [title, text]),
  ]);
  rmSync(folder, { recursive: true, force: true });
  for (const [title, text] of contents) {
    const path = join(folder, title);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
