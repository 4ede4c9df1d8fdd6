/** Sessions whose person said "Not me" in WhatsApp, as the Loggin server tells it; what it told is kept for a while. */

import { loggin } from '@loggin/web';

/** How sessions are ended whose person said "Not me". */
export interface DeniedLoginsConfiguration {
  /** For how many seconds a response of the Loggin server is good, on each node; 60 by default. */
  readonly maxAge?: number | undefined;
}

/** For how many seconds a response is good, unless the app says otherwise. */
const MAX_AGE_S = 60;

/** Longest time, in milliseconds, that a request of a visitor waits for the response. */
const CALL_TIMEOUT_MS = 2_000;

/** Responses that are kept; the oldest makes room. */
const MAX_KEPT = 10_000;

interface Kept {
  readonly askedAt: number;
  readonly isDenied: Promise<boolean>;
}

const kept = new Map<string, Kept>();

/** Whether the person of a login took it back. Where the server does not say so in time, it counts as not. */
export async function isDenied(
  loginId: string,
  { maxAge = MAX_AGE_S }: DeniedLoginsConfiguration,
): Promise<boolean> {
  const known = kept.get(loginId);
  if (known && Date.now() - known.askedAt < maxAge * 1000) {
    return await known.isDenied;
  }
  kept.delete(loginId);
  for (const oldest of kept.keys()) {
    if (kept.size < MAX_KEPT) {
      break;
    }
    kept.delete(oldest);
  }
  const asked = { askedAt: Date.now(), isDenied: ask(loginId, known?.isDenied) };
  kept.set(loginId, asked);
  return await asked.isDenied;
}

/** What was denied once, stays denied where the server does not respond. */
async function ask(loginId: string, before: Promise<boolean> | undefined): Promise<boolean> {
  try {
    const denied = await loggin.deniedLogins([loginId], { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    return denied.includes(loginId);
  } catch {
    return (await before) ?? false;
  }
}
