/** Which server a login is for, and how it is asked. */

import { failure } from './failure.js';
import { parseNumber } from './link.js';

const DEFAULT_BASE_URL = 'http://127.0.0.1:8787';

const LOOPBACK = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whether a host is this machine. */
export const isLoopback = (hostname: string): boolean => LOOPBACK.test(hostname);

/** Where the server is, and how it is asked. */
export interface ServerOptions {
  /** The server. `LOGGIN_BASE_URL` on a server; `http://127.0.0.1:8787` by default. */
  readonly baseUrl?: string | undefined;
  /** The number that links open a chat with. `LOGGIN_WHATSAPP_NUMBER` on a server; without it links go through the server. */
  readonly whatsappNumber?: string | undefined;
  /** Allows `http:` to a host other than this one. Tokens and keys then cross the network readable. */
  readonly allowInsecureHttp?: boolean | undefined;
  /** What sends the requests, such as a service binding of a worker; the global `fetch` by default. */
  readonly fetch?: typeof fetch | undefined;
}

/** A server that was checked. */
export interface Server {
  /** With a slash at its end. */
  readonly baseUrl: string;
  readonly whatsappNumber: string | undefined;
  /** The language of the messages that the server writes: a tag of BCP 47. */
  readonly lang?: string | undefined;
  readonly fetch: typeof fetch;
  /** What goes with each request besides; only who redeems has any. */
  readonly headers?: () => Record<string, string>;
}

/** A URL that tokens may be sent to, with a slash at its end so that paths go below it. */
function parseBaseUrl(text: string, allowInsecureHttp: boolean | undefined): string {
  try {
    const { href, hostname, origin, password, pathname, protocol, username } = new URL(text.trim());
    const isSafe = protocol === 'https:' || allowInsecureHttp || isLoopback(hostname);
    if (isSafe && protocol.startsWith('http') && !username && !password && !/[?#]/.test(href)) {
      return origin + pathname.replace(/\/*$/, '/');
    }
  } catch {
    // Refused like the others.
  }
  throw failure('invalid_config', 'The base URL is https or on this machine, without user or query.');
}

/** @throws LogginError `invalid_config` where an option is malformed. */
export function serverOf(options: ServerOptions): Server {
  const { allowInsecureHttp, baseUrl = DEFAULT_BASE_URL, whatsappNumber } = options;
  return {
    baseUrl: parseBaseUrl(baseUrl, allowInsecureHttp),
    whatsappNumber: whatsappNumber === undefined ? whatsappNumber : parseNumber(whatsappNumber),
    fetch: options.fetch ?? ((...request) => fetch(...request)),
  };
}
