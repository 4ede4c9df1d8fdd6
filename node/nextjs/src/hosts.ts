/** The host that a browser asked, as the app and the proxies before it tell. */

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
