/** What React does with the components: twice in development, again and again, on a server, in its versions. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPUTER } from '../browser.mjs';
import { PHONE } from '../environment.mjs';
import { REACTS } from '../site.mjs';
import { button, connectionsOf, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage();

for (const react of Object.keys(REACTS)) {
  test(`React ${react}: mounted twice and rendered often, there is one token and one stream`, async (t) => {
    const page = await stage.open(t, COMPUTER, { react, strict: '', component: 'button' });
    const connections = connectionsOf(page);
    const link = await button(page).getAttribute('href');
    await button(page).click();
    await statusIs(page, 'pending');
    for (let count = 1; count <= 5; count++) {
      await page.locator('#again').evaluate((element) => element.click());
      await page.locator('#again', { hasText: count }).waitFor({ state: 'attached' });
    }
    assert.equal(await button(page).getAttribute('href'), link);
    await stage.environment.send(link);
    await said(page, `Hello ${PHONE}`);
    assert.equal(connections.length, 1);
    assert.equal(connections[0].length, 1);
  });

  for (const component of ['button', 'card', 'modal', 'parts', 'otp']) {
    test(`React ${react}: ${component} is rendered on a server, and hydrated without a word`, async (t) => {
      const page = await stage.open(t, COMPUTER, { react, component, ssr: '', locale: 'ar', strict: '' });
      const served = await (await page.request.get(page.url())).text();
      assert.match(served, /<h1>Acme<\/h1>/);
      assert.doesNotMatch(served, /lgn1_|href="http:[^"]*\/l\//);
      await page.waitForFunction(() => Object.keys(document.querySelector('h1')).length > 0);
      if (component === 'button') {
        await button(page).waitFor();
        assert.match(served, /<a [^>]*role="link"[^>]*aria-disabled="true"/);
      }
    });
  }
}

test('the style sheet is there once, however many components there are', async (t) => {
  const page = await stage.open(t, COMPUTER);
  await button(page).click();
  await statusIs(page, 'pending');
  assert.equal(await page.locator('style[data-loggin]').count(), 1);
});
