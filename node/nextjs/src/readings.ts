/**
 * The readings of a path: what a router, a proxy or a file system may take the bytes of a URL for.
 *
 * Route guards have been bypassed again and again because they read a path in one way and what lay behind them in another. Here
 * a path is protected when any of its readings is, and public only when all of them are.
 */

/** What Next.js appends to the path of a page to ask for parts of it. */
const PART_OF_PAGE = /(?:\.prefetch)?\.rsc$|\.segments(?:\/.*)?$/;

/** Data of pages: `/_next/data/<build>/<page>.json`, which Next.js also finds behind a locale. */
const PAGE_DATA = /\/_next\/data\/[^/]+(\/.*)\.json$/;

/** The first segment of a page's data, where it may be a locale. */
const LOCALE = /^\/[^/]+(?=\/)/;

/** What stands in no path that a person follows. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Names of folders for intercepted routes, `(.)photo` and `(..)(..)photo`: Next.js finds a page by them, and no address
 * that a person follows has one.
 */
const INTERCEPTED = /(?:^|[/\\])\(\.{1,3}\)/;

/** The readings of a path as it stands in a URL, decoded once; null where it is malformed. */
export function readingsOf(pathname: string): readonly string[] | null {
  const decoded = decode(pathname);
  if (decoded === null || CONTROL.test(decoded) || INTERCEPTED.test(decoded)) {
    return null;
  }
  const readings = new Set<string>();
  for (const path of [decoded, ...parametersCut(decoded)]) {
    for (const each of [path, resolved(path)]) {
      const tidy = collapsed(each);
      readings.add(tidy);
      for (const page of pagesOf(tidy)) {
        readings.add(collapsed(page));
      }
    }
  }
  return [...readings];
}

function decode(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return null;
  }
}

/** `/a;x=1/b` is `/a/b` for servers that know parameters of segments. */
function parametersCut(path: string): string[] {
  return path.includes(';') ? [path.replace(/;[^/\\]*/g, '')] : [];
}

/** Without slashes beside each other or at the end, or the other way round. */
function collapsed(path: string): string {
  return `/${path
    .split(/[/\\]+/)
    .filter(Boolean)
    .join('/')}`;
}

/** With `.` and `..` followed, as file systems do. */
function resolved(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split(/[/\\]+/)) {
    if (segment === '..') {
      segments.pop();
    } else if (segment !== '.') {
      segments.push(segment);
    }
  }
  return segments.join('/');
}

/** The page that a path may be a part of, or the data of. */
function pagesOf(path: string): string[] {
  const [, page] = PAGE_DATA.exec(path) ?? [];
  const data = page === undefined ? [] : [page, page.replace(LOCALE, '')];
  const wholes = [path, ...data].map((each) => each.replace(PART_OF_PAGE, ''));
  return [...data, ...wholes].map((each) => (each === '/index' ? '/' : each));
}
