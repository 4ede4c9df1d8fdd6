/**
 * docs/nextjs.md, followed step by step: with nothing but its files a person is signed in by each way that it shows, in a real
 * browser, kept out without a session, and signed out; and no page complains, whatever passes by.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Loggin } from '../../../../node/web/dist/esm/index.js';
import { PHONE } from '../../browser/environment.mjs';
import { App, VERSIONS } from '../app.mjs';
import { button, isIn, setStage } from '../stage.mjs';

const COOKIE = '__Host-loggin';

/** A number that may be: those of the simulator are for films, and get no codes. */
const INDIAN_PHONE = '919876543210';

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

for (const version of VERSIONS) {
  describe(`docs/nextjs.md, Next.js ${version}`, () => {
    const stage = setStage(version, 'start', {}, 'nextjs-followed');

    /** A page that is watched from its first moment. */
    const watch = async (t, path) => {
      const page = await stage.visit(t, '/');
      const seen = await watched(page);
      await page.goto(stage.app.url + path);
      return { page, seen };
    };

    const addressOf = (page) => {
      const { pathname, search } = new URL(page.url());
      return pathname + search;
    };

    const sessionOf = async (page) =>
      (await page.context().cookies()).find(({ name }) => name === COOKIE)?.value;

    const tapAndSend = async (page) => {
      const link = await button(page).getAttribute('href');
      await button(page).click();
      await stage.send(link);
    };

    /** Nothing but what leads to a session was shown, and nothing complained of. */
    const went = ({ statuses, complaints }) =>
      assert.deepEqual(
        [statuses.filter((status) => ['error', 'expired', 'denied'].includes(status)), complaints],
        [[], []],
      );

    const signsOut = async (page) => {
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('link', { name: 'Sign in' }).waitFor();
      assert.equal(await sessionOf(page), undefined);
      await page.goto(`${stage.app.url}/dashboard`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      assert.equal(addressOf(page), '/login?returnTo=%2Fdashboard');
    };

    test('from the dashboard to the login page, back to the dashboard, and out', async (t) => {
      const { page, seen } = await watch(t, '/dashboard');
      assert.equal(addressOf(page), '/login?returnTo=%2Fdashboard');
      await tapAndSend(page);
      await isIn(page, PHONE);
      assert.equal(addressOf(page), '/dashboard');
      assert.equal((await sessionOf(page)).includes(PHONE), false);
      await signsOut(page);
      assert.ok(seen.statuses.includes('message_received'), seen.statuses.join());
      went(seen);
    });

    test('and in again, in the same page', async (t) => {
      const { page, seen } = await watch(t, '/dashboard');
      for (const path of ['/dashboard', '/dashboard']) {
        await tapAndSend(page);
        await isIn(page, PHONE);
        assert.equal(addressOf(page), path);
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByRole('link', { name: 'Sign in' }).click();
        await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      }
      await tapAndSend(page);
      await isIn(page, PHONE);
      went(seen);
    });

    test('a login that failed says so on the login page, which keeps the way back', async (t) => {
      const page = await stage.visit(t, '/login?error=already_used&returnTo=%2Fcrossing');
      await page.getByRole('alert').filter({ hasText: 'already_used' }).waitFor();
      await tapAndSend(page);
      await page.getByRole('button', { name: 'Who am I?' }).waitFor();
      assert.equal(addressOf(page), '/crossing');
    });

    test('keeps everybody else out', async () => {
      for (const path of ['/dashboard', '/crossing', '/account', '/api/other']) {
        const { status, headers } = await stage.app.send(path);
        const { pathname, search } = new URL(headers.location, stage.app.url);
        const login = `/login?returnTo=${encodeURIComponent(path)}`;
        assert.deepEqual([status, pathname + search], [307, login]);
      }
      assert.equal((await stage.app.send('/')).status, 200);
    });

    test('with the number of the business, links open WhatsApp', async (t) => {
      const env = { LOGGIN_BASE_URL: stage.environment.url, LOGGIN_WHATSAPP_NUMBER: '+91 98765 43210' };
      const app = await App.start(
        version,
        { ...env, LOGGIN_APP_KEY: stage.appKey },
        'start',
        'nextjs-followed',
      );
      t.after(() => app.stop());
      const page = await stage.visit(t, '/login');
      assert.ok((await button(page).getAttribute('href')).startsWith(`${stage.network.url}/l/`));
      await page.goto(`${app.url}/login`);
      assert.match(await button(page).getAttribute('href'), /^https:\/\/wa\.me\/919876543210\?text=/);
    });

    test('by a button whose token stays on the server, and out', async (t) => {
      const { page, seen } = await watch(t, '/login/link');
      const bodies = [];
      page.on('response', async (response) => bodies.push(await response.text().catch(() => '')));
      await tapAndSend(page);
      await isIn(page, PHONE);
      assert.ok(bodies.length > 0);
      assert.ok(!bodies.some((body) => /lgn1_[0-9A-Z]{8}_/.test(body)), 'a token has reached the page');
      await signsOut(page);
      went(seen);
    });

    test('by a one-time code, and out', async (t) => {
      const { page, seen } = await watch(t, '/login/code');
      await stage.environment.control('phones', { number: INDIAN_PHONE, name: 'Asha' });
      await page.getByLabel('Phone number').fill(`+${INDIAN_PHONE}`);
      await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
      const { code } = await stage.environment.messageAfter(0, INDIAN_PHONE);
      await page.getByLabel('Code', { exact: true }).fill(code);
      await isIn(page, INDIAN_PHONE);
      await signsOut(page);
      went(seen);
    });

    test('by an action with verifyToken, whose own cookie is merely beside the session', async (t) => {
      const { page, seen } = await watch(t, '/login/verify');
      await tapAndSend(page);
      await isIn(page, PHONE);
      const own = (await page.context().cookies()).find(({ name }) => name === 'session');
      assert.match(decodeURIComponent(own.value), new RegExp(PHONE));
      assert.equal((await sessionOf(page)).includes(PHONE), false);
      went(seen);
    });

    test('an unsigned cookie opens nothing', async (t) => {
      const page = await stage.visit(t, '/login');
      const value = JSON.stringify({ phone: PHONE });
      await page.context().addCookies([{ name: 'session', value, url: stage.app.url }]);
      await page.goto(`${stage.app.url}/dashboard`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    });

    test('createToken, a plain link, and waitForVerify', async (t) => {
      const { page, seen } = await watch(t, '/login/decoupled');
      await page.getByRole('button', { name: 'Get a link' }).click();
      const link = page.getByRole('link', { name: 'Sign in with WhatsApp' });
      assert.deepEqual(
        [await link.getAttribute('target'), await link.getAttribute('rel')],
        ['_blank', 'noopener noreferrer'],
      );
      await stage.send(await link.getAttribute('href'));
      await isIn(page, PHONE);
      went(seen);
    });

    test('the Pages Router is told of the session', async (t) => {
      const { page, seen } = await watch(t, '/login');
      await tapAndSend(page);
      await isIn(page, PHONE);
      await page.goto(`${stage.app.url}/account`);
      const said = await page.getByText(`You are +${PHONE}, since `).textContent();
      const since = said.match(/since (.*)\.$/)[1];
      assert.equal(new Date(since).toISOString(), since);
      const props = JSON.parse(await page.locator('#__NEXT_DATA__').textContent()).props.pageProps;
      assert.deepEqual(Object.keys(props.session).sort(), [
        'appKey',
        'assurance',
        'claims',
        'createdAt',
        'loginId',
        'phone',
        'subject',
        'userId',
        'verifiedAt',
      ]);
      went(seen);
    });

    test('a session crosses to the page and back; once it has ended, an action leads to the login page', async (t) => {
      const { page, seen } = await watch(t, '/login?returnTo=%2Fcrossing');
      await tapAndSend(page);
      const ask = page.getByRole('button', { name: 'Who am I?' });
      await ask.click();
      await page.locator('output', { hasText: PHONE }).waitFor();
      await page.context().clearCookies();
      await ask.click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      assert.equal(addressOf(page), '/login?returnTo=%2Fcrossing');
      // What the browser itself says of the response is no complaint of the page.
      went({
        ...seen,
        complaints: seen.complaints.filter((text) => !text.startsWith('Failed to load resource')),
      });
    });

    /** A login of the app whose message has arrived. */
    const sent = async () => {
      const { token, link } = new Loggin({ baseUrl: stage.environment.url }).createToken(stage.appKey);
      const asked = await stage.app.send('/login/told', { method: 'POST', body: token });
      assert.equal(asked.text, 'null', 'nobody has sent the message yet');
      const seen = await stage.environment.lastMessage();
      await stage.send(link);
      await stage.environment.messageAfter(seen);
      return token;
    };

    test('verifyToken sets no cookie where it is told so, and none where there can be none', async () => {
      const route = await stage.app.send('/login/told', { method: 'POST', body: await sent() });
      assert.equal(JSON.parse(route.text).phone, PHONE);
      assert.equal(route.headers['set-cookie'], undefined);
      const page = await stage.app.send(`/login/rendered?token=${await sent()}`);
      assert.match(page.text, new RegExp(`You are \\+(<!-- -->)?${PHONE}`));
      assert.equal(page.headers['set-cookie'], undefined);
    });
  });
}
