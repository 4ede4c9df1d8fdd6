/** Whose tokens an app redeems, how often, and on which of its nodes: against the real server, without a browser. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Loggin } from '../../../../node/web/dist/esm/index.js';
import { Environment, PHONE } from '../../browser/environment.mjs';
import { App, VERSIONS } from '../app.mjs';

for (const version of VERSIONS) {
  describe(`redeeming, Next.js ${version}`, () => {
    let environment;
    let ours;
    let theirs;
    /** Two nodes of one app. */
    let nodes;

    before(async () => {
      environment = await Environment.start();
      ours = environment.createApp('--confirm', 'reply');
      theirs = environment.createApp('--confirm', 'reply', '--require-secret-key', 'false');
      const env = {
        LOGGIN_BASE_URL: environment.url,
        LOGGIN_APP_KEY: ours.appKey,
        LOGGIN_SECRET_KEY: ours.secretKey,
      };
      nodes = await Promise.all([App.start(version, env), App.start(version, env)]);
    });
    after(async () => {
      await Promise.all((nodes ?? []).map((node) => node.stop()));
      await environment?.stop();
    });

    const sent = async (link) => {
      const seen = await environment.lastMessage();
      await environment.send(link);
      await environment.messageAfter(seen);
    };

    const post = async (node, path, { cookie = '', ...body } = {}) => {
      const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', cookie };
      const response = await node.send(path, { method: 'POST', headers, body: JSON.stringify(body) });
      const cookies = (response.headers['set-cookie'] ?? []).map((each) => each.split(';')[0]);
      return { status: response.status, cookies, ...(response.text && { body: JSON.parse(response.text) }) };
    };

    const loginOf = ({ appKey }) => new Loggin({ baseUrl: environment.url }).createToken(appKey);

    test('a token signs in once, also where another node is asked', async () => {
      const { token, link } = loginOf(ours);
      assert.deepEqual(await post(nodes[0], '/api/redeem', { token }), {
        status: 200,
        cookies: [],
        body: { status: 'pending' },
      });
      await sent(link);
      const first = await post(nodes[0], '/api/redeem', { token });
      assert.deepEqual([first.status, first.cookies.length], [200, 1]);
      for (const node of nodes) {
        const again = await post(node, '/api/redeem', { token });
        assert.deepEqual(again, { status: 409, cookies: [], body: { error: 'already_used' } });
      }
    });

    test('a token of another app signs nobody in, and alarms nobody', async () => {
      const { token, link } = loginOf(theirs);
      // Its own server waits for it, and hands in here what somebody signed in to there.
      assert.equal(await new Loggin({ baseUrl: environment.url }).verifyToken(token), null);
      await sent(link);
      const told = nodes[0].output;
      assert.deepEqual(await post(nodes[0], '/api/redeem', { token }), {
        status: 400,
        cookies: [],
        body: { error: 'unknown_app' },
      });
      assert.equal(nodes[0].output, told);
    });

    test('who signs out everywhere is signed out in each browser, and may sign in again', async () => {
      const [node] = nodes;
      const signIn = async () => {
        const { token, link } = loginOf(ours);
        await post(node, '/api/redeem', { token });
        await sent(link);
        return (await post(node, '/api/redeem', { token })).cookies[0];
      };
      const session = async (cookie) =>
        JSON.parse((await node.send('/api/session', { headers: { cookie } })).text).session;
      const browsers = [await signIn(), await signIn()];
      const { jti, ...shown } = await session(browsers[0]);
      assert.deepEqual([shown.phone, shown.appKey, shown.claims], [PHONE, ours.appKey, {}]);
      assert.notEqual((await session(browsers[1])).jti, jti);
      const everywhere = await post(node, '/api/everywhere', { cookie: browsers[1] });
      assert.deepEqual([everywhere.status, everywhere.cookies], [204, ['__Host-loggin=']]);
      assert.deepEqual([await session(browsers[0]), await session(browsers[1])], [null, null]);
      const again = await signIn();
      assert.equal((await session(again)).phone, PHONE);
      const headers = { cookie: again, 'sec-fetch-site': 'cross-site' };
      assert.equal((await node.send('/api/session', { method: 'DELETE', headers })).status, 403);
    });

    test('who says that it was not them is signed out, once the app asks again', async () => {
      const { token, link } = loginOf(ours);
      const [node] = nodes;
      await post(node, '/api/redeem', { token });
      await sent(link);
      const [cookie] = (await post(node, '/api/redeem', { token })).cookies;
      // It returns when the server has taken it.
      await environment.control(`phones/${PHONE}/tap`, {});
      const { text } = await node.send('/api/session', { headers: { cookie } });
      assert.equal(JSON.parse(text).session, null);
    });

    test('a login of the server is finished by any node, also where the response of another was lost', async () => {
      const begun = await post(nodes[0], '/api/login/begin');
      const [cookie] = begun.cookies;
      const { login, link } = begun.body;
      assert.equal(cookie.startsWith(`__Host-loggin-login-${login}=`), true);
      await environment.send(link);
      /** Asks until it is over, as a page does, and gives the cookies of the response. */
      const finished = async (node, jar) => {
        for (let known; ; ) {
          const { status, cookies, body } = await post(node, '/api/login/wait', {
            cookie: jar,
            login,
            known,
          });
          if (status !== 202) {
            assert.deepEqual([status, body], [200, { status: 'verified' }]);
            return cookies;
          }
          known = body.status;
        }
      };
      const sessions = [];
      for (const node of nodes) {
        const cookies = await finished(node, cookie);
        assert.ok(cookies.includes(`__Host-loggin-login-${login}=`), 'its own cookie is taken back');
        sessions.push(cookies.find((each) => /^__Host-loggin=./.test(each)));
      }
      // The cookies of a response arrived, and its rest was lost.
      assert.deepEqual(await finished(nodes[0], sessions[1]), []);
      assert.equal(
        (await post(nodes[0], '/api/login/wait', { cookie, login: crypto.randomUUID() })).status,
        410,
      );
    });

    test('each login has a cookie of its own; a browser keeps few, and gives up the one that is replaced', async () => {
      const jar = new Map();
      const begin = async (body) => {
        const cookie = [...jar].map((each) => each.join('=')).join('; ');
        const response = await post(nodes[0], '/api/login/begin', { cookie, ...body });
        for (const [name, value] of response.cookies.map((each) => each.split('='))) {
          value ? jar.set(name, value) : jar.delete(name);
        }
        return response.body.login;
      };
      const logins = [];
      for (let count = 0; count < 8; count++) {
        logins.push(await begin());
      }
      const named = (login) => `__Host-loggin-login-${login}`;
      assert.deepEqual([...jar.keys()], logins.slice(2).map(named));
      const next = await begin({ replaces: logins[5] });
      assert.deepEqual([jar.has(named(logins[5])), jar.has(named(next))], [false, true]);
    });

    test('who takes the cookie of another login gets that login alone', async () => {
      const begun = await post(nodes[0], '/api/login/begin');
      const { login } = begun.body;
      const [cookie] = begun.cookies;
      const other = (await post(nodes[0], '/api/login/begin')).body.login;
      const altered = `${cookie.slice(0, -2)}${cookie.endsWith('AA') ? 'BB' : 'AA'}`;
      const renamed = cookie.replace(login, other);
      for (const [jar, asked] of [
        [altered, login],
        [renamed, other],
        [undefined, login],
      ]) {
        const { status, body } = await post(nodes[1], '/api/login/wait', { cookie: jar, login: asked });
        assert.deepEqual([status, body], [410, { error: 'expired' }]);
      }
    });
  });
}
