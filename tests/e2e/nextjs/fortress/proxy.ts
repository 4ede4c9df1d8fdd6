/** Two route guards of one app: `GUARD=list` denies by default, the other one has a list of what it guards. */

import { logginMiddleware } from '@loggin/nextjs';

const byMatcher = logginMiddleware({
  loginPath: '/login',
  matcher: ['/dashboard/:path*', '/vault/:path*', '/ledger', '/photo/:path*', '/api/vault/:path*'],
});

const byDefault = logginMiddleware({
  loginPath: '/login',
  publicRoutes: [
    '/',
    '/api/otp/:step',
    '/api/login/:action',
    '/api/me',
    '/api/members',
    '/api/redeem',
    '/api/session',
    '/api/everywhere',
    '/login/link',
    '/own',
    '/account',
    '/feed',
    '/members',
    '/open',
  ],
});

export default process.env.GUARD === 'list' ? byDefault : byMatcher;
