/**
 * An attempt outlives its page: a reload, Back, a tab that the phone discards while WhatsApp is in front, a web view that
 * opens the link in place of the page.
 *
 * It is kept in the tab's own storage, which ends with the tab. A browser that refuses to store keeps nothing.
 */

import type { NewLogin, Server } from '@loggin/web/create';

/** A login is pending for as long on the server, in milliseconds. */
export const LIFETIME_MS = 300_000;

/** What is needed to go on. */
export interface Kept extends NewLogin {
  readonly expiresAt: number | null;
  readonly isOpened: boolean;
  /** The query of the page where the person went to WhatsApp, which the link there lacks. */
  readonly search?: string;
}

interface Owner {
  readonly appKey: string;
  readonly server: Server;
}

/** Names the server and the app of an attempt. */
export const nameOf = ({ appKey, server }: Owner): string => `loggin ${appKey} ${server.baseUrl}`;

/** Keeps an attempt, or nothing. */
export function keep(owner: Owner, attempt?: Kept): void {
  try {
    attempt
      ? sessionStorage.setItem(nameOf(owner), JSON.stringify(attempt))
      : sessionStorage.removeItem(nameOf(owner));
  } catch {
    // Private modes and blocked storage.
  }
}

/** The attempt that was kept, while it lasts: no longer than one that begins now. What is none of ours is nothing. */
export function keptOf(owner: Owner): Kept | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(nameOf(owner)) as string) as Kept;
    const left = Number(kept.expiresAt) - Date.now();
    return kept.link && left > 0 && left <= LIFETIME_MS ? kept : undefined;
  } catch {
    return undefined;
  }
}
