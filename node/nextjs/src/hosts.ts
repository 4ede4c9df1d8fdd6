/** What a browser asked, as it tells itself, and the proxies between it and the app: which host, and whether by plain HTTP. */

import { isProduction } from './environment.js';

const LOOPBACK = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The first proxy's word where there are several, and else the one that was asked. */
export function hostOf(headers: Headers): string | null {
  const [first] = (headers.get('X-Forwarded-Host') ?? headers.get('Host') ?? '').split(',');
  return first?.trim().toLowerCase() || null;
}

/** Whether a host, with or without its port, is this machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host.replace(/:\d+$/, ''));
}

/** Over plain HTTP browsers throw the session's cookie away without a word. */
let hasWarned = false;

/** Says once that cookies will not be kept, where the headers of a request tell so. Browsers trust this machine. */
export function warnOfPlainHttp(headers: Headers | null): void {
  if (hasWarned || !isProduction() || headers === null || !isPlain(headers)) {
    return;
  }
  hasWarned = true;
  // biome-ignore lint/suspicious/noConsole: nothing else tells why the next page asks to sign in again.
  console.warn(
    '@loggin/nextjs: this site is visited over http://, where browsers do not keep the session. Serve it over HTTPS, and have the proxy send X-Forwarded-Proto.',
  );
}

/** The browser's own word says more than a proxy's. */
function isPlain(headers: Headers): boolean {
  const origin = headers.get('Origin');
  const [scheme, host] =
    origin !== null && URL.canParse(origin)
      ? [new URL(origin).protocol, new URL(origin).host]
      : [`${headers.get('X-Forwarded-Proto')?.split(',')[0]?.trim() ?? 'https'}:`, hostOf(headers)];
  return scheme === 'http:' && host !== null && !isLoopback(host);
}
