/** What the example has, and a list of sessions that were ended: the door and the rooms ask it. */

import { configure } from '@loggin/nextjs';

configure({ isRevoked: ({ jti }) => Promise.resolve(jti === 'an-ended-session-of-the-tests') });

export { register } from '@loggin/nextjs';
