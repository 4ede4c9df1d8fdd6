/** Reads the address of a person at an app, as the core does, and as every runtime can: workers have no `node:net`. */

import { check } from './failure.js';

/** A number from 0 to 255, without zeros before it. */
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`);

/** All that an address of IPv6 is written with: the parser of URLs passes over white space, and reads a path. */
const IPV6_SYMBOLS = /^[\da-f:.]+$/i;

/** An address of IPv4 as one of IPv6, as URLs write it. */
const MAPPED = /^::ffff:([\da-f]+):([\da-f]+)$/;

/**
 * The address as the server is told it; one of IPv4 that is written as one of IPv6 is that of IPv4.
 *
 * @throws LogginError `invalid_request` where it is no address, or has a port, a zone or white space.
 */
export function clientIpOf(text: unknown): string {
  const address = typeof text === 'string' ? canonical(text) : null;
  check(
    address !== null,
    'invalid_request',
    "The client's address is one of IPv4 or IPv6, without port, zone or white space.",
  );
  return address;
}

function canonical(text: string): string | null {
  if (IPV4.test(text)) {
    return text;
  }
  const host = IPV6_SYMBOLS.test(text) ? hostOf(`http://[${text}]`) : null;
  const [, ...halves] = MAPPED.exec(host ?? '') ?? [];
  if (halves.length === 0) {
    return host;
  }
  const halfOf = (half: string) => {
    const bits = Number.parseInt(half, 16);
    return `${bits >> 8}.${bits & 0xff}`;
  };
  return halves.map(halfOf).join('.');
}

/** The address between a URL's brackets; null where there is none. */
function hostOf(url: string): string | null {
  try {
    return new URL(url).hostname.slice(1, -1);
  } catch {
    return null;
  }
}
