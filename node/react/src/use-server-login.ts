'use client';

/** Logins that the app's own server holds: it keeps the token, and this page has the link and nothing to redeem. */

import type { NamedServer } from './attempt.js';
import type { LogginHandlers } from './login-state.js';
import { type LogginLogin, type UseLogginOptions, useAttempt } from './use-loggin.js';

/** Where `loginHandlers()` of `@loggin/nextjs` stands. */
const DEFAULT_ROUTE = '/api/login';

/** A login of the app's own server, for a button or a modal too. */
export interface UseServerLoginOptions extends Omit<LogginHandlers, 'onSuccess'> {
  /** The route of `loginHandlers()`, which everybody may ask; `/api/login` by default. */
  readonly route?: string | undefined;
  /** The message's own text, with `{code}` in it once, unless the route has one. */
  readonly text?: string | undefined;
  /** The least confirmation to accept; that of the route, where it has one, wins. */
  readonly confirm?: UseLogginOptions['confirm'];
  /** Somebody has signed in: the session's cookie is there. */
  readonly onSuccess?: (() => unknown) | undefined;
}

/** Whose logins: this page's, or those of the app's own server. */
export type LoginOf<PageOptions> =
  | (PageOptions & { readonly mode?: 'page' | undefined })
  | (Omit<PageOptions, keyof UseLogginOptions> & UseServerLoginOptions & { readonly mode: 'server' });

/** One for each route, so that components find the same one again. */
const servers = new Map<string, NamedServer>();

const load = (): Promise<typeof import('@loggin/web/routed')> => import('@loggin/web/routed');

function serverOfRoute(route: string): NamedServer {
  const known = servers.get(route);
  const server = known ?? {
    baseUrl: route,
    whatsappNumber: undefined,
    fetch: async (url, init) => (await load()).routeFetch(route, String(url), init as RequestInit),
    begin: async (what, { attempt, set, wait }) =>
      (await load()).beginByRoute(route, what, wait.signal, (problem) => {
        set({ connection: 'lost' });
        attempt.handlers.onConnectionProblem?.(problem);
      }),
  };
  servers.set(route, server);
  return server;
}

/** The options of a hook or component as those of a login of this page, and the server of its route, if it has one. */
export function asLogin(
  options: LoginOf<UseLogginOptions>,
): readonly [UseLogginOptions, NamedServer | undefined] {
  const {
    mode,
    route = DEFAULT_ROUTE,
    onSuccess,
    ...rest
  } = options as UseLogginOptions & {
    mode?: string;
    route?: string;
  };
  return mode === 'server'
    ? // What a page is told of a login that it does not hold is of no use to the app.
      [
        { ...rest, appKey: '', onSuccess: onSuccess && (() => (onSuccess as () => unknown)()) },
        serverOfRoute(route),
      ]
    : [{ ...rest, onSuccess }, undefined];
}

/**
 * A sign-in whose token the app's own server makes and keeps: `loginHandlers()` of `@loggin/nextjs` responds to the page, signs
 * in, and sets the session's cookie. The state is that of `useLoggin`; `link` is there once the route has begun a login.
 *
 * A question that a phone cut off is asked again, a reload goes on where it was, and each tab has a login of its own.
 */
export function useServerLogin(options: UseServerLoginOptions = {}): LogginLogin {
  return useAttempt(...asLogin({ ...options, mode: 'server' }))[1];
}
