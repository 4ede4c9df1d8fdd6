/** `next dev`: a saved file changes the page under the person's hands, and neither the login nor its connection. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PHONE } from '../../browser/environment.mjs';
import { connectionsOf } from '../../browser/stage.mjs';
import { button, isIn, setStage, statusIs } from '../stage.mjs';

/** The component around the button, in the example. */
const COMPONENT = 'app/login/sign-in.tsx';

const SOURCE = fileURLToPath(new URL(`../../../../examples/nextjs/${COMPONENT}`, import.meta.url));

/** The page has asked the development server for changes: what is saved before need not reach it. */
async function toldOfChanges(page) {
  const socket = await page.waitForEvent('websocket', (socket) => socket.url().includes('/_next/'));
  await socket.waitForEvent('framesent', ({ payload }) => String(payload).includes('turbopack-subscribe'));
}

describe('the example in development, without a secret', () => {
  const stage = setStage('16', 'dev', { LOGGIN_SESSION_SECRET: '' });

  test('hot reload and mounting twice give one token and one stream', async (t) => {
    const source = readFileSync(SOURCE, 'utf8');
    const save = (text) => writeFileSync(`${stage.app.folder}/${COMPONENT}`, text);
    t.after(() => save(source));
    save(source);

    const page = await stage.visit(t, '/');
    const subscribed = toldOfChanges(page);
    await page.goto(`${stage.app.url}/login`);
    await subscribed;
    const connections = connectionsOf(page);
    const link = await button(page).getAttribute('href');
    await button(page).click();
    await statusIs(page, 'pending');
    for (const words of ['Saved once', 'Saved twice']) {
      save(source.replace('"One-time code"', `"${words}"`));
      await page.getByRole('region', { name: words }).waitFor();
    }
    assert.equal(await button(page).getAttribute('href'), link);
    await stage.send(link);
    await isIn(page, PHONE);
    assert.deepEqual([connections.length, new Set(connections.flat()).size], [1, 1]);

    const [{ name, secure, httpOnly }] = await page.context().cookies();
    assert.deepEqual([name, secure, httpOnly], ['loggin-dev', false, true]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('link', { name: 'Sign in' }).waitFor();
  });
});
