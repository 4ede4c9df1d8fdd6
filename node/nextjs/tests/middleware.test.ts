/** The route guard of apps that Next.js is told more about: below a path of their host, and in several languages. */

import { type NextFetchEvent, NextRequest } from 'next/server.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { logginMiddleware } from '../src/index.js';

beforeEach(() => {
  vi.stubEnv('LOGGIN_SESSION_SECRET', 'a-secret-of-more-than-thirty-two-bytes!');
  return () => vi.unstubAllEnvs();
});

/** The guard hands it on, and does not look at it. */
const EVENT = {} as NextFetchEvent;

const byList = logginMiddleware({ publicRoutes: ['/', '/about'] });
const byMatcher = logginMiddleware({ matcher: ['/dashboard/:path*'] });

test('without a secret production lets nobody in, and nobody past', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  vi.stubEnv('LOGGIN_SESSION_SECRET', '');
  for (const path of ['/', '/dashboard']) {
    const request = new NextRequest(`https://acme.example${path}`);
    await expect(byList(request, EVENT)).rejects.toMatchObject({ code: 'invalid_config' });
  }
});

type Init = NonNullable<ConstructorParameters<typeof NextRequest>[1]>;
type NextConfig = NonNullable<Init['nextConfig']>;

/** Where the guard sends a visitor; null where it lets them pass. */
async function sentTo(guard: typeof byList, path: string, nextConfig: NextConfig): Promise<string | null> {
  const { headers } = await guard(new NextRequest(`https://acme.example${path}`, { nextConfig }), EVENT);
  const location = headers.get('Location');
  return location === null ? null : location.replace('https://acme.example', '');
}

describe('below /app', () => {
  const config = { basePath: '/app' };

  test.each(['/app', '/app/about', '/app/login'])('%s is public', async (path) => {
    expect(await sentTo(byList, path, config)).toBeNull();
  });

  test.each(['/app/more', '/app/dashboard', '/app/dashboard/1', '/app//dashboard', '/app/%64ashboard'])(
    '%s is protected',
    async (path) => {
      expect(await sentTo(byList, path, config)).toMatch(/^\/app\/login(\?|$)/);
    },
  );

  test('a picture is as public as the path below it that it is made of', async () => {
    const picture = (url: string): string => `/app/_next/image?url=${encodeURIComponent(url)}&w=64&q=75`;
    expect(await sentTo(byMatcher, picture('/app/dashboard/plan.png'), config)).not.toBeNull();
    expect(await sentTo(byMatcher, picture('/%61pp//dashboard/plan.png'), config)).not.toBeNull();
    expect(await sentTo(byMatcher, picture('/app/open.png'), config)).toBeNull();
    expect(await sentTo(byList, picture('/app/about'), config)).toBeNull();
    expect(await sentTo(byList, picture('/app/more.png'), config)).not.toBeNull();
  });

  test('a list of protected routes is read there', async () => {
    expect(await sentTo(byMatcher, '/app/dashboard/1?a=b', config)).toBe(
      '/app/login?returnTo=%2Fdashboard%2F1%3Fa%3Db',
    );
    expect(await sentTo(byMatcher, '/app/more', config)).toBeNull();
  });
});

describe('in several languages', () => {
  const config = { i18n: { locales: ['en', 'fr'], defaultLocale: 'en' } };

  test.each(['/login', '/en/login', '/fr/login', '/about', '/en/about'])('%s is public', async (path) => {
    expect(await sentTo(byList, path, config)).toBeNull();
  });

  test.each([
    ['/fr/dashboard', '/fr/login?returnTo=%2Fdashboard'],
    ['/en/dashboard', '/login?returnTo=%2Fdashboard'],
    ['/_next/data/b/fr/dashboard.json', '/_next/data/b/fr/login.json?returnTo=%2Fdashboard'],
    ['/fr/login/dashboard', '/fr/login?returnTo=%2Flogin%2Fdashboard'],
  ])('%s is protected', async (path, login) => {
    expect(await sentTo(byList, path, config)).toBe(login);
  });

  test('what is public in one language is not in others, unless it is listed', async () => {
    expect(await sentTo(byList, '/fr/about', config)).toBe('/fr/login?returnTo=%2Fabout');
    const guard = logginMiddleware({ publicRoutes: ['/about', '/fr/about'] });
    expect(await sentTo(guard, '/fr/about', config)).toBeNull();
  });
});
