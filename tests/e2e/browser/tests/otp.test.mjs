/** The form for one-time codes, before an app's own server that responds as the Loggin server does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPUTER } from '../browser.mjs';
import { button, said, setStage, statusIs } from '../stage.mjs';

const stage = setStage();

const NUMBER = '+91 98765 43210';

/** Responds on both routes of the app's server, in turn. */
function respond(path, ...responses) {
  stage.site.routes.set(path, () => (responses.length > 1 ? responses.shift() : responses[0]));
}

const started = { body: { session_id: 'session-1', expires_in: 300 } };

const refused = (error, more = {}) => ({ status: 422, body: { error, message: 'No.', ...more } });

async function open(t, options = {}) {
  stage.site.received.length = 0;
  const page = await stage.open(t, COMPUTER, { component: 'otp', strict: '', ...options });
  await country(page).waitFor();
  return page;
}

const country = (page) => page.locator('select');

const PLANS = '**/phone-plans-*.js';

async function sendCode(page) {
  await page.getByLabel('Phone number').fill(NUMBER);
  await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
}

test('a phone number, then the code that came, verify a person', async (t) => {
  respond('/otp/start', started);
  respond('/otp/verify', { body: { status: 'verified', phone: '919876543210' } });
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
    { path: '/otp/start', body: { phone: NUMBER, country_code: 'IN' } },
    { path: '/otp/verify', body: { session_id: 'session-1', otp_code: '123456' } },
  ]);
});

test('a wrong code tells the tries that are left, and the right one is taken', async (t) => {
  respond('/otp/start', started);
  respond('/otp/verify', refused('invalid_code', { attempts_left: 4 }), { body: { phone: '919876543210' } });
  const page = await open(t);
  await sendCode(page);
  await page.getByLabel('Code', { exact: true }).fill('000000');
  await page.getByRole('alert').filter({ hasText: 'That code is not right. Tries left: 4' }).waitFor();
  await page.getByLabel('Code', { exact: true }).fill('123456');
  await said(page, 'Hello');
});

test('another code is sent when the cooldown is over', async (t) => {
  respond('/otp/start', started);
  const page = await open(t);
  await page.clock.install();
  await page.reload();
  await sendCode(page);
  const wait = page.getByRole('timer').filter({ hasText: /Send a new code in \u20660:30\u2069/ });
  await wait.waitFor();
  const button = page.getByRole('button', { name: 'Send a new code' });
  assert.equal(await button.count(), 0);
  await page.clock.runFor(30_000);
  const again = page.waitForRequest('**/otp/start');
  await button.click();
  await again;
  // The button has gone, and the focus is where the next code goes.
  await wait.waitFor();
  assert.ok(
    await page.getByLabel('Code', { exact: true }).evaluate((field) => field === document.activeElement),
  );
});

for (const [error, words] of [
  ['max_attempts', 'Too many wrong codes. Start again with a new code.'],
  ['expired', 'This code has expired. Send a new one.'],
  ['already_used', 'This code was used already. Send a new one.'],
  ['session_not_found', 'This code is no longer valid. Send a new one.'],
  ['blocked', 'Too many wrong codes. Please try again later.'],
]) {
  test(`${error} asks for a new code, and takes no other`, async (t) => {
    respond('/otp/start', started);
    respond('/otp/verify', refused(error));
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
    respond('/otp/start', refused(error, more));
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

/** What stands in the field, with `|` for the caret. */
const written = (page) =>
  page
    .getByLabel('Phone number')
    .evaluate(({ value, selectionStart: at }) => `${value.slice(0, at)}|${value.slice(at)}`);

test('a number is written as its country writes it, and the caret stays where it is', async (t) => {
  const page = await open(t);
  assert.equal(await country(page).inputValue(), 'US');
  await page.getByLabel('Phone number').focus();
  const { keyboard } = page;
  await keyboard.type('2133734253');
  assert.equal(await written(page), '(213) 373-4253|');
  for (let count = 0; count < 8; count++) {
    await keyboard.press('ArrowLeft');
  }
  assert.equal(await written(page), '(213) |373-4253');
  await keyboard.press('Backspace');
  assert.equal(await written(page), '(21|3) 734-253');
  await keyboard.type('9');
  assert.equal(await written(page), '(219|) 373-4253');
  await keyboard.press('Delete');
  assert.equal(await written(page), '(219|) 734-253');
});

test('a number that names its country chooses it, and a keyboard chooses another', async (t) => {
  respond('/otp/start', started);
  const page = await open(t);
  await page.getByLabel('Phone number').pressSequentially('0049');
  assert.equal(await country(page).inputValue(), 'DE');
  await page.getByLabel('Phone number').fill('+919876543210');
  assert.equal(await country(page).inputValue(), 'IN');
  await page.keyboard.press('Shift+Tab');
  assert.ok(await page.getByLabel('Country').evaluate((select) => select === document.activeElement));
  await page.keyboard.type('Braz');
  assert.equal(await country(page).inputValue(), 'BR');
  const sent = page.waitForRequest('**/otp/start');
  await page.getByLabel('Phone number').press('Enter');
  assert.deepEqual((await sent).postDataJSON(), { phone: '(98) 7654-3210', country_code: 'BR' });
});

test('the plans of all phone numbers are loaded with the form, and it does without them', async (t) => {
  respond('/otp/start', started);
  const page = await stage.open(t, COMPUTER, { ways: '1', appName: 'Acme' });
  let asked = 0;
  await page.route(PLANS, (route) => {
    asked++;
    return route.abort();
  });
  await page.reload();
  await button(page).click();
  await statusIs(page, 'pending');
  assert.equal(asked, 0);
  const refused = page.waitForEvent('requestfailed', (request) => request.url().includes('/phone-plans-'));
  await page.getByRole('button', { name: 'Use a code instead' }).click();
  await refused;
  await page.getByText('With country code').waitFor();
  assert.equal(await country(page).count(), 0);
  const sent = page.waitForRequest('**/otp/start');
  await sendCode(page);
  assert.deepEqual((await sent).postDataJSON(), { phone: NUMBER });
});
