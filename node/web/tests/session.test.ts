/** A session crosses the border between React's server and its pages, and hides whose it is when printed. */

import { inspect } from 'node:util';
import { Loggin, type LogginOptions, type Session } from '@loggin/web';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { event, json, ScriptedServer, SESSION, stream, verified } from '../../sdk/tests/scripted-server.js';

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
      expect(Object.keys(session)).toEqual([
        'appKey',
        'phone',
        'userId',
        'subject',
        'confirmation',
        'assurance',
        'verifiedAt',
      ]);
      expect(structuredClone(session)).toEqual({ ...session });
      expect(session.toString()).toBe('[object Object]');
    }
  });

  it('hides whose it is when printed, wherever it stands', async () => {
    for (const session of await sessions()) {
      const shown = inspect({ a: [session] }, { depth: 9 });
      expect(shown).not.toContain(SESSION.phone);
      expect(shown).not.toContain(SESSION.user_id);
      expect(shown).not.toContain(SESSION.subject);
      expect(inspect(session)).toContain(`…${SESSION.phone.slice(-2)}`);
    }
  });

  it('is data as JSON', async () => {
    const [session] = await sessions();
    expect(JSON.parse(JSON.stringify(session))).toMatchObject({ phone: SESSION.phone });
  });
});

describe('the phone number', () => {
  const NAMELESS = { status: 'verified', ...SESSION, phone: null, assurance: 'changed' };

  async function start<Required extends boolean = true>(options: LogginOptions<Required> = {}) {
    const server = await ScriptedServer.start();
    const client = new Loggin({ baseUrl: server.baseUrl, ...options });
    const { token, code } = client.createToken('8XKPQ2WN');
    server.respond(
      json(200, NAMELESS),
      stream(event('ready', { pending: 0 }) + event('verified', { code, session: NAMELESS })),
    );
    return { server, client, token };
  }

  it('may be missing for who says so, of the client or of a call', async () => {
    for (const [options, call] of [
      [{ requirePhone: false }, {}],
      [{}, { requirePhone: false }],
    ] as const) {
      const { server, client, token } = await start<boolean>(options);
      const redeemed = await client.verifyToken(token, call);
      expect(redeemed).toMatchObject({ phone: null, subject: SESSION.subject, assurance: 'changed' });
      expect(await client.waitForVerify(token, call)).toMatchObject({ phone: null });
      expect(server.received.map(({ body }) => body.phone)).toEqual(['optional', 'optional']);
    }
  });

  it('is never missing for anybody else', async () => {
    const { server, client, token } = await start();
    await expect(client.verifyToken(token)).rejects.toMatchObject({ code: 'invalid_response' });
    await expect(client.waitForVerify(token)).rejects.toMatchObject({ code: 'invalid_response' });
    expect(server.received.map(({ body }) => body.phone)).toEqual([undefined, undefined]);
    const lenient = await start({ requirePhone: false });
    const strict = lenient.client.verifyToken(lenient.token, { requirePhone: true });
    await expect(strict).rejects.toMatchObject({ code: 'invalid_response' });
  });

  it('is required or not, and nothing else', async () => {
    const { client, token } = await start();
    const call = { requirePhone: 'no' as unknown as boolean };
    await expect(client.verifyToken(token, call)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(() => new Loggin(call)).toThrow(expect.objectContaining({ code: 'invalid_config' }));
  });

  it('has the type that is asked for', () => {
    const strict = new Loggin({ baseUrl: 'http://127.0.0.1' });
    const lenient = new Loggin({ requirePhone: false });
    expectTypeOf(strict).toEqualTypeOf<Loggin>();
    expectTypeOf(lenient).toEqualTypeOf<Loggin<false>>();
    // Nobody calls them.
    const calls = {
      strict: () => strict.verifyToken(''),
      lenient: () => lenient.verifyToken(''),
      lenientOnce: () => strict.verifyToken('', { requirePhone: false }),
      strictOnce: () => lenient.verifyToken('', { requirePhone: true }),
    };
    type Found<Name extends keyof typeof calls> = Awaited<ReturnType<(typeof calls)[Name]>>;
    expectTypeOf<Found<'strict'>>().toEqualTypeOf<Session | null>();
    expectTypeOf<Found<'lenient'>>().toEqualTypeOf<Session<string | null> | null>();
    expectTypeOf<Found<'lenientOnce'>>().toEqualTypeOf<Session<string | null> | null>();
    expectTypeOf<Found<'strictOnce'>>().toEqualTypeOf<Session | null>();
  });
});
