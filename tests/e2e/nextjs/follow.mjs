/**
 * Writes the files that docs/nextjs.md shows, step by step, into a folder, with what `create-next-app` has besides: a later
 * step may write a file anew.
 */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blocksOf } from '../recipes/pages.mjs';

const [folder, version] = process.argv.slice(2);

const LAYOUT = `export default function Layout({ children }: { children: React.ReactNode }) {
  return <html lang="en"><body>{children}</body></html>;
}
`;

const HOME = `import Link from 'next/link';

export default function Home() {
  return <><h1>Home</h1><Link href="/login">Sign in</Link></>;
}
`;

/** Only Next.js 16 has what its new apps are set to. */
const SETTINGS = version === '15' ? {} : { cacheComponents: true, partialPrefetching: true };

const files = new Map([
  ['app/layout.tsx', LAYOUT],
  ['app/page.tsx', HOME],
  ['public/favicon.ico', ''],
  ['next.config.ts', `export default ${JSON.stringify(SETTINGS)};\n`],
]);
for (const block of blocksOf('docs/nextjs.md').filter(({ title }) => title)) {
  // Who reads the page sees no titles.
  assert.ok(block.text.startsWith(`// ${block.title}`), `${block.name} does not begin with its file's name`);
  files.set(block.title, block.text);
}
for (const [name, text] of files) {
  const path = join(folder, version === '15' ? name.replace(/^proxy\.ts$/, 'middleware.ts') : name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
