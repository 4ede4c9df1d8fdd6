/** What a page is told, as events of the element. All of them bubble, through shadow roots too. */

/** Who signed in, and the token that the page's server redeems: what the page says proves nothing. */
export interface LogginSuccess {
  /** What your server hands to `verifyToken`. */
  readonly token: string;
  /** The app that the person signed in to. */
  readonly appKey: string;
  /** Digits with country code, without `+`; null where the person hides it, or the app keeps it from browsers. */
  readonly phone: string | null;
  /** The business-scoped WhatsApp user id, where WhatsApp told it. */
  readonly userId: string | null;
  /** The person at this app, whatever becomes of number and user id. */
  readonly subject: string;
  /** What the person did to confirm the login. */
  readonly confirmation: 'none' | 'reply' | 'match' | 'code';
  /** `changed` at the first login after the number, or who owns it, became another one; later versions may tell others. */
  readonly assurance: 'normal' | 'changed' | (string & {});
  /** When the message arrived at the server, or the login was confirmed. */
  readonly verifiedAt: Date;
}

/** Where a login stands. */
export type LogginStatus =
  | 'idle'
  | 'pending'
  | 'message_received'
  | 'awaiting_confirmation'
  | 'awaiting_match'
  | 'verified'
  | 'expired'
  | 'denied'
  | 'error';

/** An error; those of Loggin have a `code`. */
export type LogginFailure = Error & { readonly code?: string };

const EventClass = (globalThis.CustomEvent ?? class {}) as typeof CustomEvent;

/**
 * Somebody signed in. Hand `detail.token` to your server.
 *
 * The modal says that the person is signed in once all has resolved that it was told to wait for. What rejects is shown as
 * a sign-in that did not work. `preventDefault` keeps a form from being sent.
 */
export class LogginSuccessEvent extends EventClass<LogginSuccess> {
  readonly #awaited: unknown[] = [];

  /** Has the modal wait: `event.waitUntil(fetch('/login', …))`. */
  waitUntil(promise: unknown): void {
    this.#awaited.push(promise);
  }

  /** @internal */
  settled(): Promise<unknown> {
    return Promise.all(this.#awaited);
  }
}

/** The events by their names. */
export interface LogginEventMap {
  'loggin-success': LogginSuccessEvent;
  /** It came to nothing: denied, refused, or what `waitUntil` was given failed. */
  'loggin-error': CustomEvent<LogginFailure>;
  /** Nobody sent the message in time. */
  'loggin-expire': CustomEvent<null>;
  /** The login has come further. */
  'loggin-progress': CustomEvent<{ readonly status: LogginStatus }>;
  /** The person has ended it. */
  'loggin-cancel': CustomEvent<null>;
  /** The server has not been reached for 8 s, and is tried again. */
  'loggin-connection-problem': CustomEvent<LogginFailure>;
}

/** How each event travels. */
export const TRAVELS = { bubbles: true, composed: true } as const;

const UNDER_WAY: readonly LogginStatus[] = [
  'pending',
  'message_received',
  'awaiting_confirmation',
  'awaiting_match',
];

export const isUnderWay = (status: LogginStatus): boolean => UNDER_WAY.includes(status);
