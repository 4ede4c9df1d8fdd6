'use client';

/**
 * A tap on what a server rendered, before the page is live. No handler is told of it, but a pointer leaves its focus, which
 * hydration keeps; the focus of a keyboard, which only passes by, is told from it by its ring.
 */

import { useEffect, useId } from 'react';
import { useIsServed } from './style-sheet.js';

/** Calls back once for such a tap; returns what makes an element take the focus, and known until the page is live. */
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
