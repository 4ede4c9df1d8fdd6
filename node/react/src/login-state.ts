/** Where an attempt to sign in stands, what an app is told of it, and what the part that waits needs to know. */

import type { NewLogin, Server } from '@loggin/web/create';
import type { Confirm, Connection, SessionFields } from '@loggin/web/finish';

/** Where an attempt stands. */
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

/** Who signed in, and the token that the app's server redeems: what the page says proves nothing. */
export interface LogginSuccess extends SessionFields {
  readonly token: string;
}

/** What an app is told. */
export interface LogginHandlers {
  /**
   * Somebody signed in. Hand the token to your server; `verified` comes when what is returned has resolved, and the modal
   * closes soon after, unless that is `{ keepOpen: true }`.
   */
  readonly onSuccess?: ((success: LogginSuccess) => unknown) | undefined;
  /** It came to nothing: denied, refused, or `onSuccess` failed. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** Nobody sent the message in time. */
  readonly onExpire?: (() => void) | undefined;
  /** The server has not been reached for 8 s, and is tried again until the attempt runs out. */
  readonly onConnectionProblem?: ((error: Error) => void) | undefined;
}

export interface LogginState {
  readonly status: LogginStatus;
  /** Opens WhatsApp. It is there before the tap; null on a server, and until a page is hydrated. */
  readonly link: string | null;
  /** When the attempt runs out, in milliseconds since 1970; null while none is under way. */
  readonly expiresAt: number | null;
  /** What went wrong: the end of the attempt, or the last code that was typed. `LogginError`s have a `code`. */
  readonly error: Error | null;
  /** How many tries are left to type the code, once one was wrong. */
  readonly attemptsLeft: number | null;
  /** The two digits to show while the status is `awaiting_match`: the person chooses them in WhatsApp. */
  readonly match: string | null;
  /** A code was typed and is being checked. */
  readonly isConfirming: boolean;
  /** The person has opened the link here, in this attempt. */
  readonly isOpened: boolean;
  /** The attempt began before the page was loaded, and goes on. */
  readonly isResumed: boolean;
  /** The link in WhatsApp was opened here, and no attempt that it belongs to began in this browser. */
  readonly isElsewhere: boolean;
  /** Whether the server is there: not known yet, or tried again; connected; not reached for 8 s. */
  readonly connection: Connection;
  /** Who signed in, once somebody has; null where the person hides it, or the app hides it from browsers. */
  readonly phone?: string | null;
  /** `onSuccess` wants the modal to stay. */
  readonly keepOpen?: boolean;
}

/** The state on a server, and until a page is hydrated. */
export const IDLE: LogginState = {
  status: 'idle',
  link: null,
  expiresAt: null,
  error: null,
  attemptsLeft: null,
  match: null,
  isConfirming: false,
  isOpened: false,
  isResumed: false,
  isElsewhere: false,
  connection: 'connecting',
};

/** Whether the person has something to do here: digits to type, or to look at. */
export const isAwaiting = ({ status }: Pick<LogginState, 'status'>): boolean => status.startsWith('awaiting');

export const isUnderWay = ({ expiresAt }: Pick<LogginState, 'expiresAt'>): boolean => expiresAt !== null;

/** An attempt as far as its course goes. */
export interface Course extends NewLogin {
  readonly appKey: string;
  readonly server: Server;
  /** The message's own text. */
  readonly text: string | undefined;
  /** The least confirmation that is accepted. */
  readonly confirm?: Confirm | undefined;
  readonly wait: AbortController;
  /** Called when the person goes to WhatsApp here. */
  readonly wakes: Set<() => void>;
  /** The app has been told who signed in, and is told once: a page that is hidden meanwhile does not begin anew. */
  isTold?: boolean;
  /** Changes the state, unless the attempt is over. */
  readonly set: (change: Partial<LogginState>) => unknown;
  readonly attempt: {
    readonly getState: () => LogginState;
    readonly handlers: LogginHandlers;
    readonly cancel: () => void;
  };
}
