/** Chromium as people have it: a computer or a phone, and what is looked for on each page. */

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/**
 * Where distributions put it, first the build without windows, which shows the same pages with about half of the CPU;
 * `CHROMIUM` names another.
 */
const PLACES = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

export const CHROMIUM = process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));

export const COMPUTER = { viewport: { width: 1000, height: 760 }, deviceScaleFactor: 2 };

export const HANDSET = {
  viewport: { width: 390, height: 780 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};

export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--force-color-profile=srgb'] });
}
