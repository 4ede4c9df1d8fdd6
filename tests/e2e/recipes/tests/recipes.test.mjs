/** Each recipe, built from its page, signs somebody in, and lets nobody else to its dashboard. */

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Loggin } from '../../../../node/web/dist/esm/index.js';
import { CHROMIUM, launch } from '../../browser/browser.mjs';
import { Environment, PHONE } from '../../browser/environment.mjs';
import { blocksOf, ROOT } from '../pages.mjs';
import { PROTOCOL, SECRET, Site, Visitor } from '../site.mjs';

/** A form of the login page with the token, as its script submits it. */
async function submitsForm(visitor, token, options) {
  const { status, location, text } = await visitor.visit('/login', {
    method: 'POST',
    form: { token },
    ...options,
  });
  return { isIn: status === 303 && location === '/dashboard', status, text };
}

/** What the server action of the page ends in, by the route that Auth.js has for forms. */
async function callsBack(visitor, token, options) {
  const csrf = await visitor.visit('/api/auth/csrf');
  const form = { csrfToken: JSON.parse(csrf.text).csrfToken, token, callbackUrl: '/dashboard' };
  const { status, location, code } = await visitor.visit('/api/auth/callback/whatsapp', {
    method: 'POST',
    form: options ? { ...form, csrfToken: 'another' } : form,
    ...options,
  });
  return { isIn: location === '/dashboard', status, text: code };
}

const RECIPES = [
  { recipe: 'sveltekit', cookie: '__Host-session', handIn: submitsForm, signOut: '/dashboard?/signOut' },
  { recipe: 'astro', cookie: '__Host-session', handIn: submitsForm, signOut: '/dashboard' },
  { recipe: 'hono', cookie: '__Host-session', signOut: '/logout' },
  { recipe: 'authjs', cookie: 'authjs.session-token', handIn: callsBack },
];

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A session of nobody's making: without a signature, with another's, and one that has ended. */
function forgeries() {
  const claims = { phone: PHONE, sub: PHONE, exp: Math.floor(Date.now() / 1000) + 3600 };
  const jwt = (head, body, key) => {
    const text = `${part(head)}.${part(body)}`;
    return `${text}.${key ? createHmac('sha256', key).update(text).digest('base64url') : ''}`;
  };
  return [
    'nonsense',
    part({ phone: PHONE }),
    jwt({ alg: 'none' }, claims),
    jwt({ alg: 'HS256' }, claims, 'another-secret-of-more-than-32-bytes-or-so'),
    jwt({ alg: 'HS256' }, { ...claims, exp: 1 }, SECRET),
  ];
}

/** Does what a person does in a browser, in a page that complains of nothing. */
async function inBrowser(site, steps, options) {
  const browser = await launch();
  try {
    const page = await browser.newPage(options);
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.route(`${site.url}/**`, async (route) =>
      route.continue({ headers: { ...(await route.request().allHeaders()), [PROTOCOL]: 'http' } }),
    );
    await steps(page);
    // What the page asks for at its end is on its way.
    await page.unrouteAll({ behavior: 'wait' });
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
}

/** The link of a page, once it is there. */
async function linkOf(page) {
  const link = page.locator('a[href*="/l/"]');
  await link.waitFor();
  return link;
}

/** The first questions of a page are lost: one on the way, one to a server that is not there. */
async function losesQuestions(page) {
  const fates = [(route) => route.abort(), (route) => route.fulfill({ status: 503 })];
  await page.route('**/wait', (route) => (fates.shift() ?? ((each) => each.fallback()))(route));
  return fates;
}

for (const { recipe, cookie, handIn, signOut } of RECIPES) {
  describe(recipe, () => {
    let environment;
    let site;

    before(async () => {
      environment = await Environment.start();
      const { appKey, secretKey } = environment.createApp();
      const env = { LOGGIN_BASE_URL: environment.url, LOGGIN_APP_KEY: appKey, LOGGIN_SECRET_KEY: secretKey };
      site = await Site.start(recipe, env);
      Object.assign(site, { appKey, env, secretKey });
    });

    after(async () => {
      await site?.stop();
      await environment?.stop();
    });

    const created = (appKey = site.appKey) => new Loggin({ baseUrl: environment.url }).createToken(appKey);

    const isOutside = async (visitor) => {
      const { status, location, text } = await visitor.visit('/dashboard');
      assert.equal(text.includes(PHONE), false);
      return [302, 303, 307].includes(status) && location === '/login';
    };

    /** Signs in as the recipe's page does. */
    const signIn = async (visitor) => {
      if (handIn) {
        const { token, link } = created();
        await environment.send(link);
        assert.equal((await handIn(visitor, token)).isIn, true);
        return;
      }
      const { text } = await visitor.visit('/login', { method: 'POST' });
      const waited = visitor.visit('/wait', { method: 'POST' });
      await environment.send(text.match(/<a href="([^"]+)"/)[1].replaceAll('&amp;', '&'));
      assert.equal((await waited).status, 204);
    };

    test('the dashboard is for people who are signed in', async () => {
      assert.equal(await isOutside(new Visitor(site)), true);
      for (const forged of forgeries()) {
        const visitor = new Visitor(site);
        visitor.cookies.set(cookie, forged);
        assert.equal(await isOutside(visitor), true, forged);
      }
      for (const path of [
        '/dashboard/',
        '//dashboard',
        '/Dashboard',
        '/dashboard%2f',
        '/dashboard/__data.json',
      ]) {
        assert.equal((await new Visitor(site).visit(path)).text.includes('You are'), false, path);
      }
    });

    test('somebody signs in, and out', async () => {
      const visitor = new Visitor(site);
      await signIn(visitor);
      const page = await visitor.visit('/dashboard');
      assert.equal(page.status, 200);
      assert.ok(page.text.replaceAll('<!-- -->', '').includes(`You are +${PHONE}`), page.text);
      assert.match(page.headers.get('cache-control'), /no-store/);
      const line = visitor.set.findLast((each) => each.startsWith(`${cookie}=`));
      assert.match(line, /; HttpOnly/i);
      assert.match(line, /; SameSite=lax/i);
      assert.match(line, /; Path=\/(;|$)/i);
      assert.equal(/; Secure/i.test(line), cookie.startsWith('__Host-'));
      assert.equal((await new Visitor(site).visit('/login')).text.includes(site.secretKey), false);
      if (signOut) {
        assert.equal((await visitor.visit(signOut, { method: 'POST', form: {} })).status, 303);
        assert.equal(await isOutside(visitor), true);
      }
    });

    if (handIn) {
      test('tokens that nobody has sent, of another app, or of nothing sign nobody in', async () => {
        const other = environment.createApp('--require-secret-key', 'false');
        const foreign = created(other.appKey);
        await environment.send(foreign.link);
        const tries = [
          [created().token, 'pending'],
          [foreign.token, 'unknown_app'],
          ['nonsense', 'invalid_token'],
        ];
        for (const [token, code] of tries) {
          const visitor = new Visitor(site);
          const { isIn, text } = await handIn(visitor, token);
          assert.deepEqual([isIn, visitor.cookies.has(cookie)], [false, false], code);
          assert.ok(text.includes(code), `${code}: ${text}`);
          assert.equal(await isOutside(visitor), true);
        }
      });

      test('a form of another site signs nobody in', async () => {
        const { token, link } = created();
        await environment.send(link);
        const visitor = new Visitor(site);
        await handIn(visitor, token, { origin: 'https://evil.example' });
        assert.equal(visitor.cookies.has(cookie), false);
        assert.equal((await handIn(new Visitor(site), token)).isIn, true);
      });
    } else {
      test('a question whose response a node has lost is asked another node, and one without a login gets a response', async () => {
        assert.deepEqual((await new Visitor(site).visit('/wait', { method: 'POST' })).status, 410);
        const visitor = new Visitor(site);
        const { text } = await visitor.visit('/login', { method: 'POST' });
        const other = await Site.start(recipe, site.env);
        const attempt = new Visitor(other);
        attempt.cookies = new Map(visitor.cookies);
        await environment.send(text.match(/<a href="([^"]+)"/)[1]);
        // The first response never reaches the page: its cookies are those of before.
        try {
          assert.equal((await attempt.visit('/wait', { method: 'POST' })).status, 204);
        } finally {
          await other.stop();
        }
        assert.equal((await visitor.visit('/wait', { method: 'POST' })).status, 204);
        assert.equal((await visitor.visit('/dashboard')).status, 200);
      });

      test('a form of another site begins nothing', async () => {
        const options = { method: 'POST', form: {}, origin: 'https://evil.example' };
        assert.equal((await new Visitor(site).visit('/login', options)).status, 403);
      });
    }

    if (CHROMIUM) {
      test('in a browser: the page, its link, and the dashboard', async () =>
        inBrowser(site, async (page) => {
          const fates = handIn ? [] : await losesQuestions(page);
          await page.goto(`${site.url}/login`);
          if (!handIn) {
            await page.getByRole('button').click();
          }
          const link = await linkOf(page);
          const href = await link.getAttribute('href');
          // The button of @loggin/react begins to wait when it is pressed.
          if (recipe === 'authjs') {
            await link.click();
          }
          await environment.send(href);
          await page.getByText(`You are +${PHONE}`).waitFor();
          assert.equal(new URL(page.url()).pathname, '/dashboard');
          assert.equal(fates.length, 0);
          await page.getByRole('button', { name: 'Sign out' }).click();
          await page.waitForURL((url) => url.pathname !== '/dashboard');
        }));
    }
  });
}

describe('next-intl', () => {
  let environment;
  let site;

  before(async () => {
    environment = await Environment.start();
    const { appKey, secretKey } = environment.createApp();
    const env = { LOGGIN_BASE_URL: environment.url, LOGGIN_APP_KEY: appKey, LOGGIN_SECRET_KEY: secretKey };
    site = await Site.start('next-intl', env);
  });

  after(async () => {
    await site?.stop();
    await environment?.stop();
  });

  test('the guard is in front of every language, and of what has none', async () => {
    const guarded = ['/dashboard', '/fr/dashboard', '/en/dashboard', '/de/dashboard', '/dashboard/a.png'];
    for (const path of guarded) {
      const { status, headers } = await new Visitor(site).visit(path);
      const { pathname, searchParams } = new URL(headers.get('location'), site.url);
      assert.deepEqual([status, pathname, searchParams.get('returnTo')], [307, '/login', path]);
    }
    // Not even where another cookie says which language it is.
    const visitor = new Visitor(site);
    visitor.cookies.set('NEXT_LOCALE', 'fr');
    assert.equal((await visitor.visit('/dashboard')).location, '/login');
  });

  test('next-intl goes on behind it: it rewrites, redirects, and keeps the query', async () => {
    const visitor = new Visitor(site);
    const english = await visitor.visit('/login?returnTo=%2Fdashboard');
    assert.match(english.text, /<html lang="en"/);
    assert.match(english.text, /Continue with WhatsApp/);
    visitor.cookies.set('NEXT_LOCALE', 'fr');
    const { status, headers } = await visitor.visit('/login?returnTo=%2Ffr%2Fdashboard');
    const { pathname, search } = new URL(headers.get('location'), site.url);
    assert.deepEqual([status, pathname + search], [307, '/fr/login?returnTo=%2Ffr%2Fdashboard']);
    const french = await visitor.visit('/fr/login');
    assert.match(french.text, /<html lang="fr"/);
    assert.match(french.text, /Continuer avec WhatsApp/);
    assert.match(french.headers.get('link'), /hreflang="en"/);
    assert.equal((await visitor.visit('/api/nothing')).status, 404);
  });

  if (CHROMIUM) {
    test('in a browser: signed in and out in French, and in the other language too', async () =>
      inBrowser(
        site,
        async (page) => {
          await page.goto(`${site.url}/fr/dashboard`);
          const { pathname, search } = new URL(page.url());
          assert.equal(pathname + search, '/fr/login?returnTo=%2Ffr%2Fdashboard');
          await page.getByRole('heading', { name: 'Se connecter' }).waitFor();
          const link = await linkOf(page);
          const href = await link.getAttribute('href');
          assert.equal(new URL(href).searchParams.get('lang'), 'fr');
          await link.click();
          await environment.send(href);
          await page.getByText(`Vous êtes +${PHONE}`).waitFor();
          assert.equal(new URL(page.url()).pathname, '/fr/dashboard');

          const [session] = (await page.context().cookies()).filter(({ name }) => name === '__Host-loggin');
          assert.deepEqual([session.httpOnly, session.secure], [true, true]);
          // What next-intl writes anew for `/dashboard` is as private as what was asked for.
          await page.context().clearCookies({ name: 'NEXT_LOCALE' });
          const response = await page.goto(`${site.url}/en/dashboard`);
          await page.getByText(`You are +${PHONE}`).waitFor();
          assert.equal(new URL(page.url()).pathname, '/dashboard');
          assert.match(response.headers()['cache-control'], /no-store/);

          await page.goto(`${site.url}/fr/dashboard`);
          await page.getByRole('button', { name: 'Se déconnecter' }).click();
          await page.getByRole('heading', { name: 'Accueil' }).waitFor();
          await page.goto(`${site.url}/fr/dashboard`);
          assert.equal(new URL(page.url()).pathname, '/fr/login');
        },
        { locale: 'fr-FR' },
      ));
  }
});

test('the page for Express has the file of the example', () => {
  const files = blocksOf('docs/recipes/express.md').filter(({ title }) => title);
  assert.deepEqual(
    files.map(({ title, text }) => [title, text]),
    [['app.js', readFileSync(`${ROOT}/examples/express/app.js`, 'utf8')]],
  );
});

if (CHROMIUM) {
  describe('express in a browser', () => {
    let environment;
    let site;

    before(async () => {
      environment = await Environment.start();
      site = await Site.start('express', { LOGGIN_BASE_URL: environment.url, NODE_ENV: 'development' });
    });

    after(async () => {
      await site?.stop();
      await environment?.stop();
    });

    test('lost questions are asked again', async () =>
      inBrowser(site, async (page) => {
        const fates = await losesQuestions(page);
        await page.goto(site.url);
        await page.getByRole('button').click();
        const link = await linkOf(page);
        await environment.send(await link.getAttribute('href'));
        await page.getByText(`Hello, +${PHONE}`).waitFor();
        assert.equal(fates.length, 0);
      }));

    test('a login that is over is told', async () =>
      inBrowser(site, async (page) => {
        await page.goto(site.url);
        await page.route('**/wait', (route) => route.fulfill({ status: 410, body: 'expired' }));
        await page.getByRole('button').click();
        await page.getByRole('alert').filter({ hasText: 'The link has expired.' }).waitFor();
      }));
  });
} else {
  console.log('skipped: the recipes in a browser, as no Chromium is installed');
}
