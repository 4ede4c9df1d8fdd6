/** The pages of the documentation, and the fenced blocks in them. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Every page that people read: all of the tree's Markdown, those which are not committed yet too. */
export function pages() {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '*.md'],
    { cwd: ROOT, encoding: 'utf8' },
  );
  return listed.split('\n').filter(Boolean);
}

/** A block between two fences: where it stands, its language, its title where it has one, and its lines. */
export class Block {
  constructor(page, line, info, lines) {
    this.page = page;
    this.line = line;
    this.language = info.match(/^[a-z]*/)[0];
    this.title = info.match(/ title=(\S+)$/)?.[1];
    this.text = `${lines.join('\n')}\n`;
  }

  get name() {
    return `${this.page}:${this.line} (${this.language})`;
  }
}

/** Programs that the demo's page of the server has to copy and no test runs, with the language of each file. */
const SAMPLES = { kotlin: 'kotlin', nextjs: 'tsx', react: 'jsx', swift: 'swift' };

/** Each file of these programs, as the page of `loggin-server dev` has it. */
export function samples() {
  return Object.entries(SAMPLES).flatMap(([name, language]) => {
    const page = `server/templates/code/${name}.txt`;
    const text = readFileSync(`${ROOT}/${page}`, 'utf8')
      .replaceAll('{{ base_url }}', 'http://127.0.0.1:8787')
      .replaceAll('{{ app_key }}', '8XKPQ2WN');
    const files = text.trimEnd().split(/\n\n(?=\/\/ app\/)/);
    return files.map((file, index) => new Block(page, index + 1, language, file.split('\n')));
  });
}

/** The blocks of a page, without the indentation of their fence. */
export function blocksOf(page, text = readFileSync(`${ROOT}/${page}`, 'utf8')) {
  const blocks = [];
  let open;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = line.match(/^(?<indent> *)(?<ticks>`{3,})(?<info>.*)$/)?.groups;
    if (open === undefined && fence) {
      open = { ...fence, line: index + 1, lines: [] };
    } else if (open && fence?.ticks === open.ticks && fence.info === '') {
      blocks.push(new Block(page, open.line, open.info, open.lines));
      open = undefined;
    } else if (open) {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart());
    }
  }
  if (open) {
    throw new Error(`${page}:${open.line}: the block has no end`);
  }
  return blocks;
}
