/** A page around the test, and a clock that the test drives. */

import { onTestFinished, vi } from 'vitest';

export interface Page {
  /** Shows or hides the page, and tells it so. */
  turn(visibility: 'visible' | 'hidden'): void;
  /** Tells the page something, as its window is told. */
  tell(event: 'pageshow' | 'online' | 'visibilitychange'): void;
}

/** Makes this a browser until the test is over. */
export function openPage(): Page {
  const document = { visibilityState: 'visible' };
  const window = new EventTarget();
  vi.stubGlobal('document', document);
  vi.stubGlobal('window', window);
  onTestFinished(() => void vi.unstubAllGlobals());
  return {
    turn(visibility) {
      document.visibilityState = visibility;
      window.dispatchEvent(new Event('visibilitychange'));
    },
    tell: (event) => void window.dispatchEvent(new Event(event)),
  };
}

/** The computer sleeps: the time of day goes on, and nothing else does. */
export function sleep(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
}

/** Stops the timers of this package until the test is over; connections go on as they are. */
export function stopClock(): void {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  });
  onTestFinished(() => void vi.useRealTimers());
}
