import { logginMiddleware } from '@loggin/nextjs';

export default logginMiddleware({ loginPath: '/login', matcher: ['/dashboard/:path*'] });

export const config = { matcher: ['/dashboard/:path*'] };
