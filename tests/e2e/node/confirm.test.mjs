/** Logins of an app that asks for a confirmation code, from the link to the session. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BlockedError, DeniedError, InvalidCodeError, Loggin } from '@loggin/sdk';
import { Environment } from './environment.mjs';

let environment;
let app;

before(async () => {
  environment = await Environment.start();
  app = await environment.createApp('--confirm', 'code');
});

after(() => environment.stop());

/** A login whose person has tapped Send, as far as it is then, and the digits in the chat. */
async function begin(client) {
  const { token, link } = client.createToken(app.appKey);
  const phone = await environment.newPhone();
  const updates = client.watch(token);
  const first = updates.next();
  await environment.tap(link, phone);
  assert.deepEqual((await first).value, { status: 'awaiting_confirmation', session: null });
  return { token, phone, updates, digits: await environment.digitsOn(phone) };
}

test('a login is pending, awaits the code that WhatsApp showed, and is verified by it', async () => {
  const client = new Loggin({ baseUrl: environment.url, secretKey: app.secretKey });
  assert.equal(await client.status(client.createToken(app.appKey).token), 'pending');
  const { token, phone, updates, digits } = await begin(client);
  assert.equal(await client.status(token), 'awaiting_confirmation');
  const isWrong = (error) => error instanceof InvalidCodeError && error.attemptsLeft === 5;
  await assert.rejects(client.confirm(token, 'no digits'), isWrong);
  // Whoever has the token confirms, without the key.
  await new Loggin({ baseUrl: environment.url }).confirm(token, digits);
  const { value } = await updates.next();
  assert.deepEqual([value.status, value.session.phone], ['verified', phone]);
  assert.equal((await updates.next()).done, true);
  assert.equal(await client.status(token), 'verified');
  assert.deepEqual(await client.verifyToken(token), value.session);
});

test('five wrong codes end the login', async () => {
  const client = new Loggin({ baseUrl: environment.url, secretKey: app.secretKey });
  const { token, updates, digits } = await begin(client);
  const wrong = digits === '000000' ? '000001' : '000000';
  for (const left of [4, 3, 2, 1]) {
    await assert.rejects(client.confirm(token, wrong), { code: 'invalid_code', attemptsLeft: left });
  }
  await assert.rejects(client.confirm(token, wrong), BlockedError);
  await assert.rejects(updates.next(), DeniedError);
  await assert.rejects(client.status(token), DeniedError);
});

test('the link back takes the place of the digits, for its own login alone', async () => {
  const returnTo = 'https://shop.example/login';
  const options = ['--confirm', 'code', '--allowed-origin', 'https://shop.example'];
  const { appKey, secretKey } = await environment.createApp(...options);
  const client = new Loggin({ baseUrl: environment.url, secretKey });
  const { token, link } = client.createToken(appKey);
  const phone = await environment.newPhone();
  // The server knows where the login began once the stream is ready.
  const wait = client.waitForVerify(token, { returnTo });
  while (!client.state().isConnected) {
    await new Promise(setImmediate);
  }
  await environment.tap(link, phone);
  const text = await environment.codeOn(phone);
  const [page, brought] = text.match(/^https:.*$/m)[0].split('#loggin=');
  assert.equal(page, returnTo);
  const other = client.createToken(appKey).token;
  await assert.rejects(client.confirm(other, brought), { code: 'invalid_request' });
  await client.confirm(token, brought);
  const session = await wait;
  assert.deepEqual([session.phone, session.confirmation], [phone, 'code']);
});

test('a login that asks for no code has none to confirm', async () => {
  const client = new Loggin({ baseUrl: environment.url });
  const { token } = client.createToken('8XKPQ2WN');
  await assert.rejects(client.confirm(token, '123456'), { code: 'invalid_request' });
});

test('digits are shown where the login began, and chosen in WhatsApp', async () => {
  const { appKey, secretKey } = await environment.createApp();
  const client = new Loggin({ baseUrl: environment.url, secretKey });
  const { token, link } = client.createToken(appKey);
  const phone = await environment.newPhone();
  const updates = client.watch(token, { confirm: 'match' });
  const first = updates.next();
  await environment.tap(link, phone);
  const { status, match } = (await first).value;
  assert.equal(status, 'awaiting_match');
  await environment.choose(phone, match);
  const { session } = (await updates.next()).value;
  assert.deepEqual([session.phone, session.confirmation], [phone, 'match']);
  assert.deepEqual(await client.verifyToken(token, { confirm: 'match' }), session);
  await assert.rejects(client.verifyToken(token, { confirm: 'code' }), { code: 'already_used' });
  await assert.rejects(client.verifyToken(token, { confirm: 'passkey' }), { code: 'invalid_request' });
});
