/** The web component on pages of people who use no React: under a strict policy, in a form, in Vue and in Svelte. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPUTER, HANDSET } from '../browser.mjs';
import { ElementSite } from '../element/site.mjs';
import { PHONE } from '../environment.mjs';
import { readQr, violationsOf } from '../senses.mjs';
import { button, deny, dialog, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage(() => ElementSite.start());

const element = (page) => page.locator('loggin-button');

/** What the page was told: event, status or code, and the element that told it. */
const toldOf = (page) => page.evaluate(() => globalThis.told);

/** The page was told of this event. */
const isTold = (page, name) =>
  page.waitForFunction((wanted) => globalThis.told.some(([type]) => type === `loggin-${wanted}`), name);

const style = (locator, name) =>
  locator.evaluate((node, property) => getComputedStyle(node).getPropertyValue(property), name);

for (const page of ['plain', 'vue', 'svelte']) {
  test(`signs in: ${page}`, async (t) => {
    const opened = await stage.open(t, COMPUTER, { page });
    await button(opened).click();
    await statusIs(opened, 'pending');
    const scanned = readQr(await dialog(opened).locator('svg[role=img]').screenshot());
    assert.equal(scanned, await button(opened).getAttribute('href'));
    await stage.environment.send(scanned);
    await said(opened, `Hello ${PHONE}`);
    await statusIs(opened, 'verified');
  });

  test(`a reload goes on: ${page}`, async (t) => {
    const opened = await stage.open(t, COMPUTER, { page });
    const link = await button(opened).getAttribute('href');
    await button(opened).click();
    await statusIs(opened, 'pending');
    await opened.reload();
    await statusIs(opened, 'pending');
    assert.equal(await button(opened).getAttribute('href'), link);
    await stage.environment.send(link);
    await said(opened, `Hello ${PHONE}`);
  });

  test(`nobody is kept out: ${page}`, async (t) => {
    // What fades in has less contrast meanwhile.
    const opened = await stage.open(t, { ...COMPUTER, reducedMotion: 'reduce' }, { page });
    await button(opened).waitFor();
    assert.deepEqual(await violationsOf(opened), []);
    await button(opened).click();
    await statusIs(opened, 'pending');
    assert.deepEqual(await violationsOf(opened), []);
  });
}

for (const page of ['vue', 'svelte']) {
  test(`an app takes the button away and shows it again: ${page}`, async (t) => {
    const opened = await stage.open(t, COMPUTER, { page });
    const link = await button(opened).getAttribute('href');
    await button(opened).click();
    await statusIs(opened, 'pending');
    const toggle = () => opened.locator('#toggle').evaluate((node) => node.click());
    await toggle();
    await element(opened).waitFor({ state: 'detached' });
    await statusIs(opened, 'pending');
    await stage.environment.send(link);
    await said(opened, `Hello ${PHONE}`);
    await dialog(opened).waitFor({ state: 'detached' });
    await toggle();
    assert.notEqual(await button(opened).getAttribute('href'), link);
  });
}

test('tells each step, from the element that is in the page', async (t) => {
  const page = await stage.open(t, COMPUTER);
  const link = await button(page).getAttribute('href');
  await button(page).click();
  await statusIs(page, 'pending');
  await element(page).evaluate((node) => node.remove());
  await stage.environment.send(link);
  await said(page, `Hello ${PHONE}`);
  await page.locator('loggin-modal').waitFor({ state: 'detached' });
  assert.deepEqual(
    (await toldOf(page)).filter(([, status]) => status !== 'message_received'),
    [
      ['loggin-progress', 'pending', 'loggin-button'],
      ['loggin-success', null, 'loggin-modal'],
      ['loggin-progress', 'verified', 'loggin-modal'],
    ],
  );
});

test('what somebody ends is told, and begins anew', async (t) => {
  const page = await stage.open(t, COMPUTER);
  const link = await button(page).getAttribute('href');
  await button(page).click();
  await dialog(page).getByRole('button', { name: 'Cancel' }).click();
  await isTold(page, 'cancel');
  await page.locator('loggin-modal').waitFor({ state: 'detached' });
  assert.notEqual(await button(page).getAttribute('href'), link);
  assert.equal(await element(page).evaluate((node) => node.status), 'idle');
});

test('a denial is told', async (t) => {
  const appKey = stage.environment.addApp('--confirm', 'reply');
  const page = await stage.open(t, COMPUTER, { 'app-key': appKey });
  await deny(stage, page);
  await statusIs(page, 'denied');
  assert.deepEqual((await toldOf(page)).at(-1), ['loggin-error', 'denied', 'loggin-button']);
});

test('the code is typed where the field is, in another language', async (t) => {
  const appKey = stage.environment.addApp('--confirm', 'code');
  const page = await stage.open(
    t,
    { ...HANDSET, reducedMotion: 'reduce' },
    { 'app-key': appKey, locale: 'es-MX' },
  );
  await page.getByRole('link', { name: 'Continuar con WhatsApp' }).waitFor();
  const link = await button(page).getAttribute('href');
  const seen = await stage.environment.lastMessage();
  await button(page).evaluate((node) => {
    node.removeAttribute('target');
    node.addEventListener('click', (event) => event.preventDefault());
    node.click();
  });
  await statusIs(page, 'pending');
  await stage.environment.send(link);
  const { text } = await stage.environment.messageAfter(seen);
  await statusIs(page, 'awaiting_confirmation');
  await page.locator('input:focus').waitFor();
  assert.deepEqual(await violationsOf(page), []);
  await page.keyboard.type(/\d{6}/.exec(text)[0]);
  await said(page, `Hello ${PHONE}`);
});

test('a login is what it was when it began, whatever is set or moved meanwhile', async (t) => {
  const page = await stage.open(t, COMPUTER);
  const link = await button(page).getAttribute('href');
  await button(page).click();
  await statusIs(page, 'pending');
  await element(page).evaluate((node) => {
    node.appKey = '7Z4M0ABC';
    node.locale = 'es';
    node.text = 'Hola {code}';
    document.querySelector('main').after(node);
  });
  await dialog(page).getByRole('heading', { name: 'Inicia sesión con WhatsApp' }).waitFor();
  assert.equal(await button(page).getAttribute('href'), link);
  await stage.environment.send(link);
  await said(page, `Hello ${PHONE}`);
  await statusIs(page, 'verified');
  await dialog(page).getByRole('button', { name: 'Cerrar' }).click();
  await page.waitForFunction(() =>
    document.querySelector('loggin-button').shadowRoot.querySelector('a').href.includes('/l/7Z4M0ABC-'),
  );
});

test('a page that replaces all it has keeps the modal', async (t) => {
  const page = await stage.open(t, COMPUTER);
  const link = await button(page).getAttribute('href');
  await button(page).click();
  await statusIs(page, 'pending');
  await page.evaluate(() => {
    const body = document.createElement('body');
    body.append(document.getElementById('said'));
    document.body.replaceWith(body);
  });
  await page.waitForFunction(() =>
    document.querySelector('loggin-modal')?.shadowRoot.querySelector('dialog:modal'),
  );
  await stage.environment.send(link);
  await said(page, `Hello ${PHONE}`);
});

test('a menu that hides the button does not hide the modal', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await page.evaluate(() => {
    document.addEventListener('click', () => document.querySelector('main').classList.add('menu'));
  });
  await button(page).click();
  await element(page).waitFor({ state: 'hidden' });
  await dialog(page).waitFor({ state: 'visible' });
});

test('looks as the page says', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await button(page).click();
  await statusIs(page, 'pending');
  assert.equal(await style(button(page), 'background-color'), 'rgb(0, 90, 200)');
  assert.equal(await style(button(page), 'letter-spacing'), '2px');
  assert.equal(await style(dialog(page).getByRole('heading'), 'font-style'), 'italic');
  assert.equal(
    await page.locator('loggin-modal').evaluate((node) => node.style.getPropertyValue('--loggin-accent')),
    'rgb(0, 90, 200)',
  );
});

test('looks the same in a browser that has no style sheets as objects', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await page.addInitScript(() => Reflect.deleteProperty(Document.prototype, 'adoptedStyleSheets'));
  await page.goto(stage.site.page({ server: stage.environment.url, nonce: 'r4nd0m' }));
  await button(page).click();
  await statusIs(page, 'pending');
  assert.equal(await element(page).evaluate((node) => node.shadowRoot.adoptedStyleSheets.length), 0);
  assert.equal(await style(element(page), 'display'), 'inline-block');
  assert.equal(await style(button(page), 'background-color'), 'rgb(0, 90, 200)');
  assert.equal(await style(dialog(page), 'text-align'), 'center');
});

test('what stands in it is there until the script is', async (t) => {
  const page = await stage.open(t, COMPUTER);
  const other = page.locator('a[href="/mail"]');
  await button(page).waitFor();
  assert.equal(await other.isVisible(), false);
  await page.route('**/loggin.js', (route) => route.abort());
  await page.reload();
  await other.waitFor();
  assert.equal(await button(page).count(), 0);
});

test('a form sends the token, with its other fields', async (t) => {
  const page = await stage.open(t, COMPUTER, { page: 'form', name: 'loggin_token' });
  await page.getByLabel('Name').fill('Ada');
  const link = await button(page).getAttribute('href');
  await button(page).click();
  await statusIs(page, 'pending');
  await stage.environment.send(link);
  await said(page, `Hello Ada ${PHONE}`);
});

test('a form that lacks something is not sent, and has the token once it is', async (t) => {
  const page = await stage.open(t, COMPUTER, { page: 'form', name: 'loggin_token' });
  const link = await button(page).getAttribute('href');
  await button(page).click();
  await statusIs(page, 'pending');
  await stage.environment.send(link);
  await page.locator('input:focus').waitFor();
  await page.keyboard.type('Ada');
  await page.keyboard.press('Enter');
  await said(page, `Hello Ada ${PHONE}`);
});

test('a server that cannot be is told, and fixed by its attribute', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await element(page).evaluate((node) => {
    node.baseUrl = 'http://login.example';
  });
  await isTold(page, 'error');
  assert.equal((await toldOf(page)).at(-1)[1], 'invalid_config');
  await element(page).evaluate((node, url) => {
    node.baseUrl = url;
  }, stage.environment.url);
  await button(page).waitFor();
});
