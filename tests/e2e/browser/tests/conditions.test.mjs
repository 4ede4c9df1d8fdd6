/** What happens around a login: time runs out, people change their minds, networks go and pages sleep. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPUTER, HANDSET } from '../browser.mjs';
import { PHONE } from '../environment.mjs';
import { Network } from '../network.mjs';
import { button, connectionsOf, dialog, EVENTS_PATH, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage();

/** The next connection of a page that says `ready`, or at least gets a response. */
const connected = (page) => page.waitForResponse((response) => response.url().endsWith(EVENTS_PATH));

test('after five minutes a login has expired, and the next one has another link', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await page.clock.install();
  await page.reload();
  const first = await button(page).getAttribute('href');
  const response = connected(page);
  await button(page).click();
  await response;
  await page.clock.runFor(61_000);
  await page.getByRole('timer').filter({ hasText: /3:5\d/ }).waitFor();
  await page.clock.runFor(240_000);
  await statusIs(page, 'expired');
  await said(page, 'expired');
  await page.getByRole('button', { name: 'Refresh' }).click();
  await statusIs(page, 'pending');
  const second = await button(page).getAttribute('href');
  assert.notEqual(second, first);
  await stage.environment.send(second);
  await said(page, `Hello ${PHONE}`);
});

test('Esc ends the login and its connection, and gives the focus back', async (t) => {
  const network = await Network.to(t, stage.environment.url);
  const page = await stage.open(t, COMPUTER, { server: network.url });
  const connections = connectionsOf(page);
  const first = await button(page).getAttribute('href');
  await button(page).focus();
  const response = connected(page);
  await page.keyboard.press('Enter');
  await response;
  const ended = network.nextEnd();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'hidden' });
  await ended;
  assert.ok(await button(page).evaluate((element) => element === document.activeElement));
  assert.notEqual(await button(page).getAttribute('href'), first);
  await button(page).click();
  await statusIs(page, 'pending');
  const second = await button(page).getAttribute('href');
  await stage.environment.send(second.replace(network.url, stage.environment.url));
  await said(page, `Hello ${PHONE}`);
  assert.equal(new Set(connections.flat()).size, 2);
});

test('a click beside the modal closes it, and one in it does not', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await button(page).click();
  await page.locator('dialog h2').click();
  await statusIs(page, 'pending');
  await page.mouse.click(5, 5);
  await dialog(page).waitFor({ state: 'hidden' });
});

test('a network that goes and comes back loses nothing', async (t) => {
  const network = await Network.to(t, stage.environment.url);
  const page = await stage.open(t, COMPUTER, { server: network.url });
  const connections = connectionsOf(page);
  const response = connected(page);
  await button(page).click();
  await response;
  const link = (await button(page).getAttribute('href')).replace(network.url, stage.environment.url);
  const lost = page.waitForEvent('requestfailed');
  network.cut();
  await lost;
  await stage.environment.send(link);
  await statusIs(page, 'pending');
  network.restore();
  await said(page, `Hello ${PHONE}`);
  assert.ok(connections.length > 1);
  assert.equal(new Set(connections.flat()).size, 1);
});

test('two tabs have a login each', async (t) => {
  const page = await stage.open(t, COMPUTER);
  const other = await page.context().newPage();
  await other.goto(page.url());
  const links = [];
  for (const tab of [page, other]) {
    links.push(await button(tab).getAttribute('href'));
    await button(tab).click();
    await statusIs(tab, 'pending');
  }
  assert.notEqual(links[0], links[1]);
  await stage.environment.send(links[1]);
  await said(other, `Hello ${PHONE}`);
  await statusIs(page, 'pending');
  await stage.environment.send(links[0]);
  await said(page, `Hello ${PHONE}`);
});

test('a page that is frozen while WhatsApp is open catches up when it comes back', async (t) => {
  const page = await stage.open(t, HANDSET);
  const connections = connectionsOf(page);
  const response = connected(page);
  await button(page).tap();
  await response;
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await stage.environment.send(await button(page).getAttribute('href'));
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  await said(page, `Hello ${PHONE}`);
  assert.equal(new Set(connections.flat()).size, 1);
});

test('a message that is sent before the page waits counts', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await stage.environment.send(await button(page).getAttribute('href'));
  await button(page).click();
  await said(page, `Hello ${PHONE}`);
});

test('a proxy that keeps streams back is polled through', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await page.clock.install();
  await page.reload();
  const asked = [];
  await page.route(`**${EVENTS_PATH}`, async (route) => {
    const accept = route.request().headers().accept;
    asked.push(accept);
    if (accept === 'application/json') {
      await route.continue();
    }
  });
  const streaming = page.waitForRequest(`**${EVENTS_PATH}`);
  await button(page).click();
  await streaming;
  const polling = page.waitForRequest(`**${EVENTS_PATH}`);
  await page.clock.runFor(10_000);
  await polling;
  await stage.environment.send(await button(page).getAttribute('href'));
  await said(page, `Hello ${PHONE}`);
  assert.deepEqual(asked, ['text/event-stream', 'application/json']);
});

test('a page that cannot load what the modal shows has the link all the same', async (t) => {
  const page = await stage.open(t, COMPUTER);
  const refused = page.waitForEvent('requestfailed', (request) => request.url().includes('/panel-'));
  await page.route('**/panel-*.js', (route) => route.abort());
  await page.reload();
  await refused;
  await button(page).click();
  await statusIs(page, 'pending');
  await stage.environment.send(await page.locator('dialog a').getAttribute('href'));
  await said(page, `Hello ${PHONE}`);
});
