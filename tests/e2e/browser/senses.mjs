/** What others than people read from a page: a phone's camera, and a judge of who else can read it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** How people see a page. */
const THEMES = {
  light: { colorScheme: 'light', forcedColors: 'none' },
  dark: { colorScheme: 'dark', forcedColors: 'none' },
  forced: { colorScheme: 'dark', forcedColors: 'active' },
};

/** The rules of axe that look at colours: all others judge a page alike in every theme. */
const OF_COLOURS = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } };

/** What a camera reads from a picture. */
export function readQr(screenshot) {
  const { data, width, height } = PNG.sync.read(screenshot);
  return jsQR(new Uint8ClampedArray(data), width, height)?.data;
}

/** What axe objects to in a page as it stands, without what others show in it: each rule, and the markup that breaks it. */
export async function violationsOf(page, rules = {}) {
  // As developer tools do, which no policy of the page forbids.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (rules) => globalThis.axe.run({ iframes: false, resultTypes: ['violations'], ...rules }),
    rules,
  );
  return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]);
}

/** Everybody can read the page as it stands, in each theme; `look` is called in each, with its name. */
export async function isReadable(page, look = () => {}) {
  for (const [theme, media] of Object.entries(THEMES)) {
    await page.emulateMedia(media);
    assert.deepEqual(await violationsOf(page, theme === 'light' ? {} : OF_COLOURS), [], theme);
    await look(theme);
  }
  await page.emulateMedia(THEMES.light);
}
