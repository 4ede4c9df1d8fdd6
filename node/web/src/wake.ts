/** When a page comes back: phones freeze it while WhatsApp is open, and its connections die unnoticed. */

/** What the window of a page is told when something may have been missed. */
const EVENTS = [
  // The tab is shown again; it bubbles from the document.
  'visibilitychange',
  // The person went back to the page, which was kept as it stood.
  'pageshow',
  'online',
];

/** Calls back whenever this page may have missed something. Returns what takes it back. */
export function onWake(callback: () => void): () => void {
  const { document: page, window } = globalThis as Partial<typeof globalThis>;
  // A page that nobody sees stays asleep.
  const wake = (): void => {
    if (page?.visibilityState === 'visible') {
      callback();
    }
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
