/** Who is signed in, as a route of the app's own server tells it: asked once for all components, and in step with other tabs. */

/** What a page knows of who is signed in; `error` where it could not be asked, and was never known. */
export type SessionStatus = 'loading' | 'signed_in' | 'signed_out' | 'error';

/**
 * A session as `sessionHandlers` of `@loggin/nextjs` tells it; an app may tell less. One that signs in people who hide
 * their phone number asks for `useSession<BrowserSession<string | null>>()`.
 */
export interface BrowserSession<Phone extends string | null = string> {
  /** The phone number: digits with country code, without `+`. */
  readonly phone: Phone;
  readonly appKey: string | null;
  readonly userId: string | null;
  /** The person at this app, whatever becomes of number and user id; null after a one-time code, as is `assurance`. */
  readonly subject: string | null;
  /** `changed` where the number, or who owns it, had become another one since the login before. */
  readonly assurance: string | null;
  /** When the person proved who they are, and when this session began: ISO 8601. */
  readonly verifiedAt: string;
  readonly createdAt: string;
  /** The session's name, unless the app keeps it to itself. */
  readonly jti?: string | undefined;
  /** What the app added to it. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface SessionSnapshot {
  readonly status: SessionStatus;
  readonly session: object | null;
}

/** For so long a page that is looked at again believes what it knows, in milliseconds. */
const FRESH_MS = 30_000;

export const LOADING: SessionSnapshot = { status: 'loading', session: null };

export const snapshotOf = (session: object | null): SessionSnapshot => ({
  status: session ? 'signed_in' : 'signed_out',
  session,
});

/** What is known through one route. */
export class SessionStore {
  readonly #url: string;
  readonly #listeners = new Set<() => void>();
  #snapshot: SessionSnapshot;
  #askedAt = 0;
  /** Counts questions: only the response to the latest one is believed. */
  #asked = 0;
  #channel: BroadcastChannel | null = null;

  constructor(url: string, snapshot = LOADING) {
    this.#url = url;
    this.#snapshot = snapshot;
  }

  readonly getSnapshot = (): SessionSnapshot => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) {
      this.#open();
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        this.#close();
      }
    };
  };

  /** Asks anew, and has other tabs ask too where something has changed. */
  readonly refresh = (): Promise<void> => this.#ask('GET');

  /** Signs out. */
  readonly signOut = (): Promise<void> => this.#ask('DELETE');

  #open(): void {
    addEventListener('focus', this.#look);
    document.addEventListener('visibilitychange', this.#look);
    // Absent in old browsers and where storage is denied.
    if (typeof BroadcastChannel === 'function') {
      this.#channel = new BroadcastChannel(`loggin-session ${this.#url}`);
      this.#channel.onmessage = () => void this.#ask('GET', true).catch(() => {});
    }
    if (this.#snapshot.status === 'loading') {
      void this.refresh().catch(() => {});
    }
  }

  #close(): void {
    removeEventListener('focus', this.#look);
    document.removeEventListener('visibilitychange', this.#look);
    this.#channel?.close();
    this.#channel = null;
  }

  readonly #look = (): void => {
    if (document.visibilityState === 'visible' && Date.now() - this.#askedAt > FRESH_MS) {
      void this.refresh().catch(() => {});
    }
  };

  async #ask(method: 'GET' | 'DELETE', isTold = false): Promise<void> {
    this.#asked += 1;
    const own = this.#asked;
    this.#askedAt = Date.now();
    try {
      const response = await fetch(this.#url, { method, headers: { Accept: 'application/json' } });
      const { session } = Object(response.ok ? await response.json() : null) as { session?: unknown };
      if (session !== null && typeof session !== 'object') {
        throw new Error(`The route of the session responded with ${response.status}.`);
      }
      if (own === this.#asked) {
        this.#know(snapshotOf(session), isTold);
      }
    } catch (reason) {
      // What is known stays known while the network is away.
      if (own === this.#asked && this.#snapshot.status === 'loading') {
        this.#set({ status: 'error', session: null });
      }
      throw reason;
    }
  }

  #know(snapshot: SessionSnapshot, isTold: boolean): void {
    if (JSON.stringify(snapshot) === JSON.stringify(this.#snapshot)) {
      return;
    }
    const isFirst = this.#snapshot.status === 'loading';
    this.#set(snapshot);
    if (!isFirst && !isTold) {
      this.#channel?.postMessage(null);
    }
  }

  #set(snapshot: SessionSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

const stores = new Map<string, SessionStore>();

/** The store of a route in this page. On a server, where pages of many people are rendered, nothing is shared. */
export function storeOf(url: string, snapshot?: SessionSnapshot): SessionStore {
  if (typeof document === 'undefined') {
    return new SessionStore(url, snapshot);
  }
  const known = stores.get(url) ?? new SessionStore(url, snapshot);
  stores.set(url, known);
  return known;
}
