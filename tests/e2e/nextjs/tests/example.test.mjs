/** The example in a real browser, against the real server and simulator: each of its ways to sign in, and out again. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Loggin } from '../../../../node/web/dist/esm/index.js';
import { PHONE } from '../../browser/environment.mjs';
import { VERSIONS } from '../app.mjs';
import { button, isIn, setStage } from '../stage.mjs';

const APP_COOKIE = '__Host-loggin';

/** A number that may be: those of the simulator are for films, and get no codes. */
const INDIAN_PHONE = '919876543210';

for (const version of VERSIONS) {
  describe(`the example, Next.js ${version}`, () => {
    const stage = setStage(version);

    /** Signs in with the button of the page that is open. */
    const tapAndSend = async (page) => {
      const href = await button(page).getAttribute('href');
      await button(page).click();
      await stage.send(href);
    };

    /** The dashboard greets the phone, the cookie is sealed, and signing out ends it. */
    const inAndOut = async (page, phone = PHONE) => {
      await isIn(page, phone);
      const cookie = (await page.context().cookies()).find(({ name }) => name === APP_COOKIE);
      assert.deepEqual(
        [cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path, cookie.value.includes(phone)],
        [true, true, 'Lax', '/', false],
      );
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('link', { name: 'Sign in' }).waitFor();
      await page.goto(`${stage.app.url}/dashboard`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    };

    test('by the button, from the protected page and back to it', async (t) => {
      const page = await stage.visit(t, '/dashboard');
      assert.equal(new URL(page.url()).search, '?returnTo=%2Fdashboard');
      await tapAndSend(page);
      await inAndOut(page);
    });

    test('by a button whose token stays on the server', async (t) => {
      const page = await stage.visit(t, '/login/link');
      await tapAndSend(page);
      await inAndOut(page);
    });

    test('by a one-time code, after a wrong one', async (t) => {
      const page = await stage.visit(t, '/login');
      await stage.environment.control('phones', { number: INDIAN_PHONE, name: 'Asha' });
      await page.getByLabel('Phone number').fill(`+${INDIAN_PHONE}`);
      await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
      const { code } = await stage.environment.messageAfter(0, INDIAN_PHONE);
      const wrong = code === '000000' ? '111111' : '000000';
      await page.getByLabel('Code', { exact: true }).fill(wrong);
      await page.getByText('Tries left: 4').waitFor();
      await page.getByLabel('Code', { exact: true }).fill(code);
      await inAndOut(page, INDIAN_PHONE);
    });

    test('nobody is sent to another site', async (t) => {
      const page = await stage.visit(t, '/login?returnTo=%2F%2Felsewhere.example');
      await tapAndSend(page);
      await inAndOut(page);
    });

    test('by a route at the edge, which the Pages Router hears of', async () => {
      const { app, environment } = stage;
      const client = new Loggin({ baseUrl: environment.url });
      const { token, link } = client.createToken(stage.appKey);
      const redeem = async (body) => {
        const headers = { 'content-type': 'application/json', origin: app.url };
        const { status, text, ...response } = await app.send('/api/redeem', {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        return { status, cookies: response.headers['set-cookie'] ?? [], ...JSON.parse(text) };
      };
      assert.deepEqual(await redeem({ token }), { status: 'pending', cookies: [] });
      assert.deepEqual(await redeem({ token: 'x' }), { status: 400, cookies: [], error: 'invalid_token' });

      const seen = await environment.lastMessage();
      await stage.send(link);
      await environment.messageAfter(seen);
      const { status, cookies } = await redeem({ token });
      assert.equal(status, 'verified');
      const headers = { cookie: cookies[0].split(';')[0] };
      assert.equal((await app.send('/api/redeem', { headers })).text, JSON.stringify({ phone: PHONE }));
      assert.match((await app.send('/account', { headers })).text, new RegExp(`You are \\+${PHONE}`));
      assert.match((await app.send('/account')).text, /You are nobody/);
      assert.equal((await app.send('/api/redeem')).status, 401);
    });

    test('a page of the server has the button, which is hydrated without a word', async (t) => {
      const served = (await stage.app.send('/open')).text;
      assert.match(served, /<a [^>]*role="link"[^>]*aria-disabled="true"/);
      assert.doesNotMatch(served, /lgn1_/);
      const page = await stage.visit(t, '/login');
      const complaints = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(`${stage.app.url}/open`);
      await button(page).waitFor();
      assert.deepEqual(complaints, []);
    });

    test('routes for pages of the app refuse those of other sites', async () => {
      for (const headers of [{ origin: 'https://elsewhere.example' }, { 'sec-fetch-site': 'cross-site' }]) {
        const own = { 'content-type': 'application/json', ...headers };
        const { status } = await stage.app.send('/api/otp/start', {
          method: 'POST',
          headers: own,
          body: '{"phone":"1"}',
        });
        assert.equal(status, 403);
      }
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      assert.equal(
        (await stage.app.send('/api/otp/start', { method: 'POST', headers: form, body: 'phone=1' })).status,
        415,
      );
    });
  });
}
