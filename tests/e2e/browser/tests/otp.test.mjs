/** The form for one-time codes, before an app's own server that answers as the Loggin server does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPUTER } from '../browser.mjs';
import { said, setStage } from '../stage.mjs';

const stage = setStage();

const NUMBER = '+91 98765 43210';

/** Answers both routes of the app's server, in turn. */
function answer(path, ...answers) {
  stage.site.routes.set(path, () => (answers.length > 1 ? answers.shift() : answers[0]));
}

const started = { body: { session_id: 'session-1', expires_in: 300 } };

const refused = (error, more = {}) => ({ status: 422, body: { error, message: 'No.', ...more } });

async function open(t) {
  stage.site.received.length = 0;
  return stage.open(t, COMPUTER, { component: 'otp', strict: '' });
}

async function sendCode(page) {
  await page.getByLabel('Phone number').fill(NUMBER);
  await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
}

test('a phone number, then the code that came, verify a person', async (t) => {
  answer('/otp/start', started);
  answer('/otp/verify', { body: { status: 'verified', phone: '919876543210' } });
  const page = await open(t);
  await sendCode(page);
  const field = page.getByLabel('Code', { exact: true });
  assert.equal(await field.getAttribute('autocomplete'), 'one-time-code');
  assert.ok(await field.evaluate((element) => element === document.activeElement));
  // Pasted as it stands in the message: what is no digit is left out, and nothing more has to be tapped.
  await field.evaluate((element) => {
    element.focus();
    document.execCommand('insertText', false, '123-456');
  });
  await said(page, 'Hello 919876543210');
  await page.getByText('Your number is verified.').waitFor();
  assert.deepEqual(stage.site.received, [
    { path: '/otp/start', body: { phone: NUMBER } },
    { path: '/otp/verify', body: { session_id: 'session-1', otp_code: '123456' } },
  ]);
});

test('a number of the country that is chosen goes with it, written as people write it there', async (t) => {
  answer('/otp/start', started);
  const page = await open(t);
  await page.getByLabel('Country').selectOption('IN');
  const field = page.getByLabel('Phone number');
  await field.pressSequentially('9876543210');
  assert.equal(await field.inputValue(), '98765 43210');
  // What is put in the middle leaves the caret there.
  await field.press('ArrowLeft');
  await field.press('Backspace');
  await field.pressSequentially('7');
  assert.equal(await field.inputValue(), '98765 43270');
  await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
  await page.getByLabel('Code', { exact: true }).waitFor();
  assert.deepEqual(stage.site.received, [
    { path: '/otp/start', body: { phone: '98765 43270', country_code: 'IN' } },
  ]);
});

test('a wrong code tells the tries that are left, and the right one is taken', async (t) => {
  answer('/otp/start', started);
  answer('/otp/verify', refused('invalid_code', { attempts_left: 4 }), { body: { phone: '919876543210' } });
  const page = await open(t);
  await sendCode(page);
  await page.getByLabel('Code', { exact: true }).fill('000000');
  await page.getByRole('alert').filter({ hasText: 'That code is not right. Tries left: 4' }).waitFor();
  await page.getByLabel('Code', { exact: true }).fill('123456');
  await said(page, 'Hello');
});

test('another code is sent when the cooldown is over', async (t) => {
  answer('/otp/start', started);
  const page = await open(t);
  await page.clock.install();
  await page.reload();
  await sendCode(page);
  await page.getByText('Send a new code in 30 s').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Send a new code' }).count(), 0);
  await page.clock.runFor(30_000);
  const again = page.waitForRequest('**/otp/start');
  await page.getByRole('button', { name: 'Send a new code', exact: true }).click();
  await again;
});

for (const [error, words] of [
  ['max_attempts', 'Too many wrong codes. Start again with a new code.'],
  ['expired', 'This code has expired. Send a new one.'],
  ['already_used', 'This code was used already. Send a new one.'],
  ['session_not_found', 'This code is no longer valid. Send a new one.'],
  ['blocked', 'Too many wrong codes. Please try again later.'],
]) {
  test(`${error} asks for a new code, and takes no other`, async (t) => {
    answer('/otp/start', started);
    answer('/otp/verify', refused(error));
    const page = await open(t);
    await sendCode(page);
    await page.getByLabel('Code', { exact: true }).fill('000000');
    await page.getByRole('alert').filter({ hasText: words }).waitFor();
    assert.ok(!(await page.getByLabel('Code', { exact: true }).isEditable()));
    await page.getByRole('button', { name: 'Use another number' }).click();
    assert.equal(await page.getByLabel('Phone number').inputValue(), NUMBER);
  });
}

for (const [error, more, words] of [
  ['invalid_phone', {}, 'That doesn’t look like a phone number. Enter it with its country code.'],
  ['rate_limited', { retry_after: 20 }, 'That was too quick. Wait 20 s and try again.'],
  ['quota_exceeded', {}, 'No codes can be sent at the moment. Please sign in another way.'],
  ['send_failed', {}, 'WhatsApp could not deliver to this number. Is it on WhatsApp?'],
  ['internal', {}, 'WhatsApp cannot be reached at the moment. Please try again soon.'],
  ['of_a_newer_server', {}, 'Something went wrong. Please try again.'],
]) {
  test(`${error} at the start is told in words`, async (t) => {
    answer('/otp/start', refused(error, more));
    const page = await open(t);
    await sendCode(page);
    await page.getByRole('alert').filter({ hasText: words }).waitFor();
    assert.ok(await page.getByLabel('Phone number').isVisible());
  });
}

test('a network that is away is told in words', async (t) => {
  const page = await open(t);
  await page.route('**/otp/start', (route) => route.abort());
  await sendCode(page);
  await page.getByRole('alert').filter({ hasText: 'No connection.' }).waitFor();
});
