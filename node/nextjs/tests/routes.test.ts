/** Which paths the route guard protects, however they are spelt. */

import { InvalidInputError } from '@loggin/web';
import { describe, expect, test } from 'vitest';
import { accessOf } from '../src/routes.js';

const judge = (options: { matcher?: string[]; publicRoutes?: string[] }, path: string): string =>
  accessOf({ loginPath: '/login', matcher: options.matcher, publicRoutes: options.publicRoutes })({
    pathname: path.split('?')[0] ?? '',
    searchParams: new URLSearchParams(path.split('?')[1] ?? ''),
  } as URL);

describe('a list of protected routes', () => {
  const matcher = ['/dashboard/:path*', '/a/:id/edit', '/b/:rest+', '/c/:maybe?', '/d.e'];

  test.each([
    '/dashboard',
    '/dashboard/',
    '/dashboard/x/y',
    '//dashboard',
    '/%64ashboard',
    '/DASHBOARD',
    '/dashboard;x=1',
    '/dashboard%2F..',
    '/dashboard%2Fx',
    '/open/../dashboard',
    '/open/%2e%2e/dashboard',
    '/\\dashboard',
    '/dashboard.rsc',
    '/dashboard.prefetch.rsc',
    '/dashboard.segments/_tree.segment.rsc',
    '/_next/data/b/dashboard.json',
    '/fr/_next/data/b/fr/dashboard.json',
    '/a/1/edit',
    '/b/1',
    '/b/1/2',
    '/c',
    '/c/1',
    '/d.e',
    '/_next/image?url=/dashboard/x.png',
    '/_next/image?url=%2F%2564ashboard',
  ])('%s is protected', (path) => {
    expect(judge({ matcher }, path)).toBe('protected');
  });

  test.each([
    '/',
    '/login',
    '/dashboards',
    '/a/1',
    '/b',
    '/c/1/2',
    '/dxe',
    '/x/dashboard',
    '/_next/image?url=/open.png',
  ])('%s is public', (path) => {
    expect(judge({ matcher }, path)).toBe('public');
  });

  test.each([
    '/%',
    '/%zz',
    '/a%00',
    '/a%0a',
    '/%c0%af',
    '/%ff',
    '/feed/(.)dashboard',
    '/(..)dashboard/1',
    '/a/(..)(..)dashboard',
    '/(...)dashboard',
    '/feed/%28..%29dashboard',
    '/feed\\(.)dashboard',
    '/open;x/(.)dashboard.rsc',
  ])('%s is malformed', (path) => {
    expect(judge({ matcher }, path)).toBe('malformed');
  });
});

describe('a list of public routes', () => {
  const publicRoutes = ['/', '/about', '/docs/:path*'];

  test.each([
    '/favicon.ico',
    '/robots.txt',
    '/sitemap.xml',
    '/manifest.webmanifest',
    '/apple-touch-icon.png',
    '/.well-known/assetlinks.json',
    '/_next/image?url=/favicon.ico',
  ])('%s is public in every app', (path) => {
    expect(judge({ publicRoutes }, path)).toBe('public');
    expect(judge({}, path)).toBe('public');
    expect(judge({ publicRoutes, matcher: ['/:path*'] }, path)).toBe('protected');
  });

  test.each([
    '/.well-known/../anything',
    '/.well-known/..%2Fanything',
    '/x/favicon.ico',
    '/FAVICON.ICO',
    '/robots.txt/x',
  ])('%s is not', (path) => {
    expect(judge({ publicRoutes }, path)).toBe('protected');
  });

  test.each(['/', '/login', '/about', '/about/', '/docs', '/docs/a/b', '/_next/static/chunks/a.js'])(
    '%s is public',
    (path) => {
      expect(judge({ publicRoutes }, path)).toBe('public');
    },
  );

  test.each([
    '/anything',
    '/login/more',
    '/ABOUT',
    '/about;x',
    '/about.rsc',
    '/docs/../anything',
    '/docs/..%2Fanything',
    '/docs/%2e%2e/anything',
    '/_next/static/../../anything',
    '/_next/static/..%2F..%2Fanything',
    '/_next/data/b/anything.json',
    '/_next/image?url=/anything.png',
  ])('%s is protected', (path) => {
    expect(judge({ publicRoutes }, path)).toBe('protected');
  });

  test('what the other list names is protected all the same', () => {
    const both = { publicRoutes, matcher: ['/docs/internal/:path*'] };
    expect(judge(both, '/docs/internal/x')).toBe('protected');
    expect(judge(both, '/docs/x')).toBe('public');
  });

  test('without any list everything but the login page is protected', () => {
    expect([judge({}, '/'), judge({}, '/login')]).toEqual(['protected', 'public']);
  });
});

test.each(['', 'dashboard', '/a/(.*)', '/a*', '/:', '/a/:b(c)', '/a?', '/[id]', '/a b', '/a#b'])(
  'the route %j is refused',
  (route) => {
    expect(() => judge({ matcher: [route] }, '/')).toThrow(InvalidInputError);
  },
);
