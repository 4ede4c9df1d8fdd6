/** The route guard: everything but these routes needs a session. With Next.js 15 this file is called `middleware.ts`. */

import { logginMiddleware } from '@loggin/nextjs';

export default logginMiddleware({
  loginPath: '/login',
  publicRoutes: ['/', '/login/link', '/api/login/:action', '/api/otp/:step'],
});
