/** Programs with the OpenID library of somebody else, built from their pages, sign somebody in by the issuer. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Environment, PHONE } from '../../browser/environment.mjs';
import { Site, Traveller } from '../site.mjs';

/** A form of Auth.js, which takes none without its token. */
async function byAuthJs(traveller, url, path, fields) {
  const { text } = await traveller.go(`${url}/auth/csrf`);
  const { csrfToken } = JSON.parse(text);
  return traveller.go(`${url}/auth/${path}`, {
    method: 'POST',
    body: new URLSearchParams({ csrfToken, ...fields }),
  });
}

/** What each page says of its client, how somebody begins there, and how they leave where it has a way to. */
const PROGRAMS = [
  {
    name: 'openid-client',
    callback: '/callback',
    options: ['--post-logout-redirect-uri', 'http://127.0.0.1/'],
    begin: (traveller, url) => traveller.go(`${url}/login`),
    leave: (traveller, url) => traveller.go(`${url}/logout`, { method: 'POST' }),
  },
  {
    name: 'authlib',
    callback: '/callback',
    begin: (traveller, url) => traveller.go(`${url}/login`),
    leave: (traveller, url) => traveller.go(`${url}/logout`, { method: 'POST' }),
  },
  {
    name: 'authjs',
    callback: '/auth/callback/whatsapp',
    begin: (traveller, url) => byAuthJs(traveller, url, 'signin/whatsapp', { callbackUrl: `${url}/` }),
    leave: (traveller, url) => byAuthJs(traveller, url, 'signout', {}),
  },
  {
    name: 'better-auth',
    callback: '/api/auth/callback/whatsapp',
    options: ['--email-domain', 'whatsapp.invalid'],
    // In production it takes three sign-ins in ten seconds.
    more: { NODE_ENV: 'development' },
    begin: async (traveller, url) => {
      const { text } = await traveller.go(`${url}/api/auth/sign-in/social`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ provider: 'whatsapp', callbackURL: '/' }),
      });
      return traveller.go(JSON.parse(text).url);
    },
    leave: (traveller, url) =>
      traveller.go(`${url}/api/auth/sign-out`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      }),
  },
];

for (const { name, callback, options = [], more = {}, begin, leave } of PROGRAMS) {
  describe(`openid: ${name}`, () => {
    let environment;
    let site;

    before(async () => {
      environment = await Environment.start();
      const { appKey } = environment.createApp();
      const words = ['--app', appKey, '--redirect-uri', `http://127.0.0.1${callback}`, ...options];
      const { client_id: id, client_secret: secret } = environment.createClient(...words);
      const env = { ISSUER: environment.url, CLIENT_ID: id, CLIENT_SECRET: secret, ...more };
      site = await Site.start(`openid/${name}`, env, '/auth');
    });

    after(async () => {
      await site?.stop();
      await environment?.stop();
    });

    const isIn = async (traveller) =>
      (await traveller.go(`${site.url}/`)).text.includes(`You are +${PHONE}.`);

    /** From the program to the issuer's page, whose link is tapped, and back. */
    const signIn = async (traveller) => {
      const page = await begin(traveller, site.url);
      assert.equal(new URL(page.url).origin, environment.url, page.text);
      const [, link] = page.text.match(/ id="link" href="([^"]+)"/);
      await environment.send(link.replaceAll('&amp;', '&'));
      return traveller.go(page.url);
    };

    test('somebody signs in, and out', async () => {
      const traveller = new Traveller();
      assert.equal(await isIn(traveller), false);
      const landed = await signIn(traveller);
      assert.deepEqual([landed.url, landed.status], [`${site.url}/`, 200], landed.text);
      assert.equal(await isIn(traveller), true);
      assert.equal(await isIn(new Traveller()), false);
      await leave(traveller, site.url);
      assert.equal(await isIn(traveller), false);
    });

    test('who is known to the issuer needs no message', async () => {
      const traveller = new Traveller();
      await signIn(traveller);
      const landed = await begin(traveller, site.url);
      assert.deepEqual([landed.url, await isIn(traveller)], [`${site.url}/`, true]);
    });

    test('a response that nobody asked for, or of another browser, signs nobody in', async () => {
      const stranger = new Traveller();
      await stranger.go(`${site.url}${callback}?code=stolen&state=guessed`);
      assert.equal(await isIn(stranger), false);
      const traveller = new Traveller();
      const { url } = await begin(traveller, site.url);
      const cancelled = await traveller.go(`${environment.url}/openid/sign-in`, {
        method: 'POST',
        body: new URLSearchParams({ request: new URL(url).searchParams.get('request'), act: 'cancel' }),
      });
      assert.equal(new URL(cancelled.url).origin, site.url);
      assert.equal(await isIn(traveller), false);
      // Auth.js and better-auth lead to pages of their own.
      assert.ok(cancelled.status >= 400 || /error/i.test(cancelled.url + cancelled.text), cancelled.text);
    });
  });
}
