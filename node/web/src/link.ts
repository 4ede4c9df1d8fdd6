/** What a person taps to sign in: the message text, and the link that opens WhatsApp with it. */

import { check } from './failure.js';

/** It warns, because an attacker can send somebody else the link of a sign-in of his own. */
export const DEFAULT_TEXT =
  'Send this message to sign in. If you did not start a sign-in, do not send it. Code: {code}';

const CODE_PLACEHOLDER = '{code}';

/**
 * Longest text of a message, in code points with the code filled in: a person reads it whole before sending, and the
 * link stays small enough for a QR code.
 */
const MAX_TEXT_CHARS = 200;

/**
 * A plus sign, and whatever is drawn as an emoji or makes its neighbour one, such as a variation selector: both arrive
 * changed on some WhatsApp clients. Trade marks are text, and stand in the names of many apps. Half a surrogate pair is
 * no character at all.
 */
const BREAKS =
  /\+|\p{Surrogate}|(?![©®™])(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}|\u{fe0f}|\u{20e3})/u;

/**
 * The text of the message that carries a code.
 *
 * @throws LogginError `invalid_request` where the template does not hold `{code}` exactly once, holds what WhatsApp
 * clients break, or is too long.
 */
export function messageText(template: string, code: string): string {
  const parts = String(template).split(CODE_PLACEHOLDER);
  const text = parts.join(code);
  check(
    parts.length === 2 && !BREAKS.test(template) && [...text].length <= MAX_TEXT_CHARS,
    'invalid_request',
    'Text: {code} once, no +, no emoji, up to 200 characters.',
  );
  return text;
}

/**
 * The digits of an international number; a `+` before it, spaces, hyphens and round brackets are left out.
 *
 * @throws LogginError `invalid_config` where it is not 8 to 15 digits that begin with a country code. A bracketed zero
 * is refused too: it is not dialled from abroad, and the link would reach somebody else.
 */
export function parseNumber(text: string): string {
  const digits = text
    .trim()
    .replace(/^\+/, '')
    .replace(/[ ()-]/g, '');
  check(
    /^[1-9][0-9]{7,14}$/.test(digits) && !text.includes('(0)'),
    'invalid_config',
    'A number is 8 to 15 digits with its country code.',
  );
  return digits;
}

/** Encodes every byte of the UTF-8 text except `A-Z a-z 0-9 - _ . ~`: a space is `%20`, never `+`. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (symbol) => `%${symbol.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** The link that opens WhatsApp with a chat to a number, and a text typed in. */
export const waMeLink = (digits: string, text: string): string =>
  `https://wa.me/${digits}?text=${percentEncode(text)}`;

/** The link that leads there by way of the server, which knows its number. `baseUrl` ends in a slash. */
export const serverLink = (baseUrl: string, code: string, lang?: string | undefined): string =>
  `${baseUrl}l/${code}${lang ? `?lang=${lang}` : ''}`;
