/** The Express example signs somebody in, through the real server and simulator. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Environment, PHONE, textAfter } from './environment.mjs';

const APP = fileURLToPath(new URL('../../../examples/express/app.js', import.meta.url));

let environment;
let app;
let url;

before(async () => {
  environment = await Environment.start();
  app = serve();
  url = await textAfter(app, 'listening on ');
});

after(async () => {
  await stop(app);
  await environment.stop();
});

const serve = (env = {}, errors = 'inherit') =>
  spawn(process.execPath, [APP], {
    env: { ...process.env, LOGGIN_BASE_URL: environment.url, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', errors],
  });

async function stop(child) {
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

/** A browser, as far as cookies go. */
class Browser {
  #cookies = new Map();

  async visit(path, method = 'GET', options = {}) {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url + path, { method, headers: { cookie }, redirect: 'manual', ...options });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      this.#cookies.set(name, value);
    }
    return { status: response.status, text: await response.text() };
  }

  /** Begins a login; the link on the page. */
  async begin() {
    const { text } = await this.visit('/login', 'POST');
    assert.match(text, /<svg /);
    return text.match(/<a href="([^"]+)"/)[1];
  }
}

test('a person signs in and out', async () => {
  const browser = new Browser();
  assert.match((await browser.visit('/')).text, /Sign in with WhatsApp/);
  const link = await browser.begin();
  const waited = browser.visit('/wait', 'POST');
  await environment.tap(link);
  assert.equal((await waited).status, 204);
  assert.match((await browser.visit('/')).text, new RegExp(`Hello, \\+${PHONE}`));
  assert.equal((await browser.visit('/logout', 'POST')).status, 303);
  assert.match((await browser.visit('/')).text, /Sign in with WhatsApp/);
  assert.equal((await browser.visit('/wait', 'POST')).status, 410);
});

test('a page that is closed loses nothing: the next one still gets the login', async () => {
  const browser = new Browser();
  const link = await browser.begin();
  const closed = new AbortController();
  const left = browser.visit('/wait', 'POST', { signal: closed.signal });
  closed.abort();
  await assert.rejects(left, { name: 'AbortError' });
  await environment.tap(link);
  assert.equal((await browser.visit('/wait', 'POST')).status, 204);
});

test('what went wrong is told, and nothing else that an address says', async () => {
  const browser = new Browser();
  const lost = await browser.visit('/wait', 'POST');
  assert.deepEqual([lost.status, lost.text], [410, 'expired']);
  assert.match((await browser.visit('/?error=expired')).text, /role="alert">The link has expired/);
  const { text } = await browser.visit('/?error=<b>hello</b>');
  assert.match(text, /role="alert">/);
  assert.equal(text.includes('hello'), false);
});

test('forms of other sites begin and end nothing', async () => {
  const headers = { 'sec-fetch-site': 'cross-site' };
  for (const path of ['/login', '/wait', '/logout']) {
    assert.equal((await fetch(url + path, { method: 'POST', headers })).status, 403);
  }
});

test('in production the cookie goes over HTTPS alone, and has a key that is given', async () => {
  const keyless = serve({ NODE_ENV: 'production', SESSION_KEY: '' }, 'ignore');
  assert.notDeepEqual(await once(keyless, 'exit'), [0, null]);
  const production = serve({ NODE_ENV: 'production', SESSION_KEY: 'a-key-of-the-tests' });
  try {
    const address = await textAfter(production, 'listening on ');
    const headers = { 'x-forwarded-proto': 'https' };
    const response = await fetch(`${address}/login`, { method: 'POST', headers });
    const [line] = response.headers.getSetCookie();
    const parts = line.toLowerCase().split('; ');
    assert.match(parts[0], /^__host-session=./);
    for (const part of ['path=/', 'secure', 'samesite=lax', 'httponly']) {
      assert.ok(parts.includes(part), line);
    }
  } finally {
    await stop(production);
  }
});
