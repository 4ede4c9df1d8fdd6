'use client';

/** Who is signed in, for components. */

import { createContext, type ReactNode, useContext, useMemo, useSyncExternalStore } from 'react';
import {
  type BrowserSession,
  LOADING,
  type SessionSnapshot,
  type SessionStatus,
  snapshotOf,
  storeOf,
} from './session-store.js';

const DEFAULT_URL = '/api/session';

interface Source {
  readonly url: string;
  /** What the server knew when it rendered the page. */
  readonly initial?: SessionSnapshot | undefined;
}

const SourceContext = /* @__PURE__ */ createContext<Source>({ url: DEFAULT_URL });

export interface SessionProviderProps {
  /** The route that tells the session, of `sessionHandlers` in `@loggin/nextjs` or the like; `/api/session` by default. */
  readonly url?: string | undefined;
  /** Who is signed in, where the server that renders the page knows it, or null: nothing flickers then. */
  readonly session?: object | null | undefined;
  readonly children?: ReactNode;
}

/** Says for all components below where the session is asked for, and what is known of it already. */
export function SessionProvider({ url = DEFAULT_URL, session, children }: SessionProviderProps): ReactNode {
  const source = useMemo(
    () => ({ url, initial: session === undefined ? undefined : snapshotOf(session) }),
    [url, session],
  );
  return <SourceContext.Provider value={source}>{children}</SourceContext.Provider>;
}

export interface CurrentSession<Session extends object> {
  readonly status: SessionStatus;
  /** Null unless the status is `signed_in`. */
  readonly session: Session | null;
  /** Asks the server anew, as after a sign-in. It rejects where that cannot be done. */
  readonly refresh: () => Promise<void>;
  /** Signs out, in this browser. It rejects where that cannot be done. */
  readonly signOut: () => Promise<void>;
}

/**
 * Who is signed in, in this page and in step with other tabs: asked once for all components, again when the page is looked
 * at after half a minute, and on `refresh`.
 *
 * It says what to show. What may be done is the server's to decide.
 */
export function useSession<Session extends object = BrowserSession>(): CurrentSession<Session> {
  const { url, initial } = useContext(SourceContext);
  const store = useMemo(() => storeOf(url, initial), [url, initial]);
  const { status, session } = useSyncExternalStore(
    store.subscribe,
    store.getSnapshot,
    () => initial ?? LOADING,
  );
  return { status, session: session as Session | null, refresh: store.refresh, signOut: store.signOut };
}

export interface SignedInProps {
  readonly children?: ReactNode;
}

/** Shows its children to people who are signed in. */
export function SignedIn({ children }: SignedInProps): ReactNode {
  return useSession().status === 'signed_in' ? children : null;
}

/** Shows its children to people of whom it is known that they are not signed in. */
export function SignedOut({ children }: SignedInProps): ReactNode {
  return useSession().status === 'signed_out' ? children : null;
}
