/** Loaded before a snippet in JavaScript: each link that it creates is printed, so that the test can open it. */

import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.cwd(), 'snippet.js'));

/** Prints what `createToken` of a class returns. */
function show({ Loggin }) {
  const { createToken } = Loggin.prototype;
  Loggin.prototype.createToken = function shown(...args) {
    const login = createToken.apply(this, args);
    console.log(`link ${login.link}`);
    return login;
  };
}

// The two kinds of modules may have a class each.
const seen = new Set();
for (const name of ['@loggin/sdk', '@loggin/web']) {
  for (const module of [require(name), await import(name)]) {
    if (!seen.has(module.Loggin)) {
      seen.add(module.Loggin);
      show(module);
    }
  }
}
