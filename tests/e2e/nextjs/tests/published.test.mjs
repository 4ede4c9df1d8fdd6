/**
 * The snippets as they are published, word for word, as an app of their own: with nothing but these lines a person
 * reaches the protected page, in a real browser, and no status that passes by says anything else.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Loggin } from '../../../../node/web/dist/esm/index.js';
import { PHONE } from '../../browser/world.mjs';
import { VERSIONS } from '../app.mjs';
import { button, isIn, setStage } from '../stage.mjs';

const COOKIE = '__Host-loggin';

/** What each page of a context shows and says from now on: statuses of the modal, errors, words of the console. */
async function watched(page) {
  const seen = { statuses: [], complaints: [] };
  await page.exposeFunction('tellStatus', (status) => {
    if (seen.statuses.at(-1) !== status) {
      seen.statuses.push(status);
    }
  });
  await page.addInitScript(() => {
    const tell = () => {
      for (const each of document.querySelectorAll('[data-status]')) {
        globalThis.tellStatus(each.dataset.status);
      }
    };
    new MutationObserver(tell).observe(document, {
      attributes: true,
      attributeFilter: ['data-status'],
      childList: true,
      subtree: true,
    });
  });
  page.on('pageerror', (error) => seen.complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      seen.complaints.push(message.text());
    }
  });
  return seen;
}

/** From the first of these words to the first of the others, without indentation. */
function part(path, begin, end) {
  const text = readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');
  const from = text.indexOf(begin);
  assert.ok(from >= 0, `${path} has ${begin}`);
  return text.slice(from, text.indexOf(end, from) + end.length).replace(/\n */g, '\n');
}

/** Where each snippet of the documentation stands among the files that run here. */
const SNIPPETS = [
  ['tests/e2e/nextjs/published/app/actions.ts', '"use server"', '  return session\n}'],
  ['tests/e2e/nextjs/published/app/login/login-button.tsx', 'onSuccess={async', '/>'],
];

for (const [path, begin, end] of SNIPPETS) {
  test(`the documentation has what runs here: ${path}`, () => {
    assert.equal(part('docs/nextjs.md', begin, end), part(path, begin, end));
  });
}

for (const version of VERSIONS) {
  describe(`the published snippets, Next.js ${version}`, () => {
    const stage = setStage(version, 'start', {}, 'nextjs-published');

    const sessionOf = async (page) =>
      (await page.context().cookies()).find(({ name }) => name === COOKIE)?.value;

    test('the button, an action with verifyToken, and the door', async (t) => {
      const page = await stage.visit(t, '/login');
      const seen = await watched(page);
      await page.goto(`${stage.app.url}/dashboard`);
      const { pathname, search } = new URL(page.url());
      assert.equal(pathname + search, '/login?returnTo=%2Fdashboard');
      const link = await button(page).getAttribute('href');
      await button(page).click();
      await stage.send(link);
      await isIn(page, PHONE);
      assert.equal((await sessionOf(page)).includes(PHONE), false);
      // The app's own cookie is merely beside it.
      const own = (await page.context().cookies()).find(({ name }) => name === 'session');
      assert.match(decodeURIComponent(own.value), new RegExp(PHONE));
      await page.getByRole('button', { name: 'Who am I?' }).click();
      await page.locator('output', { hasText: PHONE }).waitFor();
      assert.deepEqual(seen.complaints, []);
      assert.deepEqual(
        seen.statuses.filter((status) => ['error', 'expired', 'denied'].includes(status)),
        [],
      );
      assert.ok(seen.statuses.includes('message_received'), seen.statuses.join());
    });

    test('the decoupled flow: createToken, a plain link, and waitForVerify', async (t) => {
      const page = await stage.visit(t, '/decoupled');
      const seen = await watched(page);
      await page.reload();
      await page.getByRole('button', { name: 'Get a link' }).click();
      const link = page.getByRole('link', { name: 'Sign in with WhatsApp' });
      assert.deepEqual(
        [await link.getAttribute('target'), await link.getAttribute('rel')],
        ['_blank', 'noopener noreferrer'],
      );
      await stage.send(await link.getAttribute('href'));
      await isIn(page, PHONE);
      assert.deepEqual(seen.complaints, []);
    });

    test('an action after the session has ended leads to the login page, and back', async (t) => {
      const page = await stage.visit(t, '/login');
      const seen = await watched(page);
      await page.reload();
      const first = await button(page).getAttribute('href');
      await button(page).click();
      await stage.send(first);
      await isIn(page, PHONE);
      await page.context().clearCookies();
      await page.getByRole('button', { name: 'Who am I?' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      assert.equal(new URL(page.url()).search, '?returnTo=%2Fdashboard');
      // What the browser itself says of the answer is no complaint of the page.
      assert.deepEqual(
        seen.complaints.filter((text) => !text.startsWith('Failed to load resource')),
        [],
      );
    });

    test('an unsigned cookie opens nothing', async (t) => {
      const page = await stage.visit(t, '/login');
      const value = JSON.stringify({ phone: PHONE });
      await page.context().addCookies([{ name: 'session', value, url: stage.app.url }]);
      await page.goto(`${stage.app.url}/dashboard`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    });

    /** A login of the app whose message has arrived. */
    const sent = async () => {
      const { token, link } = new Loggin({ baseUrl: stage.world.url }).createToken(stage.appKey);
      const asked = await stage.app.send('/api/verify', { method: 'POST', body: token });
      assert.equal(asked.text, 'null', 'nobody has sent the message yet');
      const seen = await stage.world.lastMessage();
      await stage.send(link);
      await stage.world.messageAfter(seen);
      return token;
    };

    test('verifyToken sets no cookie where it is told so, and none where there can be none', async () => {
      const route = await stage.app.send('/api/verify', { method: 'POST', body: await sent() });
      assert.equal(JSON.parse(route.text).phone, PHONE);
      assert.equal(route.headers['set-cookie'], undefined);
      const page = await stage.app.send(`/rendered?token=${await sent()}`);
      assert.match(page.text, new RegExp(`You are \\+(<!-- -->)?${PHONE}`));
      assert.equal(page.headers['set-cookie'], undefined);
    });
  });
}
