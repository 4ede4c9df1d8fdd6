/** What every browser test stands on: server, simulator, an app of somebody's own, and Chromium. */

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Loggin } from '../../../node/web/dist/esm/index.js';
import { launch } from './browser.mjs';
import { Environment, PHONE } from './environment.mjs';
import { Site } from './site.mjs';

export const EVENTS_PATH = '/api/v1/tokens/events';

/** A page that has not come to something by then, never will. */
const TEST_TIMEOUT_MS = 10_000;

export class Stage {
  environment;
  site;
  browser;

  /** Opens a page of the app; what its console complains of fails the test. */
  async open(t, device, options = {}, address = (all) => this.site.page(all)) {
    const context = await this.browser.newContext(device);
    context.setDefaultTimeout(TEST_TIMEOUT_MS);
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
      assert.deepEqual(problems.filter(isComplaint), []);
    });
    await page.goto(address({ server: this.environment.url, ...options }));
    return page;
  }
}

/** Has the login of a page's button denied before the page is told anything of it. */
export async function deny({ environment }, page) {
  const held = new Promise((resolve) => page.route(`**${EVENTS_PATH}`, resolve, { times: 1 }));
  const link = await button(page).getAttribute('href');
  await button(page).click();
  const route = await held;
  // Nobody is written to for a code that nobody waits for.
  const waiting = await fetch(environment.url + EVENTS_PATH, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: route.request().postData(),
  });
  const seen = await environment.lastMessage();
  await environment.send(link);
  await environment.messageAfter(seen);
  await environment.control(`phones/${PHONE}/tap`, {});
  await waiting.body.cancel();
  await route.abort();
}

/** A network that is away is said to be by the browser itself, and what is likely wrong by our own package. */
const isComplaint = (text) => !/^(Failed to load resource|Loggin: )/.test(text);

/** Starts everything once for the tests of a file, with an app of React or another site. */
export function setStage(startSite = Site.start) {
  const stage = new Stage();
  before(async () => {
    stage.environment = await Environment.start();
    stage.site = await startSite();
    stage.browser = await launch();
    const client = new Loggin({ baseUrl: stage.environment.url });
    stage.site.routes.set('/login', async ({ token }) => {
      const session = await client.verifyToken(token);
      return session ? { body: { phone: session.phone } } : { status: 401 };
    });
  });
  after(async () => {
    await stage.browser?.close();
    await stage.site?.stop();
    await stage.environment?.stop();
  });
  return stage;
}

/** The tokens that a page waits for, a list for each connection. */
export function connectionsOf(page) {
  const connections = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith(EVENTS_PATH)) {
      connections.push(request.postDataJSON().tokens);
    }
  });
  return connections;
}

/** The page's button, once it is a link. */
export const button = (page) => page.locator('a.loggin[href]');

export const dialog = (page) => page.getByRole('dialog');

/** The status that the open modal shows. */
export const statusIs = (page, status) => page.locator(`dialog[open][data-status=${status}]`).waitFor();

/** What the app says to the person. */
export const said = (page, words) => page.locator('#said', { hasText: words }).waitFor();
