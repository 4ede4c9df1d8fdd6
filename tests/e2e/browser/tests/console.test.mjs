/**
 * The console in a browser: signed in to by WhatsApp, an app and its keys made, used by a Python program, seen live in the
 * log, rotated while calls are made, revoked; and each page as people see it.
 *
 * `SCREENSHOTS=folder` keeps pictures; docs/screenshots has those of the last change.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Loggin } from '../../../../node/web/dist/esm/index.js';
import { COMPUTER, HANDSET, launch } from '../browser.mjs';
import { APP_KEY, Environment, PHONE } from '../environment.mjs';
import { isReadable } from '../senses.mjs';

/** A page that has not come to something by then, never will. */
const TIMEOUT_MS = 10_000;

const PYTHON = fileURLToPath(new URL('../../../../.venv/bin/python', import.meta.url));
const TESTS = fileURLToPath(new URL('../../..', import.meta.url));

/** One login as an app's server has it: prints the link, and who signed in. */
const PROGRAM = `
import sys
from loggin import Loggin

with Loggin(base_url=sys.argv[1], secret_key=sys.stdin.readline().strip()) as client:
    login = client.create_token(sys.argv[2])
    print(login.link, flush=True)
    print(client.wait_for_verify(login.token).phone, flush=True)
`;

let environment;
let browser;
/** What the browser of the owner keeps. */
let storage;

before(async () => {
  environment = await Environment.start();
  browser = await launch();
  const context = await browser.newContext(COMPUTER);
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  await page.goto(`${environment.url}/console`);
  await signIn(page);
  await page.getByRole('heading', { level: 1, name: 'Apps' }).waitFor();
  storage = await context.storageState();
  await context.close();
});

after(async () => {
  await browser?.close();
  await environment?.stop();
});

/** Signs in on the page that asks for it: by the message, and by the digits that WhatsApp shows. */
async function signIn(page, phone = PHONE) {
  const link = page.getByRole('link', { name: 'Sign in with WhatsApp' });
  await page.locator('#qr svg').waitFor();
  const seen = await environment.lastMessage(phone);
  await environment.send(await link.getAttribute('href'), phone);
  const { text } = await environment.messageAfter(seen, phone);
  await page.getByLabel('6 digits that WhatsApp shows').fill(/\d{6}/.exec(text)[0]);
  await page.keyboard.press('Enter');
}

/** Opens a page of the console as its owner; what its console complains of fails the test. */
async function open(t, path, { device = COMPUTER, as = storage } = {}) {
  const context = await browser.newContext({ ...device, storageState: as ?? undefined });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const problems = [];
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
  await page.goto(environment.url + path);
  return page;
}

/** Makes an app on the page; its key, and its secret key. */
async function createApp(page, name) {
  await page.goto(`${environment.url}/console/apps`);
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Create app' }).click();
  const secretKey = await page.locator('#secret').textContent();
  await page.getByRole('link', { name: 'I have copied it' }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  return { appKey: new URL(page.url()).pathname.split('/').at(-1), secretKey };
}

/** Somebody signs in to an app by a Python program on its server; their number. */
async function signInByPython(t, { appKey, secretKey }) {
  const program = spawn(PYTHON, ['-c', PROGRAM, environment.url, appKey], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => program.kill());
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  program.stdin.end(`${secretKey}\n`);
  await environment.send((await lines.next()).value);
  return (await lines.next()).value;
}

/** How the server answers an app that redeems with this secret key a token for which nobody has tapped Send. */
async function call(secretKey, token) {
  const response = await fetch(`${environment.url}/api/v1/tokens/verify`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${secretKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** Asks until the server knows of a change, which takes a second. */
async function known(secretKey, token, status) {
  const deadline = performance.now() + TIMEOUT_MS;
  while ((await call(secretKey, token)) !== status) {
    assert.ok(performance.now() < deadline, 'it is known within a second');
  }
}

test('an app is made, used from Python, and seen in the log as it happens and in the funnel', async (t) => {
  const page = await open(t, '/console');
  const app = await createApp(page, 'Flower shop');
  await page.getByRole('link', { name: 'logs', exact: true }).click();
  await page.getByRole('button', { name: 'Follow live' }).click();
  await page.locator('button[aria-pressed=true]').waitFor();
  assert.equal(await signInByPython(t, app), PHONE);
  await page.locator('tr.new').getByText('Flower shop').waitFor();
  const row = await page.locator('tr.new').textContent();
  assert.ok(row.includes('2222') && !row.includes(PHONE), row);
  await page.goto(`${environment.url}/console/usage?app=${app.appKey}`);
  // What has ended is counted within a second or so.
  const deadline = performance.now() + TIMEOUT_MS;
  while (!/100(\.0)?\s*%/.test(await page.locator('main').textContent())) {
    assert.ok(performance.now() < deadline, 'it is counted');
    await page.reload();
  }
});

test('a key is rotated while calls are made, of which none fails, and a revoked one is refused', async (t) => {
  const page = await open(t, '/console');
  const { appKey, secretKey } = await createApp(page, 'Book shop');
  const { token } = new Loggin({ baseUrl: environment.url }).createToken(appKey);
  const refused = [];
  let goesOn = true;
  const calls = (async () => {
    for (let number = 0; goesOn; number++) {
      const status = await call(secretKey, token);
      if (status !== 200) {
        refused.push([number, status]);
      }
    }
  })();
  await page.getByRole('button', { name: 'Rotate first' }).click();
  const rotated = await page.locator('#secret').textContent();
  assert.notEqual(rotated, secretKey);
  await page.getByRole('link', { name: 'I have copied it' }).click();
  await page.locator('tr.over, tbody tr').nth(1).waitFor();
  await known(rotated, token, 200);
  goesOn = false;
  await calls;
  assert.deepEqual(refused, [], 'the old key is taken beside the new one');
  await page.getByRole('button', { name: 'Revoke first' }).first().click();
  await page.locator('tr.over').waitFor();
  await known(secretKey, token, 401);
  assert.equal(await call(rotated, token), 200);
});

test('settings are changed by keys alone, and what is wrong is said beside them', async (t) => {
  const page = await open(t, '/console');
  const { appKey } = await createApp(page, 'Tea shop');
  await page.getByLabel('Codes a month').fill('many');
  // The browser says itself that a form was answered with an error.
  page.removeAllListeners('console');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('codes a month').waitFor();
  await page.goto(`${environment.url}/console/apps/${appKey}`);
  await page.getByRole('radio', { name: /^none/ }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.getByRole('button', { name: 'Save', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Saved.').waitFor();
  assert.ok(await page.getByRole('radio', { name: /^match/ }).isChecked());
});

test('a viewer is let in by their own number and changes nothing; who is nobody is not let in', async (t) => {
  const owner = await open(t, '/console/people');
  await owner.getByLabel('Name').fill('ravi');
  await owner.getByLabel('WhatsApp number').fill('+91 98765 43210');
  await owner.getByRole('button', { name: 'Save' }).click();
  await owner.getByRole('cell', { name: '…3210' }).waitFor();
  const page = await open(t, '/console', { as: null });
  await signIn(page, '919876543210');
  await page.getByRole('heading', { level: 1, name: 'Apps' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Create app' }).count(), 0);
  assert.equal(await page.getByRole('link', { name: 'People' }).count(), 0);
  await page.goto(`${environment.url}/console/apps/${APP_KEY}`);
  assert.equal(await page.getByRole('button', { name: 'Save', exact: true }).count(), 0);
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await page.getByRole('link', { name: 'Sign in with WhatsApp' }).waitFor();
  // The owner takes them off, and their number opens nothing any more.
  await owner.getByRole('button', { name: 'Remove ravi' }).click();
  page.removeAllListeners('console');
  await signIn(page, '919876543210');
  await page.getByText('This number is not one of an administrator.').waitFor();
});

const PHONE_SIZED = { ...HANDSET, viewport: { width: 375, height: 700 }, deviceScaleFactor: 1.5 };
const DESK = { viewport: { width: 1180, height: 860 }, deviceScaleFactor: 1 };

/** Each page that is looked at: its address, or what somebody does to come to it. */
const PAGES = {
  apps: '/console/apps',
  app: `/console/apps/${APP_KEY}`,
  logs: '/console/logs',
  login: async (page, t) => {
    await signInByPython(t, await createApp(page, 'Coffee shop'));
    await page.goto(`${environment.url}/console/logs`);
    await page.locator('tbody tr', { hasText: 'Coffee shop' }).first().getByRole('link').click();
    await page.locator('p.back').waitFor();
  },
  secret: async (page) => {
    await page.getByLabel('Name').fill('Fish shop');
    await page.getByRole('button', { name: 'Create app' }).click();
    await page.locator('#secret').waitFor();
  },
  usage: '/console/usage',
  webhooks: '/console/webhooks',
  health: '/console/health',
  audit: '/console/audit',
  people: '/console/people',
};

for (const [name, way] of Object.entries(PAGES)) {
  for (const [size, device] of Object.entries({ desk: DESK, phone: PHONE_SIZED })) {
    test(`${name}, ${size}: axe finds nothing in any theme, and nothing is wider than the screen`, async (t) => {
      const path = typeof way === 'string' ? way : '/console/apps';
      const page = await open(t, path, { device: { ...device, reducedMotion: 'reduce' } });
      if (path !== way) {
        await way(page, t);
      }
      await page.getByRole('heading', { level: 1 }).waitFor();
      await isReadable(page, async (theme) => {
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= device.viewport.width, `${width} pixels`);
        if (process.env.SCREENSHOTS && theme !== 'forced' && !(size === 'phone' && theme === 'dark')) {
          const file = size === 'phone' ? `console-${name}-phone.png` : `console-${name}-${theme}.png`;
          await page.screenshot({ path: join(process.env.SCREENSHOTS, file) });
        }
      });
    });
  }
}

test('the sign-in: axe finds nothing in any theme', async (t) => {
  const page = await open(t, '/console', { as: null, device: DESK });
  await page.locator('#qr svg').waitFor();
  await isReadable(page, async (theme) => {
    if (process.env.SCREENSHOTS && theme === 'light') {
      await page.screenshot({ path: join(process.env.SCREENSHOTS, 'console-sign-in-light.png') });
    }
  });
});

/** Fills the history, after all else is seen, as `make bench-history` does. */
const FILLING = `
import sys, time
from pathlib import Path
from bench.history import fill_sqlite, rows

fill_sqlite(Path(sys.argv[1]), rows(sys.argv[2:], 1_000_000, time.time_ns() // 1_000_000))
`;

test('a log of a million rows is walked through and filtered', async (t) => {
  const page = await open(t, '/console');
  const apps = [APP_KEY, (await createApp(page, 'Toy shop')).appKey];
  execFileSync(PYTHON, ['-c', FILLING, environment.database, ...apps], { cwd: TESTS, stdio: 'inherit' });
  await page.goto(`${environment.url}/console/logs`);
  const times = () =>
    page.locator('tbody time').evaluateAll((all) => all.map((one) => one.getAttribute('datetime')));
  const seen = [];
  for (let number = 0; number < 20; number++) {
    const shown = await times();
    assert.equal(shown.length, 50);
    seen.push(...shown);
    await page.getByRole('region', { name: 'Logins and codes' }).focus();
    await page.keyboard.press('End');
    await page.getByRole('link', { name: 'Older' }).click();
    await page.waitForFunction((last) => {
      const first = document.querySelector('tbody time')?.getAttribute('datetime');
      return first && first <= last;
    }, shown.at(-1));
  }
  assert.deepEqual(seen, seen.toSorted().reverse());
  // Most of what a filter leaves out lies between what it shows.
  await page.getByLabel('App').selectOption(apps[1]);
  await page.getByLabel('Outcome').selectOption('denied');
  await page.getByLabel('Country').fill('de');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Clear' }).waitFor();
  const found = await page.locator('tbody tr').allTextContents();
  assert.ok(found.length > 0);
  for (const row of found) {
    assert.match(row, /denied/i);
    assert.match(row, /Toy shop/);
    assert.match(row, /DE/);
  }
  await page.getByLabel('Last four digits').fill('0000');
  await page.getByLabel('Country').fill('');
  await page.keyboard.press('Enter');
  await page.waitForURL(/phone=0000/);
  for (const phone of await page.locator('tbody td code').allTextContents()) {
    assert.match(phone, /0000$/);
  }
});
