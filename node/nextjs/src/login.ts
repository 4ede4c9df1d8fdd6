/** The decoupled flow as routes: what `useServerLogin` and `mode="server"` of `@loggin/react` ask. */

import { type Confirm, isLogginError } from '@loggin/web';
import { beginLogin, confirmLogin, type FinishLoginOptions, finishLogin } from './decoupled.js';
import { appKeyOfEnvironment, misconfigured } from './environment.js';
import type { PhoneOptions } from './phone.js';
import { checkOrigins, type OriginOptions, respond, type Step, stepsHandler } from './responses.js';
import type { CreateSessionOptions } from './session.js';

/** How long a question is held, in milliseconds: proxies end connections that are silent for longer. */
const HOLD_MS = 25_000;

export interface LoginHandlersOptions
  extends OriginOptions,
    CreateSessionOptions,
    PhoneOptions,
    Pick<FinishLoginOptions, 'onSession'> {
  /** The app that people sign in to: `LOGGIN_APP_KEY`, or the app of the secret key, where it is not given. */
  readonly appKey?: string | undefined;
  /** The least confirmation to accept, whatever the page asks for: `reply`, `match` or `code`. */
  readonly confirm?: Confirm | undefined;
  /** The message's own text, with `{code}` in it once; the page's, in its language, by default. */
  readonly text?: string | undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * A login that this server holds, in `app/api/login/[action]/route.ts`: `export const { POST } = loginHandlers()`. Then
 * `<LogginButton mode="server" />` signs in, and its page never has a token.
 *
 * - `begin` `{"text"?, "replaces"?}` responds with `{"login", "link", "code"}`, and sets a cookie of the login's own.
 * - `wait` `{"login", "known"?, "confirm"?, "return_to"?}` is held for 25 s: 200 `{"status": "verified"}` with the session's cookie, 202 `{"status"}`
 *   where it is to be asked again, at once where the status is another than the known one: `pending`, `message_received`,
 *   `awaiting_confirmation`, `awaiting_match` with `match`.
 * - `confirm` `{"login", "code"}` takes the digits that WhatsApp showed, or what its link brought to the page.
 *
 * Errors are those of the protocol. A wait that is cut off is asked again, of any node that has the same secret.
 *
 * @throws InvalidInputError `invalid_config` where one of `allowedOrigins` is none.
 */
export function loginHandlers(options: LoginHandlersOptions = {}): {
  POST: (request: Request) => Promise<Response>;
} {
  const allowedOrigins = checkOrigins(options);
  const steps: Readonly<Record<string, Step>> = {
    begin: async ({ text, replaces }) => {
      const appKey = options.appKey ?? appKeyOfEnvironment();
      if (!appKey) {
        throw misconfigured('Set LOGGIN_APP_KEY, LOGGIN_SECRET_KEY or the option appKey.');
      }
      const words = options.text ?? textOf(text);
      return respond(await beginLogin(appKey, { text: words, replaces: textOf(replaces) }));
    },
    wait: ({ login, known, confirm, return_to: returnTo }, request) =>
      held({ login, known, confirm, returnTo, request, options }),
    confirm: async ({ login, code }) => {
      await confirmLogin(String(code), { login: String(login) });
      return respond({ status: 'verified' });
    },
  };
  return stepsHandler(steps, allowedOrigins);
}

interface Question {
  readonly login: unknown;
  /** The status that the page shows. */
  readonly known: unknown;
  /** The least confirmation that the page accepts. */
  readonly confirm: unknown;
  /** Where the page is, if it is on the person's phone. */
  readonly returnTo: unknown;
  readonly request: Request;
  readonly options: LoginHandlersOptions;
}

/** Holds a question until the login is over, has come further, or has been held for long enough. */
async function held({
  login,
  known,
  confirm: wanted,
  returnTo,
  request,
  options,
}: Question): Promise<Response> {
  const { maxAge, claims, onSession, requirePhone } = options;
  // The server's own wins: a page is whoever asks.
  const confirm = options.confirm ?? (textOf(wanted) as Confirm | undefined);
  const before = textOf(known) ?? 'pending';
  let status: string = before;
  let match: string | undefined;
  const news = new AbortController();
  const hangUp = (): void => news.abort();
  request.signal.addEventListener('abort', hangUp);
  try {
    await finishLogin({
      login: String(login),
      maxAge,
      claims,
      confirm,
      returnTo: ownPage(textOf(returnTo), request),
      requirePhone,
      onSession,
      signal: news.signal,
      timeoutMs: HOLD_MS,
      onProgress: (now, digits) => {
        status = now;
        match = digits;
        if (now !== before) {
          news.abort();
        }
      },
    });
    return respond({ status: 'verified' });
  } catch (reason) {
    const isHeld = news.signal.aborted || (isLogginError(reason) && reason.code === 'timeout');
    if (!isHeld) {
      throw reason;
    }
    return respond({ status, match }, 202);
  } finally {
    request.signal.removeEventListener('abort', hangUp);
  }
}

/** The page that asks, if it names itself: a request of a browser says of what origin it is. */
function ownPage(page: string | undefined, request: Request): string | undefined {
  const origin = request.headers.get('origin');
  return origin && page?.startsWith(`${origin}/`) ? page : undefined;
}
