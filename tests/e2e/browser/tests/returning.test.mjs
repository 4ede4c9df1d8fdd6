/** The way back from WhatsApp: the link beside the digits signs in in the browser where the login began, and nowhere else. */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { Loggin } from '../../../../node/web/dist/esm/index.js';
import { COMPUTER, HANDSET } from '../browser.mjs';
import { PHONE } from '../environment.mjs';
import { button, EVENTS_PATH, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage();

const CONFIRM_PATH = '/api/v1/tokens/confirm';

/** The person goes to WhatsApp on the phone that has the page, and sends the message; what the business wrote then. */
async function answer(page, begin = (link) => link.tap()) {
  const seen = await stage.environment.lastMessage();
  // The page has to have said where it is before the message comes.
  const waiting = page.waitForRequest(
    (request) => request.url().endsWith(EVENTS_PATH) && !!request.postDataJSON()?.return_to,
  );
  const opened = page.waitForEvent('popup');
  await begin(button(page));
  const whatsapp = await opened;
  await (await waiting).response();
  await whatsapp.getByRole('button', { name: 'Send', exact: true }).tap();
  const message = await stage.environment.messageAfter(seen);
  return { whatsapp, text: message.text, link: message.text.match(/^http\S+$/m)?.[0] };
}

/** A page of the app, on a phone. */
const openAt = (t, appKey = stage.environment.addApp('--confirm', 'code')) =>
  stage.open(t, HANDSET, { appKey }, (options) => `${stage.site.namedPage(options)}?next=%2Fcart`);

/** The requests that hand something in, of all pages of a browser. */
function handedIn(context) {
  const bodies = [];
  context.on('request', (request) => {
    if (request.url().endsWith(CONFIRM_PATH) && request.method() === 'POST') {
      bodies.push(request.postDataJSON());
    }
  });
  return bodies;
}

test('the link in WhatsApp signs in in another tab of the same browser, and the app is handed the token once', async (t) => {
  const page = await openAt(t);
  const { whatsapp, text, link } = await answer(page);
  await statusIs(page, 'awaiting_confirmation');
  assert.match(text, /\d{6}/);
  // Neither the token nor the code, nor the query of the page.
  assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/sign-in\/\d+#loggin=[0-9A-Z]{37}$/);
  const tapped = whatsapp.waitForEvent('popup');
  const handed = stage.site.received.length;
  const loaded = [];
  page.context().on('request', (request) => {
    if (request.isNavigationRequest() && request.url().startsWith(stage.site.page({}).split('?')[0])) {
      loaded.push(request.url());
    }
  });
  await whatsapp.getByRole('link', { name: link }).tap();
  const back = await tapped;
  await said(back, `Hello ${PHONE}`);
  // The address is the page's own again, with what it was opened with: the app's server has seen it, too.
  assert.equal(back.url(), page.url());
  assert.deepEqual(loaded, [page.url().split('?')[0], page.url()]);
  // The tab that was left has nothing to say, and can begin another login.
  await statusIs(page, 'idle');
  assert.equal(await page.locator('#said').textContent(), '');
  assert.equal(stage.site.received.slice(handed).filter(({ path }) => path === '/login').length, 1);
  const kept = await back.evaluate(() => Object.keys(localStorage));
  assert.deepEqual(kept, [], 'nothing is kept of a login that is over');
});

test('a page whose server takes the query away is loaded with it once', async (t) => {
  const page = await openAt(t);
  const { whatsapp, link } = await answer(page);
  stage.site.bare.add(new URL(page.url()).pathname);
  const tapped = whatsapp.waitForEvent('popup');
  await whatsapp.getByRole('link', { name: link }).tap();
  const back = await tapped;
  await said(back, `Hello ${PHONE}`);
  assert.equal(back.url(), page.url().split('?')[0]);
});

test('a tab that the phone has discarded is not needed', async (t) => {
  const page = await openAt(t);
  const { whatsapp, link } = await answer(page);
  await page.close();
  const tapped = whatsapp.waitForEvent('popup');
  await whatsapp.getByRole('link', { name: link }).tap();
  await said(await tapped, `Hello ${PHONE}`);
});

test('a tab that is reloaded after that begins anew', async (t) => {
  const page = await openAt(t);
  const { whatsapp, link } = await answer(page);
  const tapped = whatsapp.waitForEvent('popup');
  await whatsapp.getByRole('link', { name: link }).tap();
  await said(await tapped, `Hello ${PHONE}`);
  await page.reload();
  await button(page).waitFor();
  assert.equal(await page.locator('#said').textContent(), '');
});

test('a link that opens in the tab itself signs in there', async (t) => {
  const page = await openAt(t);
  const { link } = await answer(page);
  await statusIs(page, 'awaiting_confirmation');
  const { hash } = new URL(link);
  await page.evaluate((brought) => {
    location.hash = brought;
  }, hash);
  await said(page, `Hello ${PHONE}`);
  assert.equal(new URL(page.url()).hash, '');
});

test('in another browser it completes nothing, hands nothing in, and says where to go', async (t) => {
  const page = await openAt(t);
  const { text, link } = await answer(page);
  await statusIs(page, 'awaiting_confirmation');
  const other = await stage.open(t, HANDSET);
  const bodies = handedIn(other.context());
  await other.goto(link);
  await other.getByRole('alert').getByText('in the browser where you began').waitFor();
  assert.equal(new URL(other.url()).hash, '', 'it does not stay in the address');
  assert.deepEqual(bodies, []);
  await shot(other, 'elsewhere');
  assert.equal(await page.locator('#said').textContent(), '');
  // The digits are there all the same.
  await shot(page, 'awaiting');
  await page.getByLabel('6-digit code').fill(text.match(/\d{6}/)[0]);
  await said(page, `Hello ${PHONE}`);
});

test('a robot that fetches the link for a preview completes nothing', async (t) => {
  const page = await openAt(t);
  const seen = await stage.environment.lastMessage();
  const { link } = await answer(page);
  await statusIs(page, 'awaiting_confirmation');
  const previews = await stage.environment.previewsAfter(seen);
  assert.deepEqual(previews.at(-1), { url: link.split('#')[0], status: 200 });
  assert.equal(await page.locator('dialog[open]').getAttribute('data-status'), 'awaiting_confirmation');
  assert.equal(await page.locator('#said').textContent(), '');
});

test('where the QR code was scanned there is no link: the phone has no page to come back to', async (t) => {
  const page = await stage.open(t, COMPUTER, { appKey: stage.environment.addApp('--confirm', 'code') });
  const seen = await stage.environment.lastMessage();
  await button(page).click();
  await stage.environment.send(await button(page).getAttribute('href'));
  await statusIs(page, 'awaiting_confirmation');
  const { text } = await stage.environment.messageAfter(seen);
  assert.match(text, /\d{6}/);
  assert.doesNotMatch(text, /http/);
});

test('an app that lists other origins alone sends no link to this one', async () => {
  const { environment, site } = stage;
  const appKey = environment.addApp('--confirm', 'code', '--allowed-origin', 'https://shop.example');
  const client = new Loggin({ baseUrl: environment.url });
  const pages = [
    [site.namedPage({}), false],
    ['https://shop.example/login', true],
  ];
  for (const [page, isShown] of pages) {
    const { token, link } = client.createToken(appKey);
    const seen = await environment.lastMessage();
    const response = await fetch(environment.url + EVENTS_PATH, {
      method: 'POST',
      headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
      body: JSON.stringify({ tokens: [token, ''], return_to: page }),
    });
    assert.equal(response.status, 200);
    await environment.send(link);
    const { text } = await environment.messageAfter(seen);
    assert.equal(text.includes(`${page}#loggin=`), isShown, text);
  }
});

/** A picture of a phone's screen, where somebody wants to look at it. */
async function shot(page, name) {
  if (process.env.RETURN_SCREENSHOTS) {
    mkdirSync(process.env.RETURN_SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: `${process.env.RETURN_SCREENSHOTS}/${name}.png` });
  }
}
