/** The Express example signs somebody in, through the real server and simulator. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PHONE, textAfter, World } from './world.mjs';

const APP = fileURLToPath(new URL('../../../examples/express/app.js', import.meta.url));

let world;
let app;
let url;

before(async () => {
  world = await World.start();
  app = spawn(process.execPath, [APP], {
    env: { ...process.env, LOGGIN_BASE_URL: world.url, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  url = await textAfter(app, 'listening on ');
});

after(async () => {
  const ended = once(app, 'exit');
  app.kill();
  await ended;
  await world.stop();
});

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
  await world.tap(link);
  assert.equal((await waited).status, 204);
  assert.match((await browser.visit('/')).text, new RegExp(`Hello, \\+${PHONE}`));
  assert.equal((await browser.visit('/logout', 'POST')).status, 303);
  assert.match((await browser.visit('/')).text, /Sign in with WhatsApp/);
  assert.equal((await browser.visit('/wait', 'POST')).status, 400);
});

test('a page that is closed loses nothing: the next one still gets the login', async () => {
  const browser = new Browser();
  const link = await browser.begin();
  const closed = new AbortController();
  const left = browser.visit('/wait', 'POST', { signal: closed.signal });
  closed.abort();
  await assert.rejects(left, { name: 'AbortError' });
  await world.tap(link);
  assert.equal((await browser.visit('/wait', 'POST')).status, 204);
});
