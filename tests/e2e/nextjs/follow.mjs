/** Writes the files that docs/nextjs.md shows, step by step, into a folder, with what `create-next-app` has besides. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blocksOf } from '../recipes/pages.mjs';

const [folder] = process.argv.slice(2);

const LAYOUT = `export default function Layout({ children }: { children: React.ReactNode }) {
  return <html lang="en"><body>{children}</body></html>;
}
`;

const files = new Map([
  ['app/layout.tsx', LAYOUT],
  ['app/page.tsx', 'export default function Home() {\n  return <h1>Home</h1>;\n}\n'],
]);
for (const { title, text } of blocksOf('docs/nextjs.md').filter((block) => block.title)) {
  if (files.has(title)) {
    throw new Error(`docs/nextjs.md says twice what is in ${title}`);
  }
  files.set(title, text);
}
for (const [name, text] of files) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
