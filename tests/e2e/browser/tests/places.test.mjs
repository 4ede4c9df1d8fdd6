/** Where a modal stands and how long, and what it says of servers that are away or want nothing of the page. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPUTER } from '../browser.mjs';
import { PHONE } from '../environment.mjs';
import { Network } from '../network.mjs';
import { violationsOf } from '../senses.mjs';
import { button, dialog, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage();

test('in a shadow root: button, modal and style sheet are there, and nothing of them in the page', async (t) => {
  const page = await stage.open(t, COMPUTER, { component: 'shadow', strict: '' });
  await button(page).focus();
  await page.keyboard.press('Enter');
  await statusIs(page, 'pending');
  const found = await page.evaluate(() => {
    const { shadowRoot } = document.querySelector('#host');
    const count = (tree, selector) => tree.querySelectorAll(selector).length;
    const modal = shadowRoot.querySelector('dialog');
    return {
      inShadow: ['dialog:modal', 'style[data-loggin]', 'a.loggin'].map((each) => count(shadowRoot, each)),
      atEnd: modal.parentNode === shadowRoot,
      radius: getComputedStyle(modal).borderTopLeftRadius,
      brand: getComputedStyle(shadowRoot.querySelector('a.loggin')).backgroundColor,
      focus: shadowRoot.activeElement.tagName,
    };
  });
  assert.deepEqual(found, {
    inShadow: [1, 1, 1],
    atEnd: true,
    radius: '24px',
    brand: 'rgb(37, 211, 102)',
    focus: 'H2',
  });
  assert.equal(await page.evaluate(() => document.querySelectorAll('dialog').length), 0);
  assert.deepEqual(await violationsOf(page), []);
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'hidden' });
  assert.ok(await button(page).evaluate((link) => link.getRootNode().activeElement === link));
  await button(page).click();
  await statusIs(page, 'pending');
  await stage.environment.send(await button(page).getAttribute('href'));
  await said(page, `Hello ${PHONE}`);
});

test('in an element of the app: the modal stands there, and its style sheet with that of the page', async (t) => {
  const page = await stage.open(t, COMPUTER, { component: 'contained' });
  await button(page).click();
  await statusIs(page, 'pending');
  assert.equal(await page.locator('#place > dialog[open]').count(), 1);
  assert.equal(await page.locator('style[data-loggin]').count(), 1);
});

/** Signs in on a page whose clock stands still. */
async function signedIn(t, options) {
  const page = await stage.open(t, COMPUTER, options);
  await page.clock.install();
  await page.reload();
  await button(page).click();
  await stage.environment.send(await button(page).getAttribute('href'));
  await said(page, `Hello ${PHONE}`);
  await statusIs(page, 'verified');
  return page;
}

test('a modal closes by itself a second after somebody has signed in', async (t) => {
  const page = await signedIn(t);
  await page.clock.runFor(1_000);
  await dialog(page).waitFor({ state: 'hidden' });
});

test('a modal that the app keeps open is closed by the person', async (t) => {
  const page = await signedIn(t, { keepOpen: '' });
  await page.clock.runFor(60_000);
  await statusIs(page, 'verified');
  await page.getByRole('button', { name: 'Close' }).click();
  await dialog(page).waitFor({ state: 'hidden' });
});

test('a server that is away is said to be, and what was sent meanwhile counts once it is back', async (t) => {
  const network = await Network.to(t, stage.environment.url);
  const page = await stage.open(t, COMPUTER, { server: network.url });
  await page.clock.install();
  await page.reload();
  network.cut();
  const failed = page.waitForEvent('requestfailed');
  const advised = page.waitForEvent('console', (message) => message.text().includes('is not reached'));
  await button(page).click();
  await failed;
  const words = page.getByText('No connection. Trying again…');
  assert.equal(await words.count(), 0);
  await page.clock.runFor(8_000);
  await words.waitFor();
  const { origin } = new URL(page.url());
  assert.ok((await advised).text().includes(`--allowed-origin ${origin}`));
  await stage.environment.send(
    (await button(page).getAttribute('href')).replace(network.url, stage.environment.url),
  );
  network.restore();
  await page.clock.runFor(10_000);
  await said(page, `Hello ${PHONE}`);
  assert.equal(await words.count(), 0);
});

test('a network that goes when the app’s own server is asked is told in words', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await page.route('**/login', async (route) => {
    await page.context().setOffline(true);
    await route.abort();
  });
  // What is said in the end is loaded while the sign-in goes on.
  const ending = page.waitForResponse(/\/ending-[^/]*\.js$/);
  await button(page).click();
  await (await ending).finished();
  await stage.environment.send(await button(page).getAttribute('href'));
  await statusIs(page, 'error');
  await page.getByText('You are offline. Check your connection and try again.').waitFor();
  await page.context().setOffline(false);
  await page.unroute('**/login');
  await page.getByRole('button', { name: 'Try again' }).click();
  await stage.environment.send(await button(page).getAttribute('href'));
  await said(page, `Hello ${PHONE}`);
});

test('an origin that the app does not allow is told as a fault of the page, and to developers what fixes it', async (t) => {
  const appKey = stage.environment.addApp('--allowed-origin', 'https://elsewhere.example');
  const page = await stage.open(t, COMPUTER, { appKey });
  const advice = page.waitForEvent('console', (message) => message.text().startsWith('Loggin: '));
  await button(page).click();
  await said(page, 'error unauthorized');
  await page.getByText('Sign‑in is not set up correctly on this page.').waitFor();
  const { origin } = new URL(page.url());
  assert.ok((await advice).text().includes(`--allowed-origin ${origin}`));
});
