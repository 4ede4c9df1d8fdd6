/**
 * Each state as people see it: axe finds nothing in it, light, dark and in forced colours.
 *
 * `SCREENSHOTS=folder` keeps pictures; docs/screenshots has those of the last change.
 */

import { join } from 'node:path';
import { test } from 'node:test';
import { HANDSET } from '../browser.mjs';
import { isReadable } from '../senses.mjs';
import { button, deny, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage();

/** Small enough for a page of documentation. */
const COMPUTER = { viewport: { width: 560, height: 660 }, deviceScaleFactor: 1.5 };
const PHONE = { ...HANDSET, viewport: { width: 375, height: 600 }, deviceScaleFactor: 1.5 };

/** States of which dark and forced colours are kept too. */
const PICTURED = ['pending', 'pending-phone', 'awaiting-confirmation', 'verified'];

const LOGO =
  'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"%3E%3Crect width="48" height="48" rx="12" fill="%23e4572e"/%3E%3Cpath d="m13 34 11-22 11 22" fill="none" stroke="%23fff" stroke-width="5"/%3E%3C/svg%3E';

const HIDDEN_PHONE = '918888777766';

const opened = async (page) => {
  const link = await button(page).getAttribute('href');
  await button(page).click();
  await statusIs(page, 'pending');
  return link;
};

const refusedOtp = (error, more) => () => ({ status: 422, body: { error, ...more } });

/** How each state comes about, from a page with the button. */
const STATES = {
  button: { reach: (page) => button(page).waitFor() },
  pending: { options: { appName: 'Acme', logo: LOGO, ways: '1' }, reach: opened },
  'pending-long-link': { options: { number: '+1 555 010 0000', locale: 'es' }, reach: opened },
  'use-a-code': {
    options: { ways: '1', appName: 'Acme' },
    reach: async (page) => {
      await opened(page);
      await page.getByRole('button', { name: 'Use a code instead' }).click();
      await page.getByLabel('Country').waitFor();
    },
  },
  card: {
    options: { component: 'card', appName: 'Acme', logo: LOGO },
    reach: async (page) => {
      await page.locator('section[data-status=pending] svg[role=img]').waitFor();
    },
  },
  'pending-phone': {
    device: PHONE,
    options: { appName: 'Acme' },
    reach: async (page) => {
      const popup = page.waitForEvent('popup');
      await button(page).tap();
      await (await popup).close();
      await statusIs(page, 'pending');
    },
  },
  'pending-arabic': {
    device: PHONE,
    options: { component: 'modal', locale: 'ar', appName: 'Acme' },
    reach: async (page) => {
      await page.getByRole('button', { name: 'Sign in' }).tap();
      await statusIs(page, 'pending');
      const popup = page.waitForEvent('popup');
      await page.locator('dialog a').tap();
      await (await popup).close();
      await page.locator('dialog ol').waitFor();
    },
  },
  'message-received': {
    reach: async (page) => {
      await stage.environment.control('phones', { number: HIDDEN_PHONE, username: 'ravi.k', hidden: true });
      await stage.environment.send(await opened(page), HIDDEN_PHONE);
      await statusIs(page, 'message_received');
    },
  },
  'awaiting-confirmation': {
    app: ['--confirm', 'code'],
    reach: async (page) => {
      await stage.environment.send(await opened(page));
      await page.getByLabel('6-digit code').fill('000000');
      await page.getByRole('alert').filter({ hasText: '4' }).waitFor();
    },
  },
  verified: {
    reach: async (page) => {
      await stage.environment.send(await opened(page));
      await said(page, 'Hello');
    },
  },
  denied: {
    app: ['--confirm', 'reply'],
    reach: async (page) => {
      await deny(stage, page);
      await page.getByText('Somebody tapped').waitFor();
    },
  },
  expired: {
    reach: async (page) => {
      await page.clock.install();
      await page.reload();
      await opened(page);
      await page.clock.runFor(301_000);
      await page.getByText('Refresh it to go on.').waitFor();
    },
  },
  error: {
    options: { appKey: '00000000' },
    reach: async (page) => {
      await button(page).click();
      await statusIs(page, 'error');
    },
  },
  'otp-phone': {
    options: { component: 'otp' },
    reach: async (page) => {
      stage.site.routes.set('/otp/start', refusedOtp('invalid_phone'));
      await page.getByLabel('Country').waitFor();
      await page.getByLabel('Phone number').fill('12');
      await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
      await page.getByRole('alert').filter({ hasText: 'country code' }).waitFor();
    },
  },
  'otp-arabic': {
    device: PHONE,
    options: { component: 'otp', locale: 'ar' },
    reach: async (page) => {
      await page.getByLabel('الدولة').selectOption('SA');
      await page.getByLabel('رقم الهاتف').fill('0501234567');
    },
  },
  'otp-code': {
    options: { component: 'otp' },
    reach: async (page) => {
      stage.site.routes.set('/otp/start', () => ({ body: { session_id: 's-1', expires_in: 300 } }));
      stage.site.routes.set('/otp/verify', refusedOtp('invalid_code', { attempts_left: 4 }));
      await page.getByLabel('Phone number').fill('+91 98765 43210');
      await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
      await page.getByLabel('Code').fill('123456');
      await page.getByRole('alert').filter({ hasText: '4' }).waitFor();
    },
  },
};

for (const [name, { device = COMPUTER, options, app, reach }] of Object.entries(STATES)) {
  test(`${name}: axe finds nothing in any theme`, async (t) => {
    const appKey = app && { appKey: stage.environment.addApp(...app) };
    const page = await stage.open(t, { ...device, reducedMotion: 'reduce' }, { ...options, ...appKey });
    await reach(page);
    await isReadable(page, async (theme) => {
      if (process.env.SCREENSHOTS && (theme === 'light' || PICTURED.includes(name))) {
        await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}-${theme}.png`) });
      }
    });
  });
}
