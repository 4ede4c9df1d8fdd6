/**
 * The issuer's sign-in page in a browser, before a relying party that is written here with `fetch` and Node's crypto alone:
 * with a script and without, on a computer and on a phone, in light and dark, and as axe judges it.
 *
 * `SCREENSHOTS=folder` keeps pictures.
 */

import assert from 'node:assert/strict';
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { COMPUTER, HANDSET, launch } from '../browser.mjs';
import { APP_KEY, Environment, PHONE } from '../environment.mjs';
import { isReadable, readQr } from '../senses.mjs';

/** A page that has not come to something by then, never will. */
const TIMEOUT_MS = 20_000;

/** A number that a plan knows: codes go to no other. */
const NUMBER = '919876543210';

let environment;
let browser;
let party;

before(async () => {
  environment = await Environment.start();
  browser = await launch();
  party = await RelyingParty.start();
});

after(async () => {
  await browser?.close();
  await party?.stop();
  await environment?.stop();
});

/** A client: it sends browsers to the issuer, and takes what they bring back. */
class RelyingParty {
  #server;
  #client;
  #pending = new Map();
  #discovery;

  static async start() {
    const party = new RelyingParty();
    party.#server = createServer((request, response) => {
      void party.#respond(new URL(request.url, party.url)).then((text) => {
        response.setHeader('Content-Type', 'text/plain');
        response.end(text);
      });
    });
    party.#server.listen(0, '127.0.0.1');
    await once(party.#server, 'listening');
    party.url = `http://127.0.0.1:${party.#server.address().port}`;
    party.#client = environment.createClient('--app', APP_KEY, '--redirect-uri', `${party.url}/callback`);
    const discovery = await fetch(`${environment.url}/.well-known/openid-configuration`);
    party.#discovery = await discovery.json();
    return party;
  }

  stop() {
    this.#server.close();
  }

  /** Where a browser is sent. */
  address(asks = {}) {
    const [state, nonce, verifier] = [1, 2, 3].map(() => randomBytes(32).toString('base64url'));
    this.#pending.set(state, { nonce, verifier });
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const query = new URLSearchParams({
      client_id: this.#client.client_id,
      redirect_uri: `${this.url}/callback`,
      response_type: 'code',
      scope: 'openid phone',
      state,
      nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...asks,
    });
    return `${this.#discovery.authorization_endpoint}?${query}`;
  }

  async #respond({ pathname, searchParams }) {
    if (pathname !== '/callback') {
      return 'nothing here';
    }
    const pending = this.#pending.get(searchParams.get('state'));
    assert.ok(pending && searchParams.get('iss') === environment.url);
    this.#pending.delete(searchParams.get('state'));
    const error = searchParams.get('error');
    return error ? `refused: ${error}` : await this.#signIn(searchParams.get('code'), pending);
  }

  async #signIn(code, { nonce, verifier }) {
    const { client_id: id, client_secret: secret } = this.#client;
    const response = await fetch(this.#discovery.token_endpoint, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: `${this.url}/callback`,
        code_verifier: verifier,
      }),
    });
    const tokens = await response.json();
    assert.equal(response.status, 200, JSON.stringify(tokens));
    const [head, body, signature] = tokens.id_token.split('.');
    const read = (part) => JSON.parse(Buffer.from(part, 'base64url'));
    const { keys } = await (await fetch(this.#discovery.jwks_uri)).json();
    const jwk = keys.find(({ kid }) => kid === read(head).kid);
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    assert.ok(verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')));
    const claims = read(body);
    assert.deepEqual([claims.nonce, claims.aud, claims.iss], [nonce, id, environment.url]);
    const info = await fetch(this.#discovery.userinfo_endpoint, {
      headers: { Authorization: `Bearer ${tokens.access_token}` },
    });
    return `hello ${(await info.json()).phone_number}`;
  }
}

/** A browser of its own; what its console complains of fails the test. */
async function open(t, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      problems.push(message.text());
    }
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  t.after(async () => {
    await context.close();
    assert.deepEqual(problems, []);
  });
  return page;
}

/** Everybody can read the page, and nothing of it stands beside it. */
async function judged(page, name) {
  await isReadable(page, async (theme) => {
    if (process.env.SCREENSHOTS && theme !== 'forced') {
      const path = join(process.env.SCREENSHOTS, `openid-${name}-${theme}.png`);
      await page.screenshot({ path, fullPage: true });
    }
  });
  const { scroll, width } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    width: document.documentElement.clientWidth,
  }));
  assert.ok(scroll <= width, `${name}: ${scroll} of ${width}`);
}

const link = (page) => page.locator('#link').getAttribute('href');

test('a tap signs in, and who comes again is known', async (t) => {
  const page = await open(t, COMPUTER);
  await page.goto(party.address());
  await page.getByRole('heading', { level: 1 }).waitFor();
  await judged(page, 'computer');
  const picture = page.getByRole('img', { name: 'QR code that opens WhatsApp' });
  assert.equal(readQr(await picture.screenshot()), await link(page));
  await environment.send(await link(page));
  await page.getByText(`hello +${PHONE}`).waitFor();
  await page.goto(party.address());
  await page.getByText(`hello +${PHONE}`).waitFor();
  assert.ok(page.url().startsWith(party.url));
  await page.goto(party.address({ prompt: 'select_account' }));
  await judged(page, 'choose');
  // A browser holds what follows a form to the policy of its page.
  await page.getByRole('button', { name: 'Continue as' }).click();
  await page.getByText(`hello +${PHONE}`).waitFor();
});

test('on a phone digits are typed, and cancelling is told', async (t) => {
  const page = await open(t, { ...HANDSET, locale: 'de' });
  await page.goto(party.address({ acr_values: 'urn:loggin:acr:code', ui_locales: 'en' }));
  await judged(page, 'phone');
  const seen = await environment.lastMessage();
  await environment.send(await link(page));
  const { text } = await environment.messageAfter(seen);
  await page.getByLabel('6-digit code').fill('000000');
  await judged(page, 'digits');
  await page.getByLabel('6-digit code').fill(/\d{6}/.exec(text)[0]);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText(`hello +${PHONE}`).waitFor();
  await page.goto(party.address({ prompt: 'login' }));
  await page.getByRole('button', { name: 'Anmeldung abbrechen' }).click();
  await page.getByText('refused: access_denied').waitFor();
});

test('without a script the page waits by itself, in a language written from the right', async (t) => {
  const page = await open(t, { ...HANDSET, javaScriptEnabled: false });
  await page.goto(party.address({ ui_locales: 'ar' }));
  assert.equal(await page.locator('html').getAttribute('dir'), 'rtl');
  if (process.env.SCREENSHOTS) {
    await page.screenshot({ path: join(process.env.SCREENSHOTS, 'openid-arabic.png'), fullPage: true });
  }
  await environment.send(await link(page));
  await page.getByText(`hello +${PHONE}`).waitFor();
});

test('a code is typed in the place of the link', async (t) => {
  const page = await open(t, HANDSET);
  await page.goto(party.address({ login_hint: `+${NUMBER}` }));
  await page.getByRole('button', { name: 'Use a code instead' }).click();
  assert.equal(await page.getByLabel('Phone number').inputValue(), `+${NUMBER}`);
  await judged(page, 'number');
  const seen = await environment.lastMessage(NUMBER);
  await page.getByRole('button', { name: 'Send code on WhatsApp' }).click();
  const { text } = await environment.messageAfter(seen, NUMBER);
  await judged(page, 'code');
  await page.getByLabel('Code').fill(/\d{6}/.exec(text)[0]);
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.getByText(`hello +${NUMBER}`).waitFor();
});
