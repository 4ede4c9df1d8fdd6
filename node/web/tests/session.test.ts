/** A session crosses the border between React's server and its pages, and hides whose it is when printed. */

import { inspect } from 'node:util';
import { Loggin, type Session } from '@loggin/web';
import { describe, expect, it } from 'vitest';
import { json, ScriptedServer, SESSION, stream, verified } from '../../sdk/tests/scripted-server.js';

/** What React asks of an object in `renderModel` and `isSimpleObject`. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return (
    Object.getPrototypeOf(prototype) === null &&
    Object.getOwnPropertyNames(prototype).every((name) => name in Object.prototype) &&
    Object.getOwnPropertySymbols(value).length === 0 &&
    Object.values(Object.getOwnPropertyDescriptors(value)).every(({ enumerable }) => enumerable)
  );
}

async function sessions(): Promise<[redeemed: Session, awaited: object]> {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl });
  const { token, code } = client.createToken('8XKPQ2WN');
  server.respond(json(200, { status: 'verified', ...SESSION }), stream(verified(code)));
  const redeemed = await client.verifyToken(token);
  return [redeemed ?? expect.fail(), await client.waitForVerify(token)];
}

describe('a session', () => {
  it('is a plain object', async () => {
    for (const session of await sessions()) {
      expect(isPlain(session)).toBe(true);
      expect(Object.keys(session)).toEqual(['appKey', 'phone', 'userId', 'confirmation', 'verifiedAt']);
      expect(structuredClone(session)).toEqual({ ...session });
      expect(session.toString()).toBe('[object Object]');
    }
  });

  it('hides its phone number when printed, wherever it stands', async () => {
    for (const session of await sessions()) {
      const shown = inspect({ a: [session] }, { depth: 9 });
      expect(shown).not.toContain(SESSION.phone);
      expect(shown).not.toContain(SESSION.user_id);
      expect(inspect(session)).toContain(`…${SESSION.phone.slice(-2)}`);
    }
  });

  it('is data as JSON', async () => {
    const [session] = await sessions();
    expect(JSON.parse(JSON.stringify(session))).toMatchObject({ phone: SESSION.phone });
  });
});
