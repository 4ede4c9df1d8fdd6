/** Cookies as a browser would send them: valid ones, and those of somebody who tries. */

process.env.NODE_ENV = 'production';
const { seal } = await import('../../../node/nextjs/dist/esm/seal.js');

const DAY_S = 24 * 60 * 60;

const NOW_S = Math.floor(Date.now() / 1000);

const CLAIMS = {
  phone: '919876543210',
  app: '8XKPQ2WN',
  user: null,
  at: (NOW_S - 3 * DAY_S) * 1000,
  from: (NOW_S - 3 * DAY_S) * 1000,
  jti: 'a-session-of-the-tests',
  own: {},
  end: NOW_S + 87 * DAY_S,
};

/** Sealed so many seconds ago. */
async function sealed(name, ageS = 0, claims = CLAIMS, lifetimeS = 30 * DAY_S) {
  const { now } = Date;
  Date.now = () => now() - ageS * 1000;
  try {
    return await seal(name, claims, lifetimeS);
  } finally {
    Date.now = now;
  }
}

/** What a server with this secret takes, and what it must not. */
export async function cookiesOf(secret) {
  process.env.LOGGIN_SESSION_SECRET = 'the-secret-of-somebody-else-of-32-bytes-or-more';
  const foreign = await sealed('__Host-loggin');
  process.env.LOGGIN_SESSION_SECRET = secret;
  const session = await sealed('__Host-loggin');
  const [header, , iv, text, tag] = session.split('.');
  const other = (await sealed('__Host-loggin')).split('.');
  const [name] = foreign.split('.');
  const plain = JSON.stringify(CLAIMS);
  const json = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const values = {
    'plain JSON': encodeURIComponent(plain),
    'plain base64': Buffer.from(plain).toString('base64url'),
    'an unsigned JWT': `${json({ alg: 'none' })}.${json({ ...CLAIMS, exp: 9_999_999_999 })}.`,
    empty: '',
    'sealed by somebody else': foreign,
    'our key id, their seal': [header, ...foreign.split('.').slice(1)].join('.'),
    'their key id, our seal': [name, '', iv, text, tag].join('.'),
    'another header': [json({ alg: 'dir', enc: 'A128GCM' }), '', iv, text, tag].join('.'),
    'two sessions, mixed': [header, '', iv, text, other[4]].join('.'),
    truncated: session.slice(0, -8),
    'without tag': [header, '', iv, text, ''].join('.'),
    'one symbol altered': `${session.slice(0, -30)}${session.at(-30) === 'A' ? 'B' : 'A'}${session.slice(-29)}`,
    oversized: session + 'A'.repeat(3000),
    expired: await sealed('__Host-loggin', 31 * DAY_S),
    'from the cookie of a login': await sealed('__Host-loggin-login'),
    'from the cookie of development': await sealed('loggin-dev'),
    'a login with a token': await sealed('__Host-loggin-login', 0, { token: 'x' }),
    'a session without phone': await sealed('__Host-loggin', 0, { ...CLAIMS, phone: undefined }),
    'a session without name': await sealed('__Host-loggin', 0, { ...CLAIMS, jti: undefined }),
    'a session without beginning': await sealed('__Host-loggin', 0, { ...CLAIMS, from: undefined }),
    'a session without end': await sealed('__Host-loggin', 0, { ...CLAIMS, end: undefined }),
    'a session that was ended': await sealed('__Host-loggin', 0, {
      ...CLAIMS,
      jti: 'an-ended-session-of-the-tests',
    }),
    'a session that is over': await sealed('__Host-loggin', 0, { ...CLAIMS, end: NOW_S - 1 }),
  };
  const invalid = Object.entries(values).map(([each, value]) => [each, `__Host-loggin=${value}`]);
  const renamed = ['loggin', 'loggin-dev', '__Secure-loggin', '__Host-loggin-login', '__host-loggin'];
  invalid.push(...renamed.map((each) => [`renamed to ${each}`, `${each}=${session}`]));
  return {
    valid: `__Host-loggin=${session}`,
    young: `__Host-loggin=${await sealed('__Host-loggin', 0, { ...CLAIMS, at: (NOW_S - 60) * 1000 })}`,
    aged: `__Host-loggin=${await sealed('__Host-loggin', 2 * DAY_S)}`,
    invalid: Object.fromEntries(invalid),
  };
}
