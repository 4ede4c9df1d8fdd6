/** When a page comes back: phones freeze it while WhatsApp is open, and its connections die unnoticed. */

/** What the window of a page is told when something may have been missed. */
const EVENTS = [
  // The tab is shown again; it bubbles from the document.
  'visibilitychange',
  // The person went back to the page, which was kept as it stood.
  'pageshow',
  'online',
];

/** A page that was hidden for longer, in milliseconds, may have been frozen. */
const HIDDEN_MS = 5_000;

/**
 * Calls back whenever this page comes back, with whether it must have missed something: it was hidden for long, or the
 * network came back. Returns what takes it back.
 */
export function onWake(callback: (hasMissed: boolean) => void): () => void {
  const { document: page, window } = globalThis as Partial<typeof globalThis>;
  const isHidden = (): boolean => page?.visibilityState !== 'visible';
  let hiddenAt = isHidden() ? performance.now() : undefined;
  let hasMissed = false;
  const wake = ({ type }: Event): void => {
    hasMissed ||= type !== 'visibilitychange';
    if (isHidden()) {
      // A page that nobody sees stays asleep.
      hiddenAt ??= performance.now();
      return;
    }
    const isLong = hiddenAt !== undefined && performance.now() - hiddenAt > HIDDEN_MS;
    callback(hasMissed || isLong);
    hiddenAt = undefined;
    hasMissed = false;
  };
  for (const name of EVENTS) {
    window?.addEventListener?.(name, wake);
  }
  return () => {
    for (const name of EVENTS) {
      window?.removeEventListener?.(name, wake);
    }
  };
}
