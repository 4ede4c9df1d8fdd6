/** What the example has, and lists of sessions that were ended: the guard and the pages ask them. */

import { configure } from '@loggin/nextjs';

/** When people signed out everywhere, for as long as this process lives. */
const moments = new Map<string, Date>();

configure({
  deniedLogins: true,
  isRevoked: ({ jti }) => Promise.resolve(jti === 'an-ended-session-of-the-tests'),
  signOuts: {
    read: ({ phone }) => moments.get(phone),
    write: ({ phone }, at) => moments.set(phone, at),
  },
});

export { register } from '@loggin/nextjs';
