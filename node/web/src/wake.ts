/**
 * When a page comes back: phones freeze it while WhatsApp is open, and its connections die unnoticed. So they do while a
 * computer sleeps, which no event tells.
 */

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

/** How often the clock is looked at while somebody waits, in milliseconds. */
const LOOK_MS = 2_000;

/** Timers stand still while a computer sleeps, and the time of day does not. A look this much too late tells of that. */
const LATE_MS = 3_000;

/**
 * Calls back whenever this page comes back, with whether it must have missed something: it was hidden for long, the
 * computer was asleep, or the network came back. Returns what takes it back.
 */
export function onWake(callback: (hasMissed: boolean) => void): () => void {
  const { document: page, window } = globalThis as Partial<typeof globalThis>;
  const isHidden = (): boolean => page?.visibilityState === 'hidden';
  let hiddenAt = isHidden() ? Date.now() : undefined;
  let hasMissed = false;
  let lookedAt = Date.now();
  const wake = ({ type }: { type?: string }): void => {
    hasMissed ||= type !== 'visibilitychange';
    if (isHidden()) {
      // A page that nobody sees stays asleep.
      hiddenAt ??= Date.now();
      return;
    }
    const isLong = hiddenAt !== undefined && Date.now() - hiddenAt > HIDDEN_MS;
    callback(hasMissed || isLong);
    hiddenAt = undefined;
    hasMissed = false;
    // One way of telling is enough.
    lookedAt = Date.now();
  };
  const timer = setInterval(() => {
    if (Date.now() - lookedAt > LOOK_MS + LATE_MS) {
      wake({});
    }
    lookedAt = Date.now();
  }, LOOK_MS);
  for (const name of EVENTS) {
    window?.addEventListener?.(name, wake);
  }
  return () => {
    clearInterval(timer);
    for (const name of EVENTS) {
      window?.removeEventListener?.(name, wake);
    }
  };
}
