/** A page that a server rendered, before its script has come: what is tapped then is not lost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPUTER, HANDSET } from '../browser.mjs';
import { PHONE } from '../environment.mjs';
import { REACTS } from '../site.mjs';
import { button, dialog, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage();

/** A served page whose script is on its way until `arrive`, and its button that is not a link yet. */
async function early(t, device, options = {}) {
  const page = await stage.open(t, device, { ssr: '', strict: '', ...options });
  let arrive;
  const arrival = new Promise((resolve) => {
    arrive = resolve;
  });
  await page.route('**/main.js', async (route) => {
    await arrival;
    await route.continue();
  });
  await page.reload({ waitUntil: 'commit' });
  const early = page.locator('a[role=link][aria-disabled]');
  await early.waitFor();
  return { page, early, arrive };
}

for (const react of Object.keys(REACTS)) {
  test(`React ${react}: a click has its effect once the page is live`, async (t) => {
    const { page, early: served, arrive } = await early(t, COMPUTER, { react });
    // Forced, because a browser lets people click what says that it is disabled.
    await served.click({ force: true });
    arrive();
    await statusIs(page, 'pending');
    await stage.environment.send(await button(page).getAttribute('href'));
    await said(page, `Hello ${PHONE}`);
  });
}

test('a tap on a phone leads to the link, which only a tap may open', async (t) => {
  const { page, early: served, arrive } = await early(t, HANDSET);
  await served.tap({ force: true });
  arrive();
  await statusIs(page, 'pending');
  const popup = page.waitForEvent('popup');
  await page.locator('dialog a').tap();
  await (await popup).close();
  await page.locator('dialog ol').waitFor();
});

test('a login that the app’s server holds waits for its link', async (t) => {
  const { page, early: served, arrive } = await early(t, COMPUTER, { component: 'server-button' });
  const asked = new Promise((resolve) => page.route('**/api/login**', resolve));
  await served.click({ force: true });
  arrive();
  const route = await asked;
  await dialog(page).waitFor();
  await route.abort();
});

for (const [how, act] of [
  ['the keyboard’s focus', (page) => page.keyboard.press('Tab')],
  [
    'a tap that another one took back',
    async (page, served) => {
      await served.click({ force: true });
      await page.locator('h1').click();
    },
  ],
  ['nothing', () => {}],
]) {
  test(`${how} opens nothing`, async (t) => {
    const { page, early: served, arrive } = await early(t, COMPUTER);
    await act(page, served);
    arrive();
    await button(page).waitFor();
    await page.locator('#again').evaluate((element) => element.click());
    await page.locator('#again', { hasText: '1' }).waitFor({ state: 'attached' });
    assert.equal(await dialog(page).count(), 0);
  });
}

test('a button that an app shows and focuses later opens nothing', async (t) => {
  const page = await stage.open(t, COMPUTER, { component: 'focused-later' });
  await page.getByRole('button', { name: 'Sign in' }).click();
  await button(page).waitFor();
  assert.ok(
    await button(page).evaluate((link) => link === document.activeElement && !link.matches(':focus-visible')),
  );
  assert.equal(await dialog(page).count(), 0);
});
