/** Sessions in actions and routes: claims of the app's own, sign-out in every browser, and the route that pages ask. */

import { inspect } from 'node:util';
import { InvalidInputError } from '@loggin/web';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { MAX_CLAIMS } from '../src/claims.js';
import {
  configure,
  createSession,
  destroySession,
  getSession,
  type Identity,
  otpHandlers,
  type Person,
  type RedeemOptions,
  type SessionData,
  type SignedIn,
  sessionData,
  sessionHandlers,
  signOutEverywhere,
  updateSession,
} from '../src/index.js';

/** The cookies of the browser at hand. */
let jar: Map<string, string>;

vi.mock('next/headers.js', () => ({
  cookies: async () => ({
    get: (name: string) => (jar.get(name) ? { value: jar.get(name) } : undefined),
    set: (name: string, value: string) => void jar.set(name, value),
  }),
  headers: async () => new Headers(),
}));

const identity = (phone = '919876543210'): Identity => ({
  phone,
  appKey: '8XKPQ2WN',
  verifiedAt: new Date(),
});

beforeEach(() => {
  vi.stubEnv('LOGGIN_SESSION_SECRET', 'a-secret-of-more-than-thirty-two-bytes-for-tests');
  vi.useFakeTimers({ toFake: ['Date'] });
  jar = new Map();
});

afterEach(() => {
  configure({});
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Lets time pass: what happens in the same millisecond has no order. */
const later = (): void => void vi.advanceTimersByTime(1);

describe('sessionData', () => {
  test('is JSON as it stands, and has no name of the session', async () => {
    vi.setSystemTime('2026-05-04T03:02:01.005Z');
    const claims = { account: 'a-1', roles: ['owner'] };
    const session = await createSession({ ...identity(), loginId: 'l-1' }, { claims });
    const data = sessionData(session);
    expect(data).toStrictEqual({
      phone: '919876543210',
      appKey: '8XKPQ2WN',
      userId: null,
      subject: null,
      assurance: null,
      loginId: 'l-1',
      claims,
      verifiedAt: '2026-05-04T03:02:01.005Z',
      createdAt: '2026-05-04T03:02:01.005Z',
    });
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(JSON.parse(JSON.stringify(data))).toStrictEqual(data);
    expectTypeOf(data.verifiedAt).toEqualTypeOf<string>();
    expectTypeOf(data).not.toHaveProperty('jti');
  });

  test('of a cookie that was opened is the same, and of nobody null', async () => {
    const session = await createSession(identity());
    const opened = await getSession({ cookies: Object.fromEntries(jar) });
    expect(sessionData(opened)).toStrictEqual(sessionData(session));
    expect(sessionData(await getSession({ cookies: {} }))).toBeNull();
    expectTypeOf(sessionData(opened)).toEqualTypeOf<SessionData | null>();
  });

  test('is what pages are told, where the app wants it so', async () => {
    const session = await createSession(identity());
    const response = await sessionHandlers({ show: sessionData }).GET();
    expect(await response.json()).toStrictEqual({ session: sessionData(session) });
  });
});

describe('who signed in', () => {
  const subject = 'lgsu_000G40R40M30E209185GR38E1W8124GK';

  test('is kept with the subject and the assurance, and does not show', async () => {
    const found = { ...identity(), userId: 'IN.1', subject, assurance: 'changed' };
    await createSession(found);
    const opened = await getSession();
    expect(opened).toMatchObject({ phone: found.phone, userId: 'IN.1', subject, assurance: 'changed' });
    expect(inspect(opened)).not.toContain(subject);
  });

  test('may hide the phone number, where there is a subject', async () => {
    const nobody = { phone: null as unknown as string, verifiedAt: new Date() };
    await createSession({ ...nobody, subject, assurance: 'normal' });
    expect(await getSession()).toMatchObject({ phone: null, subject });
    for (const none of [nobody, { ...nobody, subject: '' }, { ...nobody, subject: 's'.repeat(65) }]) {
      await expect(createSession(none)).rejects.toThrow(TypeError);
    }
  });

  test('has a phone number, in types, unless the app declares otherwise', () => {
    expectTypeOf<SignedIn['phone']>().toEqualTypeOf<string>();
    expectTypeOf<RedeemOptions['requirePhone']>().toEqualTypeOf<true | undefined>();
  });
});

describe('claims', () => {
  test('are what the app said, or found for the person', async () => {
    await createSession(identity(), { claims: { account: 'a-1', roles: ['owner'] } });
    expect((await getSession())?.claims).toEqual({ account: 'a-1', roles: ['owner'] });
    await createSession(identity(), { claims: async ({ phone }) => ({ account: `of ${phone}` }) });
    expect((await getSession())?.claims).toEqual({ account: 'of 919876543210' });
  });

  test('are none by default, and come back as JSON keeps them', async () => {
    expect((await createSession(identity())).claims).toEqual({});
    const claims = { since: new Date(0), nothing: undefined };
    const session = await createSession(identity(), { claims });
    expect(session.claims).toEqual({ since: '1970-01-01T00:00:00.000Z' });
    expect((await getSession())?.claims).toEqual(session.claims);
  });

  test('as many as fit are kept, and no more', async () => {
    const ofLength = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });
    const longest = { ...identity(), userId: 'u'.repeat(256) };
    await createSession(longest, { claims: ofLength(MAX_CLAIMS) });
    expect((await getSession())?.claims).toEqual(ofLength(MAX_CLAIMS));
    expect(Math.max(...[...jar.values()].map((value) => value.length))).toBeLessThan(4000);
    await expect(createSession(longest, { claims: ofLength(MAX_CLAIMS + 1) })).rejects.toThrow(TypeError);
    const wide = { a: 'é'.repeat(MAX_CLAIMS / 2) };
    await expect(createSession(longest, { claims: wide })).rejects.toThrow(TypeError);
  });

  test.each([[['a']], ['a'], [1], [null], [() => 'a']])('%j are none', async (claims) => {
    await expect(createSession(identity(), { claims: claims as object })).rejects.toThrow(TypeError);
    expect(jar.size).toBe(0);
  });

  test('whoever finds none keeps the person out', async () => {
    const reason = new Error('no such account');
    const claims = () => Promise.reject(reason);
    await expect(createSession(identity(), { claims })).rejects.toBe(reason);
    expect(await getSession()).toBeNull();
  });

  test('others take their place in the same session', async () => {
    expect(await updateSession({ account: 'a-1' })).toBeNull();
    const { jti, verifiedAt } = await createSession(identity(), { claims: { account: 'a-1' } });
    later();
    const updated = await updateSession({ account: 'a-2' });
    expect(await getSession()).toEqual(updated);
    expect(updated).toMatchObject({ jti, verifiedAt, claims: { account: 'a-2' } });
    await expect(updateSession([] as object)).rejects.toThrow(TypeError);
  });
});

describe('sign-out everywhere', () => {
  const keepMoments = (): Map<string, Date> => {
    const moments = new Map<string, Date>();
    configure({
      signOuts: {
        read: ({ phone }) => moments.get(phone),
        write: async ({ phone }: Person, at) => void moments.set(phone, at),
      },
    });
    return moments;
  };

  test('ends what there is until now, in every browser, and nothing of others', async () => {
    keepMoments();
    const browsers = [new Map<string, string>(), new Map<string, string>(), new Map<string, string>()];
    for (const [number, browser] of browsers.entries()) {
      jar = browser;
      await createSession(identity(number < 2 ? '919876543210' : '919876543211'));
    }
    later();
    jar = browsers[0] as Map<string, string>;
    await signOutEverywhere();
    const left = [];
    for (const browser of browsers) {
      jar = browser;
      left.push((await getSession())?.phone);
    }
    expect(left).toEqual([undefined, undefined, '919876543211']);
    later();
    await createSession(identity());
    expect(await getSession()).not.toBeNull();
  });

  test('a person is named where somebody else ends their sessions', async () => {
    const moments = keepMoments();
    const { phone, appKey, userId } = await createSession(identity());
    later();
    await createSession(identity('919876543211'));
    await signOutEverywhere({ phone, appKey, userId });
    expect([...moments.keys()]).toEqual(['919876543210']);
    expect((await getSession())?.phone).toBe('919876543211');
  });

  test('needs a place to keep moments, also where nobody is signed in', async () => {
    await expect(signOutEverywhere()).rejects.toThrow(InvalidInputError);
    await createSession(identity());
    await expect(signOutEverywhere()).rejects.toMatchObject({ code: 'invalid_config' });
    expect(await getSession()).not.toBeNull();
  });

  test('a list that cannot be read lets nobody in', async () => {
    await createSession(identity());
    const reason = new Error('the database is away');
    const read = () => Promise.reject(reason);
    configure({ signOuts: { read, write: () => undefined } });
    await expect(getSession()).rejects.toBe(reason);
  });
});

describe('the route of the session', () => {
  const told = async (response: Response): Promise<unknown> => [response.status, await response.json()];

  test('tells who is signed in, to no cache', async () => {
    const { GET } = sessionHandlers();
    expect(await told(await GET())).toEqual([200, { session: null }]);
    const session = await createSession(identity(), { claims: { account: 'a-1' } });
    const response = await GET();
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(await told(response)).toEqual([200, { session: JSON.parse(JSON.stringify(session)) }]);
  });

  test('tells as much as the app wants it to', async () => {
    const { GET } = sessionHandlers({ show: ({ phone }) => ({ ending: phone.slice(-2) }) });
    expect(await told(await GET())).toEqual([200, { session: null }]);
    await createSession(identity());
    expect(await told(await GET())).toEqual([200, { session: { ending: '10' } }]);
  });

  test('signs out for pages of the app alone', async () => {
    const { DELETE } = sessionHandlers();
    const asked = (site: string): Promise<Response> =>
      DELETE(
        new Request('https://acme.example/api/session', {
          method: 'DELETE',
          headers: { 'Sec-Fetch-Site': site },
        }),
      );
    await createSession(identity());
    expect(await told(await asked('cross-site'))).toEqual([403, { error: 'denied' }]);
    expect(await getSession()).not.toBeNull();
    expect(await told(await asked('same-origin'))).toEqual([200, { session: null }]);
    expect(await getSession()).toBeNull();
  });

  test('nobody is signed in after signing out', async () => {
    await createSession(identity());
    await destroySession();
    expect(await told(await sessionHandlers().GET())).toEqual([200, { session: null }]);
  });
});

describe('before a code is sent', () => {
  /** What the server was asked to send to. */
  let asked: unknown[];
  let addresses: unknown[];

  beforeEach(() => {
    asked = [];
    addresses = [];
    vi.stubGlobal('fetch', async (_url: string, { body }: RequestInit) => {
      const { phone, client_ip } = JSON.parse(String(body));
      asked.push(phone);
      addresses.push(client_ip);
      return Response.json({
        session_id: crypto.randomUUID(),
        expires_in: 300,
        sent_via_engine: true,
        quota_remaining: null,
      });
    });
  });

  const start = async (
    options: Parameters<typeof otpHandlers>[0],
    body: object,
  ): Promise<[number, string]> => {
    const { POST } = otpHandlers({ secretKey: 'lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK', ...options });
    const request = new Request('https://acme.example/api/otp/start', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Real-IP': '203.0.113.7' },
      body: JSON.stringify(body),
    });
    const response = await POST(request);
    return [response.status, (await response.json()).error];
  };

  test('an app may refuse, by what was typed and who asks', async () => {
    const seen: string[] = [];
    const onStart = async ({ phone, request }: { phone: string; request: Request }) => {
      seen.push(phone, request.method);
      return phone.endsWith('1');
    };
    expect(await start({ onStart }, { phone: '+919876543210' })).toEqual([403, 'denied']);
    expect(await start({ onStart }, { phone: '+919876543211' })).toEqual([200, undefined]);
    expect([seen, asked]).toEqual([['+919876543210', 'POST', '+919876543211', 'POST'], ['+919876543211']]);
  });

  test.each<[string, Parameters<typeof otpHandlers>[0], [number, string | undefined], unknown[]]>([
    ['none, whatever headers there are', {}, [200, undefined], [undefined]],
    [
      'the one that the app reads',
      { clientIp: ({ headers }) => headers.get('x-real-ip') },
      [200, undefined],
      ['203.0.113.7'],
    ],
    ['none that the app does not find', { clientIp: async () => null }, [200, undefined], [undefined]],
    ['no text that is none', { clientIp: () => 'unknown' }, [400, 'invalid_request'], []],
  ])('the server is told the address of whoever asks: %s', async (_, options, told, sent) => {
    expect(await start(options, { phone: '+919876543210' })).toEqual(told);
    expect(addresses).toEqual(sent);
  });

  test('a hook that returns nothing lets codes be sent', async () => {
    expect(await start({ onStart: () => undefined }, { phone: '+919876543210' })).toEqual([200, undefined]);
  });

  test.each<[string, object, [number, string | undefined], unknown[]]>([
    ['of the list', { phone: '+91 98765 43210' }, [200, undefined], ['+919876543210']],
    [
      'of the list, as it is dialled there',
      { phone: '098765 43210', country_code: 'in' },
      [200, undefined],
      ['+919876543210'],
    ],
    ['of a country that shares its calling code', { phone: '+1 204 234 5678' }, [422, 'invalid_phone'], []],
    [
      'of the list, whose calling code is shared',
      { phone: '+1 201 555 0123' },
      [200, undefined],
      ['+12015550123'],
    ],
    ['of a satellite', { phone: '+870 773 111 632' }, [422, 'invalid_phone'], []],
    ['that is none', { phone: 'phone' }, [422, 'invalid_phone'], []],
    ['that is missing', {}, [422, 'invalid_phone'], []],
  ])('a number %s', async (_, body, told, sentTo) => {
    expect(await start({ countries: ['IN', 'US'] }, body)).toEqual(told);
    expect(asked).toEqual(sentTo);
  });
});
