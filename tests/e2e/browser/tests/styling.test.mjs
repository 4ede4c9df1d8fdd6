/** Looks and the app's own: its classes win, its resets do not, and a strict policy keeps nothing away. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMPUTER } from '../browser.mjs';
import { PHONE } from '../environment.mjs';
import { REACTS } from '../site.mjs';
import { button, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage();

const styleOf = (locator, ...names) =>
  locator.evaluate((element, wanted) => wanted.map((name) => getComputedStyle(element)[name]), names);

const BRAND = 'rgb(37, 211, 102)';

/** The style sheet is at its place once the one that was served has gone. */
const isSettled = (page) =>
  page.waitForFunction(
    () => !document.querySelector('#root style') && document.querySelector('style[data-loggin]'),
  );

for (const reset of ['unlayered', 'layered']) {
  for (const ssr of [{}, { ssr: '' }]) {
    const how = `${reset} resets and utilities${'ssr' in ssr ? ', rendered on a server' : ''}`;

    test(`${how}: a button without classes looks as it should`, async (t) => {
      const page = await stage.open(t, COMPUTER, { reset, ...ssr });
      await button(page).waitFor();
      await isSettled(page);
      assert.deepEqual(
        await styleOf(
          button(page),
          'backgroundColor',
          'color',
          'paddingLeft',
          'textDecorationLine',
          'borderRadius',
        ),
        [BRAND, 'rgb(6, 40, 26)', '24px', 'none', '14px'],
      );
      assert.deepEqual(await styleOf(button(page).locator('svg path').first(), 'fill', 'stroke'), [
        'none',
        'rgb(6, 40, 26)',
      ]);
      await button(page).click();
      await statusIs(page, 'pending');
      const title = page.locator('dialog h2');
      assert.deepEqual(await styleOf(title, 'fontSize', 'fontWeight'), ['21px', '600']);
      const [border] = await styleOf(page.locator('dialog'), 'borderTopWidth');
      assert.equal(border, '1px');
    });

    test(`${how}: each class of the app wins`, async (t) => {
      const own = 'bg-black text-white rounded-full text-sm p-1 border-2';
      const page = await stage.open(t, COMPUTER, { reset, ...ssr, button: own, title: 'text-sm', main: own });
      await button(page).waitFor();
      await isSettled(page);
      const names = [
        'backgroundColor',
        'color',
        'borderTopLeftRadius',
        'fontSize',
        'paddingLeft',
        'borderTopWidth',
      ];
      const wanted = ['rgb(0, 0, 0)', 'rgb(255, 255, 255)', '9999px', '12px', '4px', '2px'];
      assert.deepEqual(await styleOf(button(page), ...names), wanted);
      await button(page).click();
      await statusIs(page, 'pending');
      assert.deepEqual(await styleOf(page.locator('dialog h2'), 'fontSize'), ['12px']);
    });
  }
}

test('variant and size are seen', async (t) => {
  const page = await stage.open(t, COMPUTER, { variant: 'outline', size: 'large' });
  const names = ['backgroundColor', 'minHeight'];
  assert.deepEqual(await styleOf(button(page), ...names), ['rgba(0, 0, 0, 0)', '58px']);
});

test('neutral is as the text is, in both themes, and a small button is small', async (t) => {
  for (const [theme, text, surface] of [
    ['light', 'rgb(21, 24, 27)', 'rgb(255, 255, 255)'],
    ['dark', 'rgb(242, 244, 245)', 'rgb(32, 36, 40)'],
  ]) {
    const page = await stage.open(t, COMPUTER, { variant: 'neutral', size: 'small', theme });
    const names = ['backgroundColor', 'color', 'minHeight', 'fontSize', 'paddingLeft'];
    assert.deepEqual(await styleOf(button(page), ...names), [text, surface, '40px', '14px', '16px']);
  }
});

test('a button of full width is as wide as what it stands in, and another is not', async (t) => {
  const shares = [];
  for (const options of [{ fullWidth: '' }, {}]) {
    const page = await stage.open(t, COMPUTER, options);
    shares.push(await button(page).evaluate((link) => link.offsetWidth / link.closest('main').clientWidth));
  }
  assert.equal(shares[0], 1);
  assert.ok(shares[1] < 1);
});

test('unstyled leaves neither a style sheet nor classes', async (t) => {
  const page = await stage.open(t, COMPUTER, { unstyled: '', component: 'modal', ssr: '' });
  await page.getByRole('button', { name: 'Sign in' }).click();
  await statusIs(page, 'pending');
  assert.equal(await page.locator('style[data-loggin], #root style').count(), 0);
  assert.deepEqual(
    await page.locator('[class]').evaluateAll((all) => all.map((each) => each.getAttribute('class'))),
    [],
  );
});

test('styles.css is the same style sheet, for an app that imports it', async (t) => {
  const page = await stage.open(t, COMPUTER, { hasStyles: '', ssr: '' });
  await button(page).waitFor();
  assert.equal(await page.locator('style[data-loggin], #root style').count(), 0);
  const css = new URL('../../../../node/react/dist/styles.css', import.meta.url);
  await page.addStyleTag({ content: readFileSync(css, 'utf8') });
  assert.deepEqual(await styleOf(button(page), 'backgroundColor'), [BRAND]);
});

for (const react of Object.keys(REACTS)) {
  for (const component of ['button', 'otp']) {
    test(`React ${react}: ${component} under a strict policy, served and in the page`, async (t) => {
      const page = await stage.open(t, COMPUTER, { react, component, nonce: 'bm9uY2U', ssr: '', strict: '' });
      const served = await (await page.request.get(page.url())).text();
      assert.match(served, /<div id="root">.*<style nonce="bm9uY2U">/s);
      assert.doesNotMatch(served, / style="/);
      const main = component === 'button' ? button(page) : page.locator('button[type=submit]');
      await main.waitFor();
      await isSettled(page);
      assert.deepEqual(await styleOf(main, 'backgroundColor'), [BRAND]);
      if (component === 'button') {
        await main.click();
        await statusIs(page, 'pending');
        assert.deepEqual(await styleOf(page.locator('dialog'), 'borderTopLeftRadius'), ['24px']);
      }
    });
  }
}

for (const react of Object.keys(REACTS)) {
  test(`React ${react}: a card signs in under a strict policy, and its form for codes has its countries`, async (t) => {
    const page = await stage.open(t, COMPUTER, {
      react,
      component: 'card',
      nonce: 'bm9uY2U',
      ssr: '',
      strict: '',
      ways: '1',
    });
    const served = await (await page.request.get(page.url())).text();
    assert.match(served, /<div id="root">.*<style nonce="bm9uY2U">.*<section /s);
    assert.doesNotMatch(served, / style="/);
    const card = page.locator('section[data-status=pending]');
    await card.locator('svg[role=img]').waitFor();
    await isSettled(page);
    assert.deepEqual(await styleOf(card, 'borderTopLeftRadius', 'maxWidth'), ['24px', '400px']);
    await card.getByRole('button', { name: 'Use a code instead' }).click();
    await page.getByLabel('Country').waitFor();
    await page.getByRole('button', { name: 'Back to WhatsApp' }).click();
    await stage.environment.send(await card.locator('a[href]').getAttribute('href'));
    await said(page, `Hello ${PHONE}`);
  });
}

test('a right click begins nothing', async (t) => {
  const page = await stage.open(t, COMPUTER);
  const kept = () => page.evaluate(() => sessionStorage.length);
  await button(page).click({ button: 'right' });
  assert.equal(await kept(), 0);
  await button(page).click();
  assert.equal(await kept(), 1);
});
