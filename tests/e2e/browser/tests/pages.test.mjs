/**
 * The pages of the server itself: both ways to sign in on its demo, what is done by keys, and each page as people see it.
 *
 * `SCREENSHOTS=folder` keeps pictures; docs/screenshots has those of the last change.
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { COMPUTER, HANDSET, launch } from '../browser.mjs';
import { Environment, PHONE } from '../environment.mjs';
import { isReadable, readQr } from '../senses.mjs';

/** A page that has not come to something by then, never will. */
const TIMEOUT_MS = 10_000;

let environment;
let browser;

before(async () => {
  environment = await Environment.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await environment?.stop();
});

/** Opens a page; what it loads from elsewhere, and what its console complains of, fails the test. */
async function open(t, path, { device = COMPUTER, server = environment.url } = {}) {
  const context = await browser.newContext({ ...device, permissions: ['clipboard-write', 'clipboard-read'] });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const problems = [];
  const known = new Set([new URL(server).origin, environment.simulator]);
  page.on('request', (request) => {
    if (!known.has(new URL(request.url()).origin)) {
      problems.push(`it asks ${request.url()}`);
    }
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      problems.push(message.text());
    }
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  t.after(async () => {
    await context.close();
    assert.deepEqual(problems, []);
  });
  await page.goto(server + path);
  return page;
}

/** The phone that the demo sends codes to unless another number is typed. */
const RECIPIENT = '919876543210';

const phoneOf = (page) => page.frameLocator('iframe[name=phone]');

const step = (page, list, title) =>
  page.locator(`#${list}-steps li`, { has: page.locator('strong', { hasText: title }) });

const isDone = (page, list, title) =>
  step(page, list, title).and(page.locator('[data-state=done]')).waitFor();

async function signInByLink(page) {
  await isDone(page, 'link', 'Stream open');
  await page.getByRole('link', { name: 'Sign in with WhatsApp' }).click();
  await phoneOf(page).getByText('Nothing is sent until you tap Send.').waitFor();
  await phoneOf(page).getByRole('button', { name: 'Send' }).click();
  await isDone(page, 'link', 'Token redeemed');
}

test('somebody signs in by link beside the phone, and sees each step with its time', async (t) => {
  const page = await open(t, '/demo');
  await signInByLink(page);
  for (const title of ['Token made', 'Stream open', 'Message sent', 'Message received', 'Verified']) {
    await isDone(page, 'link', title);
  }
  assert.match(await step(page, 'link', 'Verified').textContent(), /\d ms[\s\S]*from the tap to the wake/);
  const result = await page.locator('#link-result').textContent();
  assert.match(result, /^Signed in as \+•+2222, [\d.,]+ ms from the tap to the wake\.$/);
  await page.getByRole('button', { name: 'Start again' }).click();
  await isDone(page, 'link', 'Stream open');
  assert.equal(await step(page, 'link', 'Verified').getAttribute('data-state'), 'waiting');
});

test('neither the token nor a whole number stands on the page or in an address', async (t) => {
  const page = await open(t, '/demo');
  const addresses = [];
  page.on('request', (request) => addresses.push(request.url()));
  const asked = page.waitForRequest('**/api/v1/tokens/events');
  await page.getByRole('button', { name: 'Start again' }).click();
  const [token] = (await asked).postDataJSON().tokens;
  await signInByLink(page);
  const shown = await page.locator('main').innerHTML();
  assert.ok(!shown.includes(token) && !shown.includes(PHONE));
  assert.ok(!addresses.some((address) => address.includes(token)));
});

test('somebody signs in by a code, after a wrong one', async (t) => {
  const page = await open(t, '/demo');
  const seen = await environment.lastMessage(RECIPIENT);
  await page.getByRole('button', { name: 'Send code' }).click();
  await isDone(page, 'code', 'Message taken');
  const { text } = await environment.messageAfter(seen, RECIPIENT);
  const right = /\d{6}/.exec(text)[0];
  // The browser says itself that a call was answered with an error.
  page.removeAllListeners('console');
  await page.getByLabel('Code that WhatsApp shows').fill(right === '000000' ? '111111' : '000000');
  await page.keyboard.press('Enter');
  await page.getByText('That was not it. Tries left: 4.').waitFor();
  await page.getByLabel('Code that WhatsApp shows').fill(right);
  await page.keyboard.press('Enter');
  await page.getByText('Signed in as +••••••••3210.').waitFor();
});

test('somebody signs in by the code that the phone beside shows', async (t) => {
  const page = await open(t, '/demo');
  await page.getByRole('button', { name: 'Send code' }).click();
  await isDone(page, 'code', 'Message taken');
  const message = await phoneOf(page).locator('.theirs').last().textContent();
  await page.getByLabel('Code that WhatsApp shows').fill(/\d{6}/.exec(message)[0]);
  await page.getByRole('button', { name: 'Verify' }).click();
  await isDone(page, 'code', 'Verified');
});

test('the programs to copy are chosen by keys, and copied', async (t) => {
  const page = await open(t, '/demo');
  await page.getByRole('tab', { name: 'Python' }).focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.getByRole('tab', { name: 'Node' }).getAttribute('aria-selected'), 'true');
  await page.keyboard.press('End');
  await page.getByRole('tabpanel', { name: 'PHP' }).waitFor();
  await page.keyboard.press('ArrowRight');
  const panel = page.getByRole('tabpanel', { name: 'Python' });
  await panel.getByRole('button', { name: 'Copy' }).click();
  await panel.getByRole('button', { name: 'Copied' }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(copied.includes(`base_url="${environment.url}"`) && copied.includes('8XKPQ2WN'));
});

test('outside of development people scan or tap a link of WhatsApp, and no code is sent unless that is said', async (t) => {
  const server = await environment.serve(t, { LOGGIN_DEMO_APP: '8XKPQ2WN' });
  const page = await open(t, '/demo', { server });
  await isDone(page, 'link', 'Stream open');
  const link = await page.getByRole('link', { name: 'Sign in with WhatsApp' }).getAttribute('href');
  assert.equal(readQr(await page.getByRole('img', { name: 'A QR code' }).screenshot()), link);
  assert.equal(await page.locator('iframe, #start').count(), 0);
});

const PHONE_SIZED = { ...HANDSET, viewport: { width: 375, height: 700 }, deviceScaleFactor: 1.5 };
const DESK = { viewport: { width: 1180, height: 860 }, deviceScaleFactor: 1 };

/** How each page is looked at. */
const PAGES = {
  home: { path: '/', reach: (page) => page.getByRole('heading', { level: 1 }).waitFor() },
  demo: { path: '/demo', reach: (page) => isDone(page, 'link', 'Stream open') },
  'demo-signed-in': {
    path: '/demo',
    onlyAt: 'desk',
    height: 1180,
    reach: async (page) => {
      await signInByLink(page);
      await phoneOf(page).locator('.mine').last().waitFor();
    },
  },
  docs: { path: '/docs', reach: (page) => page.getByRole('heading', { name: 'Objects' }).waitFor() },
};

for (const [name, { path, reach, onlyAt, height }] of Object.entries(PAGES)) {
  for (const [size, device] of Object.entries({ desk: DESK, phone: PHONE_SIZED })) {
    if (onlyAt && onlyAt !== size) {
      continue;
    }
    test(`${name}, ${size}: axe finds nothing in any theme, and nothing is wider than the screen`, async (t) => {
      const viewport = { ...device.viewport, ...(height && { height }) };
      const page = await open(t, path, { device: { ...device, viewport, reducedMotion: 'reduce' } });
      await reach(page);
      await isReadable(page, async (theme) => {
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= device.viewport.width, `${width} pixels`);
        if (process.env.SCREENSHOTS && theme !== 'forced' && !(size === 'phone' && theme === 'dark')) {
          const file = size === 'phone' ? `server-${name}-phone.png` : `server-${name}-${theme}.png`;
          await page.evaluate(() => scrollTo(0, 0));
          await page.screenshot({ path: join(process.env.SCREENSHOTS, file) });
        }
      });
    });
  }
}
