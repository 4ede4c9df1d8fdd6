/** Logins that a person can watch: on a computer and on a phone, with and without a code, and those that fail. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as locales from '../../../../node/react/dist/esm/locales.js';
import { COMPUTER, HANDSET } from '../browser.mjs';
import { PHONE } from '../environment.mjs';
import { readQr } from '../senses.mjs';
import { button, connectionsOf, deny, dialog, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage();

test('on a computer: the QR code leads the phone to the message, and Send signs in', async (t) => {
  const page = await stage.open(t, COMPUTER);
  const connections = connectionsOf(page);
  await button(page).click();
  await statusIs(page, 'pending');
  await page.locator('dialog svg[role=img]').waitFor();
  const link = readQr(await dialog(page).screenshot());
  assert.equal(link, await button(page).getAttribute('href'));
  assert.equal(page.context().pages().length, 1, 'a click on a computer opens no tab');

  const phone = await stage.browser.newPage();
  t.after(() => phone.close());
  await phone.goto(link);
  await phone.getByRole('button', { name: 'Send', exact: true }).click();

  await said(page, `Hello ${PHONE}`);
  await statusIs(page, 'verified');
  assert.equal(connections.length, 1);
  const [{ path, body }] = stage.site.received.slice(-1);
  assert.deepEqual({ path, body }, { path: '/login', body: { token: connections[0][0] } });
  // It has nothing more to say, and closes by itself.
  await dialog(page).waitFor({ state: 'hidden' });
});

test('on a phone: a tap opens WhatsApp at once, and Send signs in', async (t) => {
  const page = await stage.open(t, HANDSET);
  const opened = page.waitForEvent('popup');
  await button(page).tap();
  const whatsapp = await opened;
  assert.equal(await whatsapp.evaluate(() => window.opener), null);
  await statusIs(page, 'pending');
  await page.getByRole('link', { name: 'Open WhatsApp again' }).waitFor();
  await whatsapp.getByRole('button', { name: 'Send', exact: true }).tap();
  await said(page, `Hello ${PHONE}`);
});

test('on a phone: the QR code is there for another phone', async (t) => {
  const page = await stage.open(t, HANDSET, { component: 'modal' });
  await page.getByRole('button', { name: 'Sign in' }).tap();
  await page.getByText('Use another phone').tap();
  await page.locator('dialog svg[role=img]').scrollIntoViewIfNeeded();
  const link = await page.getByRole('link', { name: 'Open WhatsApp' }).getAttribute('href');
  assert.equal(readQr(await dialog(page).screenshot()), link);
  await stage.environment.send(link);
  await said(page, `Hello ${PHONE}`);
});

test('with a number the link is WhatsApp’s own, and a picture of it can be read', async (t) => {
  const page = await stage.open(t, COMPUTER, { number: '+1 555 010 0000', locale: 'es' });
  await button(page).click();
  await page.locator('dialog svg[role=img]').waitFor();
  const link = readQr(await dialog(page).screenshot());
  assert.match(link, /^https:\/\/wa\.me\/15550100000\?text=Env%C3%ADa%20/);
  await stage.environment.send(link);
  await said(page, `Hello ${PHONE}`);
});

test('the browser’s language is that of the page, of the message and of what WhatsApp brings', async (t) => {
  const appKey = stage.environment.addApp('--confirm', 'code');
  const device = { ...COMPUTER, locale: 'ur-PK' };
  const page = await stage.open(t, device, { appKey, locale: 'auto', ssr: '' });
  const inUrdu = page.locator('a.loggin[lang=ur][dir=rtl][href*="?lang=ur"]');
  await inUrdu.waitFor();
  const seen = await stage.environment.lastMessage();
  const link = await inUrdu.getAttribute('href');
  const opened = await fetch(link, { redirect: 'manual' });
  const message = new URL(opened.headers.get('location')).searchParams.get('text');
  assert.match(message, /^سائن ان/);
  await inUrdu.click();
  await stage.environment.send(link);
  await statusIs(page, 'awaiting_confirmation');
  const { text } = await stage.environment.messageAfter(seen);
  const { texts } = locales.ur;
  assert.match(text, /سائن ان کرنے کے لیے آپ کا کوڈ \u2068\d{6}\u2069/);
  // The last digit hands it in.
  await page.getByLabel(texts.codeLabel).fill(text.match(/\d{6}/)[0]);
  await said(page, `Hello ${PHONE}`);
});

test('markup of an app’s own has the same parts', async (t) => {
  const page = await stage.open(t, COMPUTER, { component: 'parts' });
  const link = page.getByRole('link', { name: 'Open WhatsApp' });
  const opened = page.waitForEvent('popup');
  await link.click();
  await page.getByRole('timer').waitFor();
  await (await opened).getByRole('button', { name: 'Send', exact: true }).click();
  await said(page, `Hello ${PHONE}`);
});

test('a code that WhatsApp shows is typed where the login began', async (t) => {
  const page = await stage.open(t, COMPUTER, { appKey: stage.environment.addApp('--confirm', 'code') });
  const seen = await stage.environment.lastMessage();
  const link = await button(page).getAttribute('href');
  await button(page).click();
  await stage.environment.send(link);
  await statusIs(page, 'awaiting_confirmation');
  const field = page.getByLabel('6-digit code');
  assert.ok(await field.evaluate((element) => element === document.activeElement));

  const { text } = await stage.environment.messageAfter(seen);
  const [digits] = text.match(/\d{6}/);
  // The last digit hands them in.
  await field.fill(digits === '000000' ? '111111' : '000000');
  await page.getByRole('alert').filter({ hasText: '4' }).waitFor();

  assert.equal(await field.inputValue(), '');
  await field.fill(`${digits.slice(0, 3)} ${digits.slice(3)}`);
  await said(page, `Hello ${PHONE}`);
});

/** A page that shows two digits, them, and the button for each of the three in the chat, which may have earlier ones. */
async function matching(t) {
  const page = await stage.open(t, COMPUTER, { appKey: stage.environment.addApp('--confirm', 'match') });
  const link = await button(page).getAttribute('href');
  await button(page).click();
  const phone = await stage.browser.newPage();
  t.after(() => phone.close());
  await phone.goto(link);
  const all = phone.getByRole('button', { name: /^\d\d$/ });
  const earlier = await all.count();
  await phone.getByRole('button', { name: 'Send', exact: true }).click();
  await statusIs(page, 'awaiting_match');
  const digits = await page.locator('output').textContent();
  const choices = new Map();
  for (const place of [0, 1, 2]) {
    const choice = all.nth(earlier + place);
    choices.set(await choice.textContent(), choice);
  }
  assert.equal(await all.count(), earlier + 3);
  assert.ok(choices.size === 3 && choices.has(digits));
  return { page, digits, choices };
}

test('digits that the page shows are chosen in WhatsApp', async (t) => {
  const { page, digits, choices } = await matching(t);
  await choices.get(digits).click();
  await said(page, `Hello ${PHONE}`);
  await statusIs(page, 'verified');
});

test('wrong digits end the attempt, and another one can begin', async (t) => {
  const { page, digits, choices } = await matching(t);
  choices.delete(digits);
  const [wrong] = choices.values();
  await wrong.click();
  await said(page, 'error denied');
  await page.getByRole('button', { name: 'Try again' }).click();
  await statusIs(page, 'pending');
});

/** A page whose login asks for a code, and that code. */
async function asked(t, init = () => {}) {
  const page = await stage.open(t, COMPUTER, { appKey: stage.environment.addApp('--confirm', 'code') });
  await page.addInitScript(init);
  await page.reload();
  const seen = await stage.environment.lastMessage();
  const link = await button(page).getAttribute('href');
  await button(page).click();
  await stage.environment.send(link);
  await statusIs(page, 'awaiting_confirmation');
  const { text } = await stage.environment.messageAfter(seen);
  return { page, text, paste: page.getByRole('button', { name: 'Paste' }) };
}

test('a code is pasted from the message that it stands in', async (t) => {
  const { page, text, paste } = await asked(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate(() => navigator.clipboard.writeText('no digits'));
  await paste.click();
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text.match(/\d{6}/)[0]);
  await paste.click();
  await said(page, `Hello ${PHONE}`);
});

test('a clipboard that is refused changes nothing', async (t) => {
  const { page, paste } = await asked(t, () => {
    navigator.clipboard.readText = () => {
      globalThis.refused = true;
      return Promise.reject(new DOMException('No.', 'NotAllowedError'));
    };
  });
  const field = page.getByLabel('6-digit code');
  await field.fill('12');
  await paste.click();
  await page.waitForFunction(() => globalThis.refused);
  assert.equal(await field.inputValue(), '12');
  assert.ok(await field.evaluate((element) => element === document.activeElement));
});

test('a browser that reads no clipboard has no button for it', async (t) => {
  const { page, paste } = await asked(t, () => {
    Reflect.deleteProperty(Clipboard.prototype, 'readText');
  });
  await page.getByLabel('6-digit code').waitFor();
  assert.equal(await paste.count(), 0);
});

test('too many wrong codes end the attempt, and another one can begin', async (t) => {
  const page = await stage.open(t, COMPUTER, { appKey: stage.environment.addApp('--confirm', 'code') });
  const first = await button(page).getAttribute('href');
  await button(page).click();
  await stage.environment.send(first);
  await statusIs(page, 'awaiting_confirmation');
  for (const left of ['4', '3', '2', '1']) {
    await page.getByLabel('6-digit code').fill('000000');
    await page.getByRole('alert').filter({ hasText: left }).waitFor();
  }
  await page.getByLabel('6-digit code').fill('000000');
  await said(page, 'error blocked');
  await page.getByRole('button', { name: 'Try again' }).click();
  await statusIs(page, 'pending');
  assert.notEqual(await button(page).getAttribute('href'), first);
});

test('a login that somebody denies is told so', async (t) => {
  const page = await stage.open(t, COMPUTER, { appKey: stage.environment.addApp('--confirm', 'reply') });
  await deny(stage, page);
  await statusIs(page, 'denied');
  await said(page, 'error denied');
  await page.getByRole('button', { name: 'Try again' }).click();
  await stage.environment.send(await page.locator('dialog a').getAttribute('href'));
  await said(page, `Hello ${PHONE}`);
});

test('a person whose number WhatsApp hides is asked for it there', async (t) => {
  const phone = '918888777766';
  await stage.environment.control('phones', { number: phone, username: 'ravi.k', hidden: true });
  const page = await stage.open(t, COMPUTER);
  await button(page).click();
  await stage.environment.send(await button(page).getAttribute('href'), phone);
  await statusIs(page, 'message_received');
  await stage.environment.control(`phones/${phone}/contact`, { origin: 'contact_request' });
  await said(page, `Hello ${phone}`);
});

test('an app that the server does not know is told to the app', async (t) => {
  const page = await stage.open(t, COMPUTER, { appKey: '00000000' });
  await button(page).click();
  await said(page, 'error unknown_app');
  await statusIs(page, 'error');
});

test('a server of the app’s own that refuses is told to the person', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await page.route('**/login', (route) => route.fulfill({ status: 401, body: '{}' }));
  await button(page).click();
  await stage.environment.send(await button(page).getAttribute('href'));
  await said(page, 'error The app refused.');
  await statusIs(page, 'error');
});

test('a card signs in where it stands, and begins by itself on a computer', async (t) => {
  const page = await stage.open(t, COMPUTER, { component: 'card', appName: 'Acme' });
  const card = page.getByRole('region', { name: 'Sign in to Acme' });
  const picture = card.locator('svg[role=img]');
  await picture.waitFor();
  await stage.environment.send(readQr(await card.screenshot()));
  await said(page, `Hello ${PHONE}`);
  await card.getByText('You are signed in').waitFor();
});

test('on a phone a card waits for the tap, and then says to come back', async (t) => {
  const page = await stage.open(t, HANDSET, { component: 'card' });
  const connections = connectionsOf(page);
  const link = page.locator('section a[href]');
  await link.waitFor();
  assert.equal(connections.length, 0);
  const popup = page.waitForEvent('popup');
  await link.tap();
  await (await popup).close();
  assert.equal(await page.locator('li[aria-current=step]').textContent(), 'Tap Send');
  await stage.environment.send(await link.getAttribute('href'));
  await said(page, `Hello ${PHONE}`);
});

test('a code to a number is another way in, where the app has one', async (t) => {
  stage.site.routes.set('/otp/start', () => ({ body: { session_id: 's-1', expires_in: 300 } }));
  stage.site.routes.set('/otp/verify', () => ({ body: { phone: '919876543210' } }));
  const page = await stage.open(t, COMPUTER, { ways: '1' });
  await button(page).click();
  await page.getByRole('button', { name: 'Use a code instead' }).click();
  await page.getByLabel('Phone number').fill('+91 98765 43210');
  await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
  await page.getByLabel('Code').fill('123456');
  await dialog(page).waitFor({ state: 'hidden' });
  assert.deepEqual(stage.site.received.at(-1).body, { session_id: 's-1', otp_code: '123456' });
});

test('on a small screen the modal scrolls, Close stays, and the page behind stands still', async (t) => {
  const page = await stage.open(t, { viewport: { width: 320, height: 480 } }, { ways: '1', appName: 'Acme' });
  await page.evaluate(() =>
    document.body.append(Object.assign(document.createElement('p'), { style: 'height:3000px' })),
  );
  await button(page).click();
  await page.locator('dialog svg[role=img]').waitFor();
  const cancel = page.getByRole('button', { name: 'Cancel' });
  await cancel.scrollIntoViewIfNeeded();
  await page.mouse.wheel(0, 3000);
  await cancel.hover();
  assert.equal(await page.evaluate(() => scrollY), 0);
  const { y } = await page.getByRole('button', { name: 'Close' }).boundingBox();
  assert.ok(y >= 0, `Close is at ${y}`);
  await page.getByRole('button', { name: 'Close' }).click();
  await dialog(page).waitFor({ state: 'hidden' });
  await page.mouse.wheel(0, 300);
  await page.waitForFunction(() => scrollY > 0);
});
