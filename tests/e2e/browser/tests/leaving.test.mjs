/** Pages that are left and come back, buttons that are taken away, modals that are closed: the login goes on. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPUTER, HANDSET } from '../browser.mjs';
import { PHONE } from '../environment.mjs';
import { button, connectionsOf, dialog, EVENTS_PATH, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage();

/** The ways in which phones leave a page, and come back to it. */
const WAYS = {
  reload: (page) => page.reload(),
  'Back after another page': async (page) => {
    await page.goto('about:blank');
    await page.goBack();
  },
  'the link in the same tab, and Back': async (page, link) => {
    // As web views do that pay no heed to the target.
    await page.evaluate((href) => location.assign(href), link);
    await page.waitForURL((url) => url.href !== link && !url.href.includes('component='));
    await page.goBack();
  },
};

/** The page's login that is under way: its link, and the token that is waited for. */
async function begin(page) {
  const response = page.waitForResponse((response) => response.url().endsWith(EVENTS_PATH));
  const link = await button(page).getAttribute('href');
  await button(page).click();
  await statusIs(page, 'pending');
  await response;
  return link;
}

for (const [way, leave] of Object.entries(WAYS)) {
  test(`${way}, at pending: the same login goes on by itself`, async (t) => {
    const page = await stage.open(t, COMPUTER, { component: 'button' });
    const connections = connectionsOf(page);
    const link = await begin(page);
    await leave(page, link);
    await statusIs(page, 'pending');
    assert.equal(await button(page).getAttribute('href'), link);
    await stage.environment.send(link);
    await said(page, `Hello ${PHONE}`);
    assert.equal(new Set(connections.flat()).size, 1);
  });

  test(`${way}, when the message was sent meanwhile: the page signs in`, async (t) => {
    const page = await stage.open(t, COMPUTER, { component: 'button' });
    const link = await begin(page);
    await page.route(`**${EVENTS_PATH}`, (route) => route.abort());
    await page.goto('about:blank');
    await stage.environment.send(link);
    await page.unroute(`**${EVENTS_PATH}`);
    await page.goBack();
    await leave(page, link);
    await said(page, `Hello ${PHONE}`);
  });

  test(`${way}, when a code is asked for: it can be typed`, async (t) => {
    const appKey = stage.environment.addApp('--confirm', 'code');
    const page = await stage.open(t, COMPUTER, { component: 'button', appKey });
    const seen = await stage.environment.lastMessage();
    const link = await begin(page);
    await stage.environment.send(link);
    await statusIs(page, 'awaiting_confirmation');
    await leave(page, link);
    await statusIs(page, 'awaiting_confirmation');
    const { text } = await stage.environment.messageAfter(seen);
    await page.getByLabel('6-digit code').fill(text.match(/\d{6}/)[0]);
    await said(page, `Hello ${PHONE}`);
  });
}

test('nothing of a login is kept after it', async (t) => {
  const page = await stage.open(t, COMPUTER);
  const kept = () => page.evaluate(() => sessionStorage.length);
  const link = await begin(page);
  assert.equal(await kept(), 1);
  await stage.environment.send(link);
  await said(page, `Hello ${PHONE}`);
  await statusIs(page, 'verified');
  assert.equal(await kept(), 0);
  await page.reload();
  await button(page).waitFor();
  assert.notEqual(await button(page).getAttribute('href'), link);
  assert.equal(await dialog(page).count(), 0);
});

for (const component of ['hidden-menu', 'closing-menu']) {
  test(`${component}: the modal is seen, and the login goes on without its button`, async (t) => {
    const page = await stage.open(t, COMPUTER, { component });
    const link = await button(page).getAttribute('href');
    await button(page).click();
    await statusIs(page, 'pending');
    await page.locator('dialog svg[role=img]').waitFor();
    assert.equal(await page.locator('#root dialog').count(), 0);
    await stage.environment.send(link);
    await said(page, `Hello ${PHONE}`);
  });

  test(`${component}: when the modal is closed the page is usable`, async (t) => {
    const page = await stage.open(t, COMPUTER, { component });
    await button(page).click();
    await statusIs(page, 'pending');
    await page.keyboard.press('Escape');
    await dialog(page).waitFor({ state: 'hidden' });
    assert.ok(
      await page.evaluate(() => {
        const { left, top } = document.querySelector('h1').getBoundingClientRect();
        return document.elementFromPoint(left + 2, top + 2)?.closest('h1') !== null;
      }),
    );
  });
}

test('a page that React keeps behind the next one leaves that one usable, and signs in again', async (t) => {
  const page = await stage.open(t, COMPUTER, { component: 'kept-page' });
  for (const _ of ['first', 'again']) {
    const link = await begin(page);
    await stage.environment.send(link);
    await said(page, `Hello ${PHONE}`);
    await page.getByRole('button', { name: 'Back' }).click();
    // React shows a page that it kept before it runs the page's effects, which make the next link.
    await page.locator(`a.loggin[href]:not([href="${link}"])`).waitFor();
    assert.equal(await dialog(page).count(), 0);
  }
});

test('a page that React keeps, left before anything was sent, begins another login when it is back', async (t) => {
  const page = await stage.open(t, COMPUTER, { component: 'kept-page' });
  const link = await begin(page);
  await page.evaluate(() => document.querySelector('#root button:not([id])').click());
  await page.getByRole('button', { name: 'Back' }).click();
  await button(page).waitFor();
  const next = await begin(page);
  assert.notEqual(next, link);
  await stage.environment.send(next);
  await said(page, `Hello ${PHONE}`);
});

test('on a phone a tap beside the sheet closes nothing, and Close lets the login go on', async (t) => {
  const page = await stage.open(t, HANDSET);
  const popup = page.waitForEvent('popup');
  await button(page).tap();
  await (await popup).close();
  const link = await button(page).getAttribute('href');
  await page.touchscreen.tap(20, 20);
  await statusIs(page, 'pending');
  await page.getByRole('button', { name: 'Close' }).tap();
  await dialog(page).waitFor({ state: 'hidden' });
  await page.getByRole('link', { name: 'Still waiting for WhatsApp' }).waitFor();
  await stage.environment.send(link);
  await said(page, `Hello ${PHONE}`);
});

test('a login that was closed comes back where a code is asked for', async (t) => {
  const page = await stage.open(t, HANDSET, { appKey: stage.environment.addApp('--confirm', 'code') });
  const popup = page.waitForEvent('popup');
  await button(page).tap();
  await (await popup).close();
  await page.getByRole('button', { name: 'Close' }).tap();
  await dialog(page).waitFor({ state: 'hidden' });
  await stage.environment.send(await button(page).getAttribute('href'));
  await statusIs(page, 'awaiting_confirmation');
});

test('Cancel ends the login, whatever was opened', async (t) => {
  const page = await stage.open(t, HANDSET);
  const popup = page.waitForEvent('popup');
  await button(page).tap();
  await (await popup).close();
  const link = await button(page).getAttribute('href');
  await page.getByRole('button', { name: 'Cancel' }).tap();
  await dialog(page).waitFor({ state: 'hidden' });
  await page.getByRole('link', { name: 'Continue with WhatsApp' }).waitFor();
  assert.notEqual(await button(page).getAttribute('href'), link);
});

test('a picture that may have been scanned outlives its modal', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await page.clock.install();
  await page.reload();
  const link = await begin(page);
  await page.clock.runFor(3_001);
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'hidden' });
  await stage.environment.send(link);
  await said(page, `Hello ${PHONE}`);
});
