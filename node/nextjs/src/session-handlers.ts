/** The session as a route, for what runs in the browser: `useSession` of `@loggin/react` asks it. */

import { checkOrigins, isOwnPage, type OriginOptions, refusal, respond } from './responses.js';
import { destroySession, getSession } from './session.js';
import type { SignedIn } from './signed-in.js';

export interface SessionHandlersOptions extends OriginOptions {
  /** What pages are told of a session, as JSON; all of it by default. */
  readonly show?: ((session: SignedIn) => object | Promise<object>) | undefined;
}

/**
 * A route, `app/api/session/route.ts`: `export const { GET, DELETE } = sessionHandlers()`.
 *
 * GET responds with `{"session": …}` with who is signed in, or null; DELETE signs out, where a page of this app asks for it.
 *
 * @throws InvalidInputError `invalid_config` where one of `allowedOrigins` is none.
 */
export function sessionHandlers(options: SessionHandlersOptions = {}): {
  GET: () => Promise<Response>;
  DELETE: (request: Request) => Promise<Response>;
} {
  const allowedOrigins = checkOrigins(options);
  const GET = async (): Promise<Response> => {
    const session = await getSession();
    return respond({ session: session && ((await options.show?.(session)) ?? session) });
  };
  const DELETE = async ({ headers }: Request): Promise<Response> => {
    if (!isOwnPage(headers, allowedOrigins)) {
      return refusal('denied', 403);
    }
    await destroySession();
    return respond({ session: null });
  };
  return { GET, DELETE };
}
