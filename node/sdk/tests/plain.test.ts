/** Results cross the border between React's server and its pages, and hide what is personal when they are printed. */

import { inspect } from 'node:util';
import { Loggin } from '@loggin/sdk';
import { describe, expect, it } from 'vitest';
import { json, ScriptedServer, SESSION, stream, verified } from './scripted-server.js';

const SECRET_KEY = 'lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK';
const META = { cart: 'secret-cart' };

/** What React asks of an object in `renderModel` and `isSimpleObject`. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return (
    (prototype === Object.prototype || Object.getPrototypeOf(prototype) === null) &&
    Object.getOwnPropertyNames(prototype).every((name) => name in Object.prototype) &&
    Object.getOwnPropertySymbols(value).length === 0 &&
    Object.values(Object.getOwnPropertyDescriptors(value)).every(({ enumerable }) => enumerable)
  );
}

const server = async (): Promise<[ScriptedServer, Loggin]> => {
  const scripted = await ScriptedServer.start();
  return [scripted, new Loggin({ baseUrl: scripted.baseUrl, secretKey: SECRET_KEY })];
};

async function sessions(): Promise<object[]> {
  const [scripted, client] = await server();
  const { token, code } = client.createToken('8XKPQ2WN');
  scripted.respond(json(200, { status: 'verified', ...SESSION }), stream(verified(code)));
  return [(await client.verifyToken(token)) ?? expect.fail(), await client.waitForVerify(token)];
}

async function codes(): Promise<[started: object, checked: object]> {
  const [scripted, client] = await server();
  const started = { session_id: 'one', expires_in: 300, sent_via_engine: true, quota_remaining: null };
  const checked = { status: 'verified', phone: SESSION.phone, verified_at: SESSION.verified_at, meta: META };
  scripted.respond(json(200, started), json(200, checked));
  const session = await client.otp.start({ phone: SESSION.phone });
  return [session, await client.otp.verify({ sessionId: 'one', otpCode: '123456' })];
}

it('a login in place of its token is refused without being shown', async () => {
  const client = new Loggin();
  const login = client.createToken('8XKPQ2WN');
  const given = login as unknown as string;
  const ends = await Promise.allSettled([
    client.waitForVerify(given),
    client.verifyToken(given),
    (async () => client.loginId(given))(),
  ]);
  for (const end of ends) {
    expect(end).toMatchObject({ status: 'rejected', reason: { code: 'invalid_token' } });
    expect(inspect(end)).not.toContain(login.token);
  }
});

describe('what a client returns', () => {
  it('is a plain object, and can be cloned', async () => {
    for (const result of [...(await sessions()), ...(await codes())]) {
      expect(isPlain(result)).toBe(true);
      expect(structuredClone(result)).toEqual({ ...result });
      expect(`${result}`).toBe('[object Object]');
    }
  });

  it('hides the phone number, the user id and the meta when printed, wherever it stands', async () => {
    const [, checked] = await codes();
    for (const result of [...(await sessions()), checked]) {
      const shown = `${inspect({ a: [result] }, { depth: 9 })} ${inspect(result, { showHidden: true })}`;
      expect(shown).not.toContain(SESSION.phone);
      expect(shown).not.toContain(SESSION.user_id);
      expect(shown).not.toContain(SESSION.subject);
      expect(shown).not.toContain(META.cart);
      expect(inspect(result)).toContain(`…${SESSION.phone.slice(-2)}`);
    }
  });

  it('is data as JSON', async () => {
    const [session] = await sessions();
    expect(JSON.parse(JSON.stringify(session))).toEqual({
      appKey: '8XKPQ2WN',
      phone: SESSION.phone,
      userId: SESSION.user_id,
      subject: SESSION.subject,
      confirmation: 'none',
      assurance: 'normal',
      verifiedAt: SESSION.verified_at,
    });
    const [, checked] = await codes();
    expect(JSON.parse(JSON.stringify(checked))).toMatchObject({ phone: SESSION.phone, meta: META });
  });
});
