/**
 * Writes the style sheet as a file too, dist/styles.css: for pages whose policy allows no style elements, and for apps that
 * name the order of their layers themselves.
 */

import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const built = new URL('../dist/', import.meta.url);

/** Whether the sheet keeps its promise to stand unescaped in a page that React 18 has rendered. */
const isPlain = (css) => !/[&<>"']/.test(css);

const { CSS } = await import(pathToFileURL(new URL('esm/styles.js', built).pathname).href);

if (!isPlain(CSS)) {
  throw new Error('src/styles.ts has a character that React 18 escapes: & < > or a quotation mark.');
}

writeFileSync(new URL('styles.css', built), CSS);
