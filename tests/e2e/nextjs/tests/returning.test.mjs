/** The way back from WhatsApp to an app whose server holds the login: the link beside the digits signs in without typing. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HANDSET } from '../../browser/browser.mjs';
import { PHONE } from '../../browser/environment.mjs';
import { VERSIONS } from '../app.mjs';
import { button, isIn, setStage, statusIs } from '../stage.mjs';

/** The cookie of the app's session. */
const SESSION = '__Host-loggin';

const hasSession = async (page) => (await page.context().cookies()).some(({ name }) => name === SESSION);

for (const version of VERSIONS) {
  describe(`the way back from WhatsApp, Next.js ${version}`, () => {
    const stage = setStage(version, 'start', {}, undefined, 'code');

    /** The login page on a phone, whose person goes to WhatsApp, sends the message, and is sent digits and a link. */
    const left = async (t) => {
      const page = await stage.visit(t, '/login/link?returnTo=%2Fdashboard%3Fa%3D1', HANDSET);
      const seen = await stage.environment.lastMessage();
      // The server has to know where the login began before its message comes.
      const told = stage.network.responseTo('"return_to":');
      const opened = page.waitForEvent('popup');
      await button(page).tap();
      const whatsapp = await opened;
      await told;
      await whatsapp.getByRole('button', { name: 'Send', exact: true }).tap();
      const { text } = await stage.environment.messageAfter(seen);
      await statusIs(page, 'awaiting_confirmation');
      return { page, whatsapp, seen, text, link: text.match(/^http\S+$/m)?.[0] };
    };

    /** The tab that opens where the person taps the link in WhatsApp. */
    const back = async ({ whatsapp, link }) => {
      const tapped = whatsapp.waitForEvent('popup');
      await whatsapp.getByRole('link', { name: link }).tap();
      return await tapped;
    };

    test('the link signs in in another tab, which goes on to where it was asked for', async (t) => {
      const login = await left(t);
      assert.match(login.text, /\d{6}/);
      const { origin, pathname, hash } = new URL(login.link);
      assert.deepEqual([origin, pathname], [stage.app.url, '/login/link']);
      assert.match(hash, /^#loggin=[0-9A-Z]{37}$/);
      const requests = [];
      login.page.context().on('request', (request) => requests.push(request.url()));
      const tab = await back(login);
      await isIn(tab, PHONE);
      assert.equal(new URL(tab.url()).search, '?a=1');
      assert.ok(await hasSession(tab));
      assert.deepEqual(
        requests.filter((url) => url.includes(hash.slice('#loggin='.length))),
        [],
      );
      assert.deepEqual(await tab.evaluate(() => Object.keys(localStorage)), []);
      // The tab that was left begins anew.
      await statusIs(login.page, 'idle');
    });

    test('a tab that the phone has discarded is not needed', async (t) => {
      const login = await left(t);
      await login.page.close();
      await isIn(await back(login), PHONE);
    });

    test('a robot that fetches the link for a preview signs nobody in', async (t) => {
      const { page, seen, link } = await left(t);
      const [address] = link.split('#');
      const previews = await stage.environment.previewsAfter(seen);
      assert.deepEqual(previews.at(-1), { url: address, status: 200 });
      // Another one, which keeps what it is given.
      const robot = await (await stage.browser.newContext()).newPage();
      t.after(() => robot.context().close());
      assert.equal((await robot.request.get(link)).status(), 200);
      assert.deepEqual(await robot.context().cookies(), []);
      await statusIs(page, 'awaiting_confirmation');
      assert.equal(await hasSession(page), false);
      await page.goto(`${stage.app.url}/dashboard`);
      assert.equal(new URL(page.url()).pathname, '/login');
    });

    test('in another browser it signs nobody in, and says where to go; the digits are there all the same', async (t) => {
      const { page, text, link } = await left(t);
      const other = await stage.visit(t, '/open', HANDSET);
      const confirmed = [];
      other.on('request', (request) => confirmed.push(request.url()));
      await other.goto(link);
      await other.getByRole('alert').getByText('in the browser where you began').waitFor();
      assert.equal(new URL(other.url()).hash, '');
      assert.deepEqual(
        confirmed.filter((url) => url.endsWith('/api/login/confirm')),
        [],
      );
      assert.deepEqual([await hasSession(other), await hasSession(page)], [false, false]);
      await page.getByLabel('6-digit code').fill(text.match(/\d{6}/)[0]);
      await isIn(page, PHONE);
    });
  });
}
