/** Logins that their persons took back: how a login is named, and how the server is asked. */

import { AuthenticationError, InvalidInputError, Loggin, ServerError } from '@loggin/sdk';
import { describe, expect, it } from 'vitest';
import { json, type Received, ScriptedServer } from './scripted-server.js';
import { vectorsOf } from './vectors.js';

const SECRET_KEY = 'lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK';

const client = (baseUrl: string): Loggin => new Loggin({ baseUrl, secretKey: SECRET_KEY, maxRetries: 0 });

describe('the name of a login', () => {
  const tokens = vectorsOf('token');
  const named = tokens.filter(({ kind, expect: found }) => kind === 'parse_code' && found);
  const names = new Map(named.map(({ expect: found }) => [found?.code, found?.login_id]));
  const made = tokens.filter(({ kind, expect: found }) => kind === 'create' && names.has(found?.code));

  it('is that of its code', () => {
    expect(made.length).toBeGreaterThan(0);
    for (const { expect: found } of made) {
      expect(client('http://127.0.0.1:9').loginId(String(found?.token))).toBe(names.get(found?.code));
    }
  });

  it('is that of a token alone', () => {
    expect(() => client('http://127.0.0.1:9').loginId('lgn1_')).toThrow(InvalidInputError);
  });
});

describe('denied logins', () => {
  it('are those that the server tells of, with the secret key', async () => {
    const server = await ScriptedServer.start();
    server.respond(json(200, { denied: ['name 3'] }));
    const names = Array.from({ length: 100 }, (_, number) => `name ${number}`);
    await expect(client(server.baseUrl).deniedLogins(names)).resolves.toEqual(['name 3']);
    const [{ path, headers, body }] = server.received as [Received];
    expect([path, body.login_ids]).toEqual(['/api/v1/tokens/denied', names]);
    expect(headers.authorization).toBe(`Bearer ${SECRET_KEY}`);
  });

  it('are none where none is asked about', async () => {
    await expect(client('http://127.0.0.1:9').deniedLogins([])).resolves.toEqual([]);
  });

  it.each([
    [401, { error: 'unauthorized' }, AuthenticationError, 'unauthorized'],
    [200, {}, ServerError, 'invalid_response'],
    [200, { denied: 'all' }, ServerError, 'invalid_response'],
  ])('are not told by a %i with %j', async (status, body, kind, code) => {
    const server = await ScriptedServer.start();
    server.respond(json(status, body));
    const asked = client(server.baseUrl).deniedLogins(['a name']);
    await expect(asked).rejects.toBeInstanceOf(kind);
    await expect(asked).rejects.toMatchObject({ code });
  });

  it.each([['a name'], [[1]], [undefined], [Array(101).fill('a name')]])(
    '%j is no list of names',
    async (names) => {
      const asked = client('http://127.0.0.1:9').deniedLogins(names as unknown as string[]);
      await expect(asked).rejects.toMatchObject({ code: 'invalid_request' });
    },
  );
});
