/** The example in a real browser, against the real server and simulator: each of its ways to sign in, and out again. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { COMPUTER, launch } from '../../browser/browser.mjs';
import { PHONE, World } from '../../browser/world.mjs';
import { App, VERSIONS } from '../app.mjs';

const APP_COOKIE = '__Host-loggin';

/** A number that may be: those of the simulator are for films, and get no codes. */
const INDIAN_PHONE = '919876543210';

/** What has not come by then, never will. */
const PATIENCE_MS = 15_000;

for (const version of VERSIONS) {
  describe(`the example, Next.js ${version}`, () => {
    let world;
    let secretKey;
    let appKey;
    let app;
    let browser;

    before(async () => {
      world = await World.start();
      ({ appKey, secretKey } = world.createApp());
      const env = {
        DOOR: 'list',
        LOGGIN_BASE_URL: world.url,
        LOGGIN_APP_KEY: appKey,
        LOGGIN_SECRET_KEY: secretKey,
      };
      app = await App.start(version, env);
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await app?.stop();
      await world?.stop();
    });

    const visit = async (t, path) => {
      const context = await browser.newContext(COMPUTER);
      context.setDefaultTimeout(PATIENCE_MS);
      t.after(() => context.close());
      const page = await context.newPage();
      await page.goto(app.url + path);
      return page;
    };

    /** The dashboard greets the phone, the cookie is sealed, and signing out ends it. */
    const inAndOut = async (page, phone = PHONE) => {
      await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
      await page.getByText(`You are +${phone}.`).waitFor();
      const cookie = (await page.context().cookies()).find(({ name }) => name === APP_COOKIE);
      assert.deepEqual(
        [cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path, cookie.value.includes(phone)],
        [true, true, 'Lax', '/', false],
      );
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('link', { name: 'Sign in' }).waitFor();
      await page.goto(`${app.url}/dashboard`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    };

    test('by the button, from the protected page and back to it', async (t) => {
      const page = await visit(t, '/dashboard');
      assert.equal(new URL(page.url()).search, '?returnTo=%2Fdashboard');
      const link = page.locator('a.loggin[href]');
      const href = await link.getAttribute('href');
      await page.context().route('**/l/**', (route) => route.abort());
      await link.click();
      await world.send(href);
      await inAndOut(page);
    });

    test('by a link whose token stays on the server', async (t) => {
      const page = await visit(t, '/login');
      await page.getByRole('button', { name: 'Get a link' }).click();
      const href = await page.getByRole('link', { name: 'Open WhatsApp' }).last().getAttribute('href');
      await world.send(href);
      await inAndOut(page);
    });

    test('by a one-time code, after a wrong one', async (t) => {
      const page = await visit(t, '/login');
      await world.control('phones', { number: INDIAN_PHONE, name: 'Asha' });
      await page.getByLabel('Phone number').fill(`+${INDIAN_PHONE}`);
      await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
      const { code } = await world.messageAfter(0, INDIAN_PHONE);
      const wrong = code === '000000' ? '111111' : '000000';
      await page.getByLabel('Code', { exact: true }).fill(wrong);
      await page.getByText('Tries left: 4').waitFor();
      await page.getByLabel('Code', { exact: true }).fill(code);
      await inAndOut(page, INDIAN_PHONE);
    });

    test('nobody is sent to another site', async (t) => {
      const page = await visit(t, '/login?returnTo=%2F%2Felsewhere.example');
      const link = page.locator('a.loggin[href]');
      const href = await link.getAttribute('href');
      await page.context().route('**/l/**', (route) => route.abort());
      await link.click();
      await world.send(href);
      await inAndOut(page);
    });

    test('routes for pages of the app refuse those of other sites', async () => {
      for (const headers of [{ origin: 'https://elsewhere.example' }, { 'sec-fetch-site': 'cross-site' }]) {
        const own = { 'content-type': 'application/json', ...headers };
        const { status } = await app.send('/api/otp/start', {
          method: 'POST',
          headers: own,
          body: '{"phone":"1"}',
        });
        assert.equal(status, 403);
      }
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      assert.equal(
        (await app.send('/api/otp/start', { method: 'POST', headers: form, body: 'phone=1' })).status,
        415,
      );
    });
  });
}
