/** When a page comes back: phones freeze it while WhatsApp is open, and its connections die unnoticed. */

/** What a page is told of when it is shown again, or the network is back; a page that is not shown stays asleep. */
const EVENTS = ['visibilitychange', 'pageshow', 'online'];

/** Calls back whenever this page may have missed something. Returns what takes it back. */
export function onWake(callback: () => void): () => void {
  const { document: page, window } = globalThis as Partial<typeof globalThis>;
  const wake = (): void => {
    if (page?.visibilityState === 'visible') {
      callback();
    }
  };
  // `visibilitychange` bubbles from the document to the window.
  for (const name of EVENTS) {
    window?.addEventListener?.(name, wake);
  }
  return () => {
    for (const name of EVENTS) {
      window?.removeEventListener?.(name, wake);
    }
  };
}
