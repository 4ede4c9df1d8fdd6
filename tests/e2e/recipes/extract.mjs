/** Writes the files that a recipe shows, its blocks with a title, into the folder where it is built. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blocksOf, ROOT } from './pages.mjs';

const SITE = join(ROOT, 'target/e2e/recipes');

/** What the frameworks write by themselves where there is none, so that no page shows it. */
const OWN = {
  authjs: {
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        jsx: 'react-jsx',
        lib: ['dom', 'dom.iterable', 'es2022'],
        module: 'esnext',
        moduleResolution: 'bundler',
        noEmit: true,
        paths: { '@/*': ['./*'] },
        skipLibCheck: true,
        strict: true,
        target: 'es2022',
      },
      include: ['next-env.d.ts', '**/*.ts', '**/*.tsx', '.next/types/**/*.ts'],
    }),
  },
};

for (const recipe of process.argv.slice(2)) {
  const folder = join(SITE, recipe);
  const files = blocksOf(`docs/recipes/${recipe}.md`).filter(({ title }) => title);
  const contents = new Map([
    ['package.json', JSON.stringify({ name: recipe, private: true, type: 'module' })],
    ...Object.entries(OWN[recipe] ?? {}),
    ...files.map(({ title, text }) => [title, text]),
  ]);
  rmSync(folder, { recursive: true, force: true });
  for (const [title, text] of contents) {
    const path = join(folder, title);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
