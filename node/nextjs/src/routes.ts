/** Routes as middleware names them, and which of them a path belongs to. */

import { InvalidInputError } from '@loggin/web';
import { readingsOf } from './readings.js';

/** Files of the framework: the same for everybody, and needed by the login page. */
const FRAMEWORK = /^\/_next\/static\//;

/** What browsers, search engines and phones ask of every site, before anybody has signed in, and what proves its name. */
const CONVENTIONAL = [
  '/.well-known/:path*',
  '/apple-icon.png',
  '/apple-touch-icon-precomposed.png',
  '/apple-touch-icon.png',
  '/favicon.ico',
  '/icon.png',
  '/icon.svg',
  '/manifest.json',
  '/manifest.webmanifest',
  '/robots.txt',
  '/sitemap.xml',
];

/** Resized pictures, fetched by the server itself from the path in `?url=`. */
const PICTURES = '/_next/image';

/** `:name`, once, optional, or for any number of segments. */
const PARAMETER = /^:[a-z_]\w*([?*+]?)$/i;

const PARAMETER_MATCHES: Readonly<Record<string, string>> = {
  '': '/[^/]+',
  '?': '(?:/[^/]+)?',
  '*': '(?:/[^/]+)*',
  '+': '(?:/[^/]+)+',
};

export interface RouteOptions {
  readonly loginPath: string;
  readonly matcher: readonly string[] | undefined;
  readonly publicRoutes: readonly string[] | undefined;
}

/** An address, without the base path of the app, and that base path. */
export interface Asked {
  readonly pathname: string;
  readonly searchParams: URLSearchParams;
  readonly basePath?: string | undefined;
}

/** What a path is: `malformed` ones are refused to everybody. */
export type Access = 'malformed' | 'protected' | 'public';

/**
 * How paths are judged. What `matcher` names is protected; of the rest everything but `publicRoutes` is, unless there
 * is a matcher and no list of public routes. Protected routes are found in any case of letters, public ones as written.
 *
 * @throws InvalidInputError `invalid_config` where a route is not understood.
 */
export function accessOf({ loginPath, matcher, publicRoutes }: RouteOptions): (asked: Asked) => Access {
  const isLogin = matching([loginPath], '');
  const isMatched = matching(matcher ?? [], 'i');
  const isListed = matching([...CONVENTIONAL, ...(publicRoutes ?? [])], '');
  const isDenyByDefault = publicRoutes !== undefined || matcher === undefined;
  const isPublic = (path: string): boolean =>
    isLogin(path) || (!isMatched(path) && (!isDenyByDefault || isListed(path) || FRAMEWORK.test(path)));
  const judge = (pathname: string, basePath = ''): Access => {
    const readings = readingsOf(pathname)?.map((path) => below(basePath, path));
    return readings === undefined ? 'malformed' : readings.every(isPublic) ? 'public' : 'protected';
  };
  return ({ pathname, searchParams, basePath }) =>
    isPicture(pathname)
      ? pictureAccess(searchParams.get('url'), (url) => judge(url, basePath))
      : judge(pathname);
}

/** Whether a path is a part of the framework, which is the same for everybody and in every app. */
export const isOfFramework = (pathname: string): boolean =>
  isPicture(pathname) || readingsOf(pathname)?.every((path) => FRAMEWORK.test(path)) === true;

const isPicture = (pathname: string): boolean =>
  readingsOf(pathname)?.every((path) => path === PICTURES) === true;

/** A picture is as public as the path that it is fetched from. Other hosts are allowed or not by the app's own list. */
function pictureAccess(url: string | null, judge: (pathname: string) => Access): Access {
  if (url === null || /^https?:\/\//i.test(url)) {
    return 'public';
  }
  return judge(url.replace(/[?#].*$/s, ''));
}

/** A reading as the app's routes are written. */
function below(basePath: string, path: string): string {
  return basePath && `${path}/`.startsWith(`${basePath}/`) ? path.slice(basePath.length) || '/' : path;
}

function matching(routes: readonly string[], flags: string): (path: string) => boolean {
  const patterns = routes.map((route) => new RegExp(`^${sourceOf(route)}$`, flags));
  return (path) => patterns.some((pattern) => pattern.test(path));
}

function sourceOf(route: string): string {
  const problem = `The route ${JSON.stringify(route)} is none: write /a/b, /a/:name, or /a/:name* (also + and ?).`;
  if (typeof route !== 'string' || !/^\/[^\s#()\\]*$/.test(route)) {
    throw new InvalidInputError({ code: 'invalid_config', message: problem });
  }
  const segments = route.split('/').filter(Boolean);
  const sources = segments.map((segment) => {
    const [, count] = PARAMETER.exec(segment) ?? [];
    if (count === undefined && /[:*+?()[\]{}|^$]/.test(segment)) {
      throw new InvalidInputError({ code: 'invalid_config', message: problem });
    }
    return count === undefined ? `/${segment.replace(/[.\-~!&'=;,@]/g, '\\$&')}` : PARAMETER_MATCHES[count];
  });
  const isOptional = segments.length > 0 && segments.every((each) => /^:.*[?*]$/.test(each));
  return isOptional ? `(?:/|${sources.join('')})` : sources.join('') || '/';
}
