/** What the built app sends to browsers: nothing native, nothing that seals cookies, no key and no name of one. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { folderOf, TREASURE, VERSIONS } from '../app.mjs';

/** By what each thing is known that belongs on the server. */
const SERVER_ONLY = {
  'native code': /@loggin\/sdk["'`]|\.node["'`]|process\.dlopen|createRequire/,
  'the sealing of cookies': /A256GCM|__Host-|LOGGIN_SESSION_SECRET/,
  'keys of the app': /LOGGIN_SECRET_KEY|Idempotency-Key/,
  'what is behind the guard': new RegExp(TREASURE),
};

/** The scripts that a browser may be sent. */
function scriptsOf(version) {
  const folder = `${folderOf(version)}/.next/static`;
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .map((name) => [name, readFileSync(`${folder}/${name}`, 'utf8')]);
}

for (const version of VERSIONS) {
  describe(`the scripts of the page, Next.js ${version}`, () => {
    const scripts = scriptsOf(version);

    test('are ours too', () => {
      assert.ok(scripts.some(([, text]) => text.includes('tokens/events')));
    });

    for (const [what, mark] of Object.entries(SERVER_ONLY)) {
      test(`have nothing of ${what}`, () => {
        assert.deepEqual(
          scripts.filter(([, text]) => mark.test(text)).map(([name]) => name),
          [],
        );
      });
    }
  });
}
