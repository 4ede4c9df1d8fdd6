'use client';

/** The hook: the attempt of one component, and what can be done about it. */

import type { Confirm } from '@loggin/web/finish';
import { useContext, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { Attempt, type NamedServer } from './attempt.js';
import { AppearanceContext, ServerContext, serverByDefault } from './context.js';
import { IDLE, type LogginHandlers, type LogginState } from './login-state.js';

export interface UseLogginOptions extends LogginHandlers {
  /** The app: 8 symbols, which everybody may see. */
  readonly appKey: string;
  /** The message's own text, with `{code}` in it once. */
  readonly text?: string | undefined;
  /**
   * The least confirmation to accept: `reply`, `match` or `code`. The page then shows what belongs to it; your server asks for
   * the same where it redeems, as what a page asks for is the page's own.
   */
  readonly confirm?: Confirm | undefined;
}

export interface LogginLogin extends LogginState {
  /** Begins to wait, when the person opens the link or sees the QR code; after an end, with another link. */
  readonly start: () => void;
  /** The same, when the person opens the link of this page rather than the QR code. */
  readonly open: () => void;
  /** Ends what is under way, and makes another link. */
  readonly cancel: () => void;
  /** Hands in the digits that WhatsApp showed, when the status is `awaiting_confirmation`. */
  readonly confirm: (digits: string) => Promise<void>;
}

/**
 * A sign-in with WhatsApp: `idle → pending → message_received → verified`, with `awaiting_match` or
 * `awaiting_confirmation` before the end where more is asked for, or `expired`, `denied` or `error`.
 *
 * `link` is there before the tap. Its token is made once for each attempt, however often the component renders or, in
 * development, mounts.
 */
export function useLoggin(options: UseLogginOptions): LogginLogin {
  return useAttempt(options)[1];
}

/** The same, with the attempt itself, which others may show too, and perhaps with the server of a route. */
export function useAttempt(options: UseLogginOptions, routed?: NamedServer): readonly [Attempt, LogginLogin] {
  const { appKey, confirm } = options;
  const { message } = useContext(AppearanceContext).texts;
  const text = options.text || message || undefined;
  const named = useContext(ServerContext);
  const server = routed ?? named ?? serverByDefault();
  const [attempt] = useState(() => new Attempt());
  useEffect(() => {
    attempt.handlers = options;
  });
  useEffect(() => attempt.mount({ appKey, confirm, server, text }), [attempt, appKey, confirm, server, text]);
  return [attempt, useLoginOf(attempt)];
}

/** The login of an attempt that is mounted somewhere. */
export function useLoginOf(attempt: Attempt): LogginLogin {
  const state = useSyncExternalStore(attempt.subscribe, attempt.getState, () => IDLE);
  if (attempt.passedOn) {
    throw attempt.passedOn;
  }
  return useMemo(() => {
    const { start, open, cancel, confirm } = attempt;
    return { ...state, start, open, cancel, confirm };
  }, [attempt, state]);
}
