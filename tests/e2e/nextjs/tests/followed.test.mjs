/** docs/nextjs.md, followed step by step: the app that it builds signs a person in, keeps others out, and signs them out. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PHONE } from '../../browser/world.mjs';
import { VERSIONS } from '../app.mjs';
import { button, setStage } from '../stage.mjs';

for (const version of VERSIONS) {
  describe(`docs/nextjs.md, Next.js ${version}`, () => {
    const stage = setStage(version, 'start', {}, 'nextjs-followed');

    test('leads from the dashboard to the login page, back to the dashboard, and out', async (t) => {
      const page = await stage.visit(t, '/dashboard');
      assert.equal(new URL(page.url()).search, '?returnTo=%2Fdashboard');
      const link = await button(page).getAttribute('href');
      await button(page).click();
      await stage.send(link);
      await page.getByText(`You are +${PHONE}.`).waitFor();
      assert.equal(new URL(page.url()).pathname, '/dashboard');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Home' }).waitFor();
      await page.goto(`${stage.app.url}/dashboard`);
      await button(page).waitFor();
      assert.equal(new URL(page.url()).pathname, '/login');
    });

    test('keeps everybody else out', async () => {
      const { status, headers } = await stage.app.send('/dashboard');
      const { pathname, search } = new URL(headers.location, stage.app.url);
      assert.deepEqual([status, pathname + search], [307, '/login?returnTo=%2Fdashboard']);
      assert.equal((await stage.app.send('/')).status, 200);
    });
  });
}
