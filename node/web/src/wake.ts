/**
 * Notices that a page came back. Phones freeze it while WhatsApp is open, and its connections die without an event; the
 * same happens while a computer sleeps.
 */

/** Events of the window after which something may have been missed. */
const EVENTS = [
  // The tab is shown again; it bubbles from the document.
  'visibilitychange',
  // The person went back to the page, which was kept as it stood.
  'pageshow',
  'online',
];

/** A page that was hidden for longer, in milliseconds, may have been frozen. */
const HIDDEN_MS = 5_000;

/** Interval at which the clock is read during a wait, in milliseconds. */
const LOOK_MS = 2_000;

/** A timer that fires this late shows that the computer slept: timers stop then, the clock does not. In milliseconds. */
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
