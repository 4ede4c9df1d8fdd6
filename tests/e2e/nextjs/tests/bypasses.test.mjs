/** Nothing that is kept behind the guard gets out without a session, with Next.js 15 and 16, by either kind of guard. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { App, SECRET, TREASURE, VERSIONS } from '../app.mjs';
import { bypasses, METHODS, PAGES } from '../bypasses.mjs';
import { cookiesOf } from '../cookies.mjs';

const GUARDS = ['matcher', 'list'];

const cookies = await cookiesOf(SECRET);

/** What got out, as the request that got it and where it stood. */
async function leaks(app, requests) {
  const found = [];
  for (const { path, ...options } of requests) {
    const { status, headers, text } = await app.send(path, options);
    if (text.includes(TREASURE) || JSON.stringify(headers).includes(TREASURE)) {
      found.push({ path, ...options, status });
    }
  }
  return found;
}

function suiteOfGuard(version, guard) {
  let app;

  before(async () => {
    app = await App.start(version, { GUARD: guard });
  });
  after(() => app?.stop());

  const build = () => readFileSync(`${app.folder}/.next/BUILD_ID`, 'utf8');

  test('is open to a person with a session', async () => {
    for (const [path, name] of Object.entries(PAGES)) {
      const { status, headers, text } = await app.send(path, { headers: { cookie: cookies.valid } });
      assert.equal(status, 200, path);
      assert.ok(text.includes(TREASURE + name), path);
      // In front of the guard, a route handler says by itself who may keep its response.
      if (path !== '/api/members') {
        assert.match(headers['cache-control'], /private|no-store/, path);
      }
    }
  });

  test('is open to everybody where it is public', async () => {
    for (const path of ['/', '/login', '/open']) {
      assert.equal((await app.send(path)).status, 200, path);
    }
    // Of what no list names, the one guard knows nothing, and the other one tells nothing.
    assert.equal((await app.send('/unheard-of')).status, guard === 'matcher' ? 404 : 307);
  });

  test('sends a visitor to the login page, and back', async () => {
    const { status, headers } = await app.send('/vault/1?a=b');
    assert.equal(status, 307);
    assert.equal(headers['cache-control'], 'no-store');
    const url = new URL(headers.location, app.url);
    assert.equal(url.pathname + url.search, `/login?returnTo=${encodeURIComponent('/vault/1?a=b')}`);
  });

  // The names of the kinds are known before the build is.
  for (const [kind] of bypasses('')) {
    test(`nothing gets out: ${kind}`, async () => {
      const [, requests] = bypasses(build()).find(([name]) => name === kind);
      assert.deepEqual(await leaks(app, requests), []);
    });
  }

  test('a picture behind the guard is not resized for anybody', async () => {
    const [, requests] = bypasses(build()).find(([name]) => name === 'pictures');
    for (const { path } of requests) {
      assert.notEqual((await app.send(path)).status, 200, path);
    }
  });

  for (const method of METHODS) {
    test(`nothing gets out: ${method}`, async () => {
      const requests = Object.keys(PAGES).map((path) => ({ path, method }));
      assert.deepEqual(await leaks(app, requests), []);
      for (const path of ['/vault', '/vault/1', '/api/vault', '/ledger']) {
        assert.ok((await app.send(path, { method })).status >= 300, path);
      }
    });
  }

  test('malformed paths are refused to everybody', async () => {
    for (const path of ['/vault%', '/%zz', '/open%c0%af', '/open%00']) {
      const { status } = await app.send(path, { headers: { cookie: cookies.valid } });
      assert.equal(status, 400, path);
    }
  });

  test('nothing gets out: forged, altered and swapped cookies', async () => {
    for (const [name, cookie] of Object.entries(cookies.invalid)) {
      const requests = Object.keys(PAGES).map((path) => ({ path, headers: { cookie } }));
      assert.deepEqual(await leaks(app, requests), [], name);
    }
  });

  test('nothing gets out: actions that are posted to public pages', async () => {
    const manifest = readFileSync(`${app.folder}/.next/server/server-reference-manifest.json`, 'utf8');
    const ids = Object.keys(JSON.parse(manifest).node);
    assert.ok(ids.length > 1);
    const own = { origin: app.url, host: `127.0.0.1:${app.port}` };
    const post = (path, id, headers = {}) => ({
      path,
      method: 'POST',
      headers: {
        'next-action': id,
        'content-type': 'text/plain;charset=UTF-8',
        accept: 'text/x-component',
        ...own,
        ...headers,
      },
      body: '[]',
    });
    /** As a form of a page without scripts posts it. */
    const form = (path, id) => ({
      path,
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x', ...own },
      body: `--x\r\nContent-Disposition: form-data; name="$ACTION_ID_${id}"\r\n\r\n\r\n--x--\r\n`,
    });
    const requests = ['/open', '/', '/login', '/members', '/vault', '/open;x', '//open'].flatMap((path) =>
      ids.flatMap((id) => [
        post(path, id),
        post(path, id, { 'x-action-forwarded': '1' }),
        post(path, id, { rsc: '1' }),
        form(path, id),
      ]),
    );
    assert.deepEqual(await leaks(app, requests), []);
    const taken = await Promise.all(
      ids.map((id) => app.send('/open', post('/open', id, { cookie: cookies.valid }))),
    );
    assert.ok(
      taken.some(({ text }) => text.includes(`${TREASURE}action`)),
      'the action gives to whom it may',
    );
  });

  test('an intercepted route is no address', async () => {
    for (const path of ['/feed/(..)photo/1', '/(.)photo/1', '/feed/%28..%29photo/1']) {
      const { status } = await app.send(path, { headers: { cookie: cookies.valid } });
      assert.equal(status, 400, path);
    }
  });

  test('what every site has for everybody is asked for without a session', async () => {
    for (const path of [
      '/favicon.ico',
      '/robots.txt',
      '/manifest.webmanifest',
      '/.well-known/assetlinks.json',
    ]) {
      assert.equal((await app.send(path)).status, 404, path);
    }
  });

  test('an action without a session is sent to the login page in the words of the framework', async () => {
    const headers = { 'next-action': '0'.repeat(42), accept: 'text/x-component' };
    const response = await app.send('/vault/1?a=b', { method: 'POST', headers, body: '[]' });
    const { 'x-action-redirect': redirect, location, 'content-type': type } = response.headers;
    const way = `/login?returnTo=${encodeURIComponent('/vault/1?a=b')};push`;
    assert.deepEqual(
      [response.status, redirect, location, type, response.text],
      [303, way, undefined, undefined, ''],
    );
  });

  test('a visitor behind a proxy is sent to the login page of the host that they asked', async () => {
    const headers = { host: 'acme.example', 'x-forwarded-proto': 'https' };
    const { location } = (await app.send('/vault', { headers })).headers;
    const url = new URL(location, 'https://acme.example');
    assert.equal(url.origin + url.pathname, 'https://acme.example/login');
  });

  test('a route for programs responds with 401', async () => {
    const { status, text } = await app.send('/api/me');
    assert.deepEqual([status, text], [401, '{"error":"unauthorized"}']);
    assert.equal((await app.send('/api/me', { headers: { cookie: cookies.valid } })).status, 200);
  });

  test('what asks for a young session sends older ones to sign in again', async () => {
    const ask = (cookie) => app.send('/payment', { headers: { cookie } });
    assert.ok((await ask(cookies.young)).text.includes(`${TREASURE}payment`));
    const { status, headers } = await ask(cookies.valid);
    assert.deepEqual([status, headers.location], [307, '/login?returnTo=%2Fpayment']);
  });

  test('a visit renews an old session, and signing out is not overtaken', async () => {
    const { headers } = await app.send('/vault/1', { headers: { cookie: cookies.aged } });
    const [renewed] = headers['set-cookie'];
    assert.match(renewed, /^__Host-loggin=.+; Path=\/; .*Max-Age=2592000; Secure; HttpOnly; SameSite=lax$/i);
    assert.equal(
      (await app.send('/vault/1', { headers: { cookie: cookies.valid } })).headers['set-cookie'],
      undefined,
    );
    const post = await app.send('/api/vault', { method: 'POST', headers: { cookie: cookies.aged } });
    assert.equal(post.headers['set-cookie'], undefined);
  });
}

function suiteOfSecret(version) {
  for (const [name, secret] of [
    ['missing', ''],
    ['too short', 'x'.repeat(31)],
  ]) {
    test(`${name}: the server ends, and says of which variable`, async (t) => {
      const app = await App.start(version, { LOGGIN_SESSION_SECRET: secret });
      t.after(() => app.stop());
      assert.equal(await app.exitCode(), 1);
      assert.match(app.output, /invalid_config: .*LOGGIN_SESSION_SECRET/);
    });
  }

  test('a server that does not say whose tokens it redeems ends, and says what to set', async (t) => {
    const app = await App.start(version, { LOGGIN_APP_KEY: '' });
    t.after(() => app.stop());
    assert.equal(await app.exitCode(), 1);
    assert.match(app.output, /invalid_config: .*LOGGIN_APP_KEY/);
  });

  test('a list of secrets opens what the older one sealed, and seals anew with the first', async (t) => {
    const newer = 'the-newer-secret-of-the-tests-of-more-than-32-bytes';
    const app = await App.start(version, { LOGGIN_SESSION_SECRET: `${newer}, ${SECRET}` });
    t.after(() => app.stop());
    const { status, headers } = await app.send('/vault', { headers: { cookie: cookies.valid } });
    assert.equal(status, 200);
    assert.match(headers['set-cookie'][0], /^__Host-loggin=/);
  });
}

// Each suite has a server of its own, so that they need not wait for each other.
describe('without a session', { concurrency: true }, () => {
  for (const version of VERSIONS) {
    for (const guard of GUARDS) {
      describe(`Next.js ${version}, guard by ${guard}`, () => suiteOfGuard(version, guard));
    }
    describe(`Next.js ${version}, its secret`, () => suiteOfSecret(version));
  }
});
