'use client';

/** Brings the style sheet into the page: with the components, as bundlers drop an import from a package without side effects. */

import { type ReactNode, useContext, useInsertionEffect } from 'react';
import { AppearanceContext } from './context.js';
import { useIsServed } from './served.js';
import { CSS } from './styles.js';

/**
 * Puts the sheet into the page, or the tree of a shadow, once. It comes first, so that what the app says comes after it.
 *
 * A script may set a nonce and the text of a style element under every policy, also where Trusted Types are required.
 */
function insert(container: Node | undefined, nonce: string | undefined): void {
  const tree = container?.getRootNode();
  const place = tree instanceof ShadowRoot ? tree : document.head;
  if (place.querySelector('style[data-loggin]')) {
    return;
  }
  const element = document.createElement('style');
  element.dataset.loggin = '';
  element.nonce = nonce ?? '';
  element.textContent = CSS;
  place.prepend(element);
}

/** The style sheet: one in each tree, however many components there are. */
export function StyleSheet(): ReactNode {
  const { nonce, container, unstyled, hasStyles } = useContext(AppearanceContext);
  // On a server and while a page is hydrated the sheet stands where the component does; then it moves.
  const isServed = useIsServed();
  const isNeeded = !(unstyled || hasStyles);
  useInsertionEffect(() => {
    if (isNeeded) {
      insert(container, nonce);
    }
  }, [container, nonce, isNeeded]);
  // Browsers hide the nonce from the page, which hydration would take for a mismatch.
  return isServed && isNeeded ? (
    <style nonce={nonce} suppressHydrationWarning>
      {CSS}
    </style>
  ) : null;
}
