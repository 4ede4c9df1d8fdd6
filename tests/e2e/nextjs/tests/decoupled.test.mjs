/** Logins that the app's server holds: their page knows a name and a link, loses its connection, is loaded anew, and has others beside it. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PHONE } from '../../browser/environment.mjs';
import { Network } from '../../browser/network.mjs';
import { App, VERSIONS } from '../app.mjs';
import { button, isIn, setStage, statusIs } from '../stage.mjs';

const isWait = (request) => request.url().endsWith('/api/login/wait');

for (const version of VERSIONS) {
  describe(`logins of the server, Next.js ${version}`, () => {
    const stage = setStage(version);

    /** Every status that the modal of a page ever showed, and what the page threw. */
    const watched = async (page) => {
      const seen = { statuses: [], thrown: [] };
      page.on('pageerror', (error) => seen.thrown.push(String(error)));
      await page.exposeFunction('sawStatus', (status) => seen.statuses.push(status));
      await page.addInitScript(() => {
        new MutationObserver(() => {
          const { status } = document.querySelector('dialog')?.dataset ?? {};
          if (status) {
            window.sawStatus(status);
          }
        }).observe(document, { attributes: true, childList: true, subtree: true });
        // React tells nobody else of a promise that nobody looks at.
        window.addEventListener('unhandledrejection', ({ reason }) => window.sawStatus(`thrown ${reason}`));
      });
      return seen;
    };

    const went = ({ statuses, thrown }) =>
      assert.deepEqual(
        [
          statuses.filter(
            (each) => !/^(idle|pending|message_received|awaiting_confirmation|verified)$/.test(each),
          ),
          thrown,
        ],
        [[], []],
      );

    /** Begins a login on a computer, and gives its link. */
    const begin = async (page) => {
      const link = await button(page).getAttribute('href');
      const asked = page.waitForRequest(isWait);
      await button(page).click();
      await asked;
      await statusIs(page, 'pending');
      return link;
    };

    test('the page never has a token, and is led to where it was asked for', async (t) => {
      const page = await stage.visit(t, '/login');
      const seen = await watched(page);
      const bodies = [];
      page.on('response', async (response) => bodies.push(await response.text().catch(() => '')));
      await page.goto(`${stage.app.url}/login/link?returnTo=%2Fdashboard%3Fa%3D1`);
      const link = await begin(page);
      const kept = await page.evaluate(() => JSON.stringify(sessionStorage));
      await stage.send(link);
      await isIn(page, PHONE);
      assert.equal(new URL(page.url()).search, '?a=1');
      assert.ok(bodies.length > 0);
      assert.ok(!/lgn1_[0-9A-Z]{8}_/.test(kept + bodies.join('')), 'a token has reached the page');
      const cookies = (await page.context().cookies()).map(({ name }) => name);
      assert.deepEqual(cookies, ['__Host-loggin'], 'the cookie of the login is gone');
      went(seen);
    });

    test('a connection that is cut while WhatsApp is open loses nothing', async (t) => {
      const page = await stage.visit(t, '/login');
      const seen = await watched(page);
      const network = await Network.to(t, stage.app.url);
      await page.goto(`${network.url}/login/link`);
      const link = await begin(page);
      const lost = page.waitForEvent('requestfailed', isWait);
      network.cut();
      await lost;
      await stage.send(link);
      network.restore();
      await isIn(page, PHONE);
      went(seen);
    });

    test('a page that is loaded anew goes on, before and after the message', async (t) => {
      const page = await stage.visit(t, '/login');
      const seen = await watched(page);
      await page.goto(`${stage.app.url}/login/link`);
      const link = await begin(page);
      const asked = page.waitForRequest(isWait);
      await page.reload();
      await asked;
      await statusIs(page, 'pending');
      assert.equal(await button(page).getAttribute('href'), link);
      const leave = `${stage.app.url}/open`;
      await page.goto(leave);
      await stage.send(link);
      await page.goBack();
      await isIn(page, PHONE);
      went(seen);
    });

    test('two tabs have a login each', async (t) => {
      const page = await stage.visit(t, '/login/link');
      const other = await page.context().newPage();
      await other.goto(page.url());
      const links = [await begin(page), await begin(other)];
      assert.notEqual(links[0], links[1]);
      await stage.send(links[1]);
      await isIn(other, PHONE);
      await statusIs(page, 'pending');
      await stage.send(links[0]);
      await isIn(page, PHONE);
    });

    test('a route that is away when the page opens is asked until it is there', async (t) => {
      const page = await stage.visit(t, '/open');
      const seen = await watched(page);
      await page.route('**/api/login/begin', (route) => route.abort(), { times: 1 });
      const failed = page.waitForEvent('requestfailed');
      await page.goto(`${stage.app.url}/login/link`);
      await failed;
      await stage.send(await begin(page));
      await isIn(page, PHONE);
      went(seen);
    });

    test('an app that asks for digits has them typed into its own page', async (t) => {
      const { appKey, secretKey } = stage.environment.createApp('--confirm', 'code');
      const app = await App.start(version, {
        GUARD: 'list',
        LOGGIN_BASE_URL: stage.network.url,
        LOGGIN_APP_KEY: appKey,
        LOGGIN_SECRET_KEY: secretKey,
      });
      t.after(() => app.stop());
      const page = await stage.visit(t, '/open');
      const seen = await watched(page);
      await page.goto(`${app.url}/own`);
      const link = page.getByRole('link', { name: 'Open WhatsApp' });
      const href = await link.getAttribute('href');
      const popup = page.waitForEvent('popup');
      await link.click();
      await (await popup).close();
      const before = await stage.environment.lastMessage();
      await stage.send(href);
      await page.locator('output', { hasText: 'awaiting_confirmation' }).waitFor();
      const [digits] = (await stage.environment.messageAfter(before)).text.match(/\d{6}/);
      const field = page.getByLabel('Digits');
      await field.fill(digits === '000000' ? '111111' : '000000');
      await field.press('Enter');
      await page.getByText('Tries left: 4').waitFor();
      await field.fill(digits);
      await field.press('Enter');
      await page.locator('output', { hasText: 'signed in' }).waitFor();
      await page.goto(`${app.url}/dashboard`);
      await isIn(page, PHONE);
      went(seen);
    });
  });
}
