/** Every block of every page is run, compiled, parsed, or named with the reason why it cannot be. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { blocksOf, pages, samples } from '../pages.mjs';
import { BY_LANGUAGE, NAMED, RECIPES } from '../snippets/classes.mjs';
import {
  compileRust,
  lookUpCommands,
  lookUpMarkup,
  lookUpNames,
  parseJson,
  readEnvironment,
  readSettings,
  typeCheck,
} from '../snippets/judged.mjs';
import { runJavaScript, runPython, runShell } from '../snippets/programs.mjs';
import { runTests } from '../snippets/tests.mjs';

const TRIED = {
  commands: lookUpCommands,
  compile: compileRust,
  elsewhere: (_, entry) => assert.ok(entry.reason),
  environment: readEnvironment,
  markup: lookUpMarkup,
  names: lookUpNames,
  parse: parseJson,
  prose: () => {},
  run: (block, entry) => (block.language === 'python' ? runPython : runJavaScript)(block, entry),
  settings: readSettings,
  shell: runShell,
  tests: runTests,
};

/** Blocks and the entries that name them, and what does not fit. */
function classified(blocks, named) {
  const problems = [];
  const entries = new Map();
  for (const entry of named) {
    const found = blocks.filter(({ page, text }) => page === entry.page && text.includes(entry.has));
    if (found.length !== 1) {
      problems.push(`${entry.page}: ${found.length} blocks have ${entry.has}`);
    }
    for (const block of found) {
      if (entries.has(block)) {
        problems.push(`${block.name} is named twice`);
      }
      entries.set(block, entry);
    }
  }
  const pairs = blocks.map((block) => {
    const entry = entries.get(block);
    const how = entry?.how ?? BY_LANGUAGE[block.language];
    if (how === undefined) {
      problems.push(`${block.name} is in no class: name it in snippets/classes.mjs`);
    }
    return { block, entry, how };
  });
  return { pairs, problems };
}

const blocks = [...pages().flatMap((page) => blocksOf(page)), ...samples()];
const { pairs, problems } = classified(
  blocks.filter(({ page, title }) => !(RECIPES.includes(page) && title)),
  NAMED,
);

test('every block has a class', () => {
  assert.deepEqual(problems, []);
});

describe('a page is read as Git hosts read it', () => {
  const page =
    'a\n```js\nconst a = 1;\n```\n\n1. b\n   ```sh title=run.sh\n   make\n   ```\n\n````ini\n```\n````\n';

  test('indentation, titles, and fences within fences', () => {
    assert.deepEqual(
      blocksOf('page.md', page).map(({ line, language, title, text }) => [line, language, title, text]),
      [
        [2, 'js', undefined, 'const a = 1;\n'],
        [7, 'sh', 'run.sh', 'make\n'],
        [11, 'ini', undefined, '```\n'],
      ],
    );
    assert.throws(() => blocksOf('page.md', '```\n'));
  });

  test('a block in no class, an entry without its block, and a block with two entries are told', () => {
    const found = blocksOf('page.md', page);
    const entry = { page: 'page.md', has: 'const a', how: 'run' };
    const none = { page: 'page.md', has: 'const b' };
    const { problems: told } = classified(found, [entry, entry, none]);
    assert.deepEqual(told.length, 3);
    assert.match(told[0], /named twice/);
    assert.match(told[1], /0 blocks have const b/);
    assert.match(told[2], /page\.md:11 \(ini\) is in no class/);
  });
});

describe('types', () => {
  const typed = pairs.filter(({ how }) => how === 'types');
  let complaints;

  before(() => {
    complaints = typeCheck(typed);
  });

  for (const { block } of typed) {
    test(block.name, () => assert.deepEqual(complaints.get(block), []));
  }
});

describe('run, compiled, parsed or looked up', { concurrency: 2 }, () => {
  for (const { block, entry, how } of pairs.filter(({ how }) => how !== 'types' && how !== undefined)) {
    test(`${how}: ${block.name}`, () => TRIED[how](block, entry));
  }
});
