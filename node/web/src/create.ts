/**
 * The beginning of a login, without a client and without anything that only servers need: what a widget has to have
 * before the tap. The rest is in `@loggin/web/finish`, which can be loaded later.
 *
 * Errors are plain `LogginError`s here: their code tells them apart, and there is no class for each.
 */

import { DEFAULT_TEXT, messageText, serverLink, waMeLink } from './link.js';
import type { Server } from './server.js';
import { codeOf, makeToken, parseAppKey } from './token.js';

export { isLogginError, LogginError, type LogginErrorFields } from './error.js';
export { failure, failureOf } from './failure.js';
export { isLoopback, type Server, type ServerOptions, serverOf } from './server.js';

/** A new login: the secret, what the person opens, and the half of the secret that everybody may see. */
export interface NewLogin {
  readonly token: string;
  readonly link: string;
  readonly code: string;
}

/**
 * Makes a login for an app, offline and at once. A text of the caller's own holds `{code}` once. Where links go through the
 * server, it writes the text, in the language of `server.lang`.
 *
 * @throws LogginError `invalid_app_key` or, for the text, `invalid_request`.
 */
export function createLogin(server: Server, appKey: string, text: string = DEFAULT_TEXT): NewLogin {
  const token = makeToken(parseAppKey(appKey));
  const code = codeOf(token);
  const message = messageText(text, code);
  const { baseUrl, whatsappNumber, lang } = server;
  return {
    token,
    code,
    link: whatsappNumber ? waMeLink(whatsappNumber, message) : serverLink(baseUrl, code, lang),
  };
}
