'use client';

/** What a server rendered, until the page is live: whether it is that, and whether it was tapped. */

import { useEffect, useId, useSyncExternalStore } from 'react';

/** True on a server and while a page is hydrated, never for what is rendered in the page itself. */
export const useIsServed = (): boolean =>
  useSyncExternalStore(
    () => () => {},
    () => false,
    () => true,
  );

/**
 * Calls back for a tap on what a server rendered, before the page is live. No handler is told of it, but a pointer leaves
 * its focus, which hydration keeps; the focus of a keyboard, which only passes by, is told from it by its ring.
 *
 * It returns what the element, which takes the focus, is known by until then.
 */
export function useEarlyTap(onTap: () => void): { readonly 'data-pending'?: string } {
  const id = useId();
  // What an app renders in the page itself may be given the focus by the app.
  const isServed = useIsServed();
  useEffect(() => {
    const { activeElement } = document;
    if (activeElement?.getAttribute('data-pending') === id && !activeElement.matches(':focus-visible')) {
      onTap();
    }
  }, [id, onTap]);
  return isServed ? { 'data-pending': id } : {};
}
