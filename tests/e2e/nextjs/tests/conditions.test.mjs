/**
 * What happens around a login to the example, in a real browser: on a computer and on a phone, when time runs out, when
 * people change their minds, when networks go and pages sleep. Every page on the way can be read by everybody.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HANDSET } from '../../browser/browser.mjs';
import { PHONE } from '../../browser/environment.mjs';
import { readQr } from '../../browser/senses.mjs';
import { connectionsOf, EVENTS_PATH } from '../../browser/stage.mjs';
import { button, isIn, isReadable, setStage, statusIs } from '../stage.mjs';

/** The page's connection has a response of the server. */
const connected = (page) => page.waitForResponse((response) => response.url().endsWith(EVENTS_PATH));

describe('the example', () => {
  const stage = setStage('16');

  /** Begins a login on a computer, and gives its link. */
  const begin = async (page) => {
    const link = await button(page).getAttribute('href');
    const response = connected(page);
    await button(page).click();
    await statusIs(page, 'pending');
    await response;
    return link;
  };

  test('on a computer: a phone reads the QR code from the screen, and Send signs in', async (t) => {
    const page = await stage.visit(t, '/login');
    const connections = connectionsOf(page);
    await isReadable(page, 'login');
    await begin(page);
    await page.locator('dialog svg[role=img]').waitFor();
    const link = readQr(await page.screenshot());
    assert.equal(link, await button(page).getAttribute('href'));
    await isReadable(page, 'pending');

    const phone = await stage.browser.newPage();
    t.after(() => phone.close());
    await phone.goto(link);
    await phone.getByRole('button', { name: 'Send', exact: true }).click();
    await isIn(page, PHONE);
    await isReadable(page, 'dashboard');
    assert.deepEqual([connections.length, new Set(connections.flat()).size], [1, 1]);
  });

  test('on a phone: a tap opens WhatsApp, and Send signs in', async (t) => {
    const page = await stage.visit(t, '/login', HANDSET);
    const opened = page.waitForEvent('popup');
    await button(page).tap();
    const whatsapp = await opened;
    await statusIs(page, 'pending');
    await isReadable(page, 'pending-phone');
    await whatsapp.getByRole('button', { name: 'Send', exact: true }).tap();
    await isIn(page, PHONE);
  });

  test('a page that sleeps while WhatsApp is open catches up when it comes back', async (t) => {
    const page = await stage.visit(t, '/login', HANDSET);
    const response = connected(page);
    await button(page).tap();
    await response;
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
    await stage.send(await button(page).getAttribute('href'));
    await devtools.send('Page.setWebLifecycleState', { state: 'active' });
    await isIn(page, PHONE);
  });

  test('after five minutes a login has expired, and the next one signs in', async (t) => {
    const page = await stage.visit(t, '/login');
    await page.clock.install();
    await page.reload();
    const first = await begin(page);
    await page.clock.runFor(301_000);
    await statusIs(page, 'expired');
    await isReadable(page, 'expired');
    const response = connected(page);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await response;
    const second = await button(page).getAttribute('href');
    assert.notEqual(second, first);
    await stage.send(second);
    await isIn(page, PHONE);
  });

  test('a login that is cancelled signs nobody in, and the next one does', async (t) => {
    const page = await stage.visit(t, '/login');
    const first = await begin(page);
    const ended = stage.network.nextEnd();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await ended;
    await stage.send(first);
    const second = await begin(page);
    assert.notEqual(second, first);
    await statusIs(page, 'pending');
    await stage.send(second);
    await isIn(page, PHONE);
  });

  test('a login that somebody denies signs nobody in, and the next one does', async (t) => {
    const page = await stage.visit(t, '/login');
    const link = await begin(page);
    const seen = await stage.environment.lastMessage();
    // The page hears of nothing until it is denied.
    stage.network.cut();
    await stage.send(link);
    await stage.environment.messageAfter(seen);
    await stage.environment.control(`phones/${PHONE}/tap`, {});
    stage.network.restore();
    await statusIs(page, 'denied');
    await isReadable(page, 'denied');
    const response = connected(page);
    await page.getByRole('button', { name: 'Try again' }).click();
    await response;
    await stage.send(await button(page).getAttribute('href'));
    await isIn(page, PHONE);
  });

  test('a network that goes and comes back loses nothing', async (t) => {
    const page = await stage.visit(t, '/login');
    const connections = connectionsOf(page);
    const link = await begin(page);
    const lost = page.waitForEvent('requestfailed', (request) => request.url().endsWith(EVENTS_PATH));
    stage.network.cut();
    await lost;
    await stage.send(link);
    await statusIs(page, 'pending');
    stage.network.restore();
    await isIn(page, PHONE);
    assert.ok(connections.length > 1);
    assert.equal(new Set(connections.flat()).size, 1);
  });

  test('two tabs have a login each', async (t) => {
    const page = await stage.visit(t, '/login');
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

  test('a code that is asked for, and the way in can be read by everybody', async (t) => {
    const page = await stage.visit(t, '/');
    await isReadable(page, 'home');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.route('**/api/otp/start', (route) =>
      route.fulfill({ json: { session_id: 's-1', expires_in: 300 } }),
    );
    await page.getByLabel('Phone number').fill('+91 98765 43210');
    await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
    await page.getByLabel('Code', { exact: true }).waitFor();
    await isReadable(page, 'code');
  });
});
