/** What the tests of the example stand on: server, simulator, a network that can be cut, the app, and Chromium. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { launch } from '../browser/browser.mjs';
import { Environment } from '../browser/environment.mjs';
import { Network } from '../browser/network.mjs';
import { isReadable as isReadableInThemes } from '../browser/senses.mjs';
import { App } from './app.mjs';

/** What has not come by then, never will: a development server builds a page when it is asked for. */
const TEST_TIMEOUT_MS = 120_000;

/** Small enough for a page of documentation. */
const COMPUTER = { viewport: { width: 560, height: 660 }, deviceScaleFactor: 1.5 };

export class Stage {
  environment;
  network;
  appKey;
  app;
  browser;

  /** Opens a page of the app in a browser of its own. */
  async visit(t, path, device = COMPUTER) {
    const context = await this.browser.newContext({ reducedMotion: 'reduce', ...device });
    context.setDefaultTimeout(TEST_TIMEOUT_MS);
    t.after(() => context.close());
    const page = await context.newPage();
    await page.goto(this.app.url + path);
    return page;
  }

  /** Taps Send on the phone that a link of the page was opened on, whatever has become of the page's network. */
  async send(link) {
    await this.environment.send(link.replace(this.network.url, this.environment.url));
  }
}

/**
 * Starts everything once for the tests of a suite: `dev` for the development server. Who sends a message is told so, and may
 * say that it was not them, unless the app has another policy.
 */
export function setStage(version, command = 'start', env = {}, name = undefined, policy = 'reply') {
  const stage = new Stage();
  const ends = [];
  before(async () => {
    stage.environment = await Environment.start();
    stage.network = await Network.to({ after: (end) => ends.push(end) }, stage.environment.url);
    const { appKey, secretKey } = stage.environment.createApp('--confirm', policy);
    stage.appKey = appKey;
    stage.app = await App.start(
      version,
      {
        GUARD: 'list',
        LOGGIN_BASE_URL: stage.network.url,
        LOGGIN_APP_KEY: appKey,
        LOGGIN_SECRET_KEY: secretKey,
        ...env,
      },
      command,
      name,
    );
    assert.ok(!stage.app.hasEnded, stage.app.output);
    stage.browser = await launch();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.app?.stop();
    for (const end of ends) {
      end();
    }
    await stage.environment?.stop();
  });
  return stage;
}

/** The page's button, once it is a link. */
export const button = (page) => page.locator('a.loggin[href]');

/** The status that the open modal shows. */
export const statusIs = (page, status) => page.locator(`dialog[open][data-status=${status}]`).waitFor();

/** The page is the dashboard of the person with this number. */
export async function isIn(page, phone) {
  await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
  await page.getByText(`You are +${phone}.`).waitFor();
}

/** Everybody can read the page as it stands; `SCREENSHOTS=folder` keeps a picture of it. */
export async function isReadable(page, name) {
  await isReadableInThemes(page);
  if (process.env.SCREENSHOTS) {
    await page.screenshot({ path: join(process.env.SCREENSHOTS, `nextjs-${name}-light.png`) });
  }
}
