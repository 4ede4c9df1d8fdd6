'use client';

/** `locale="auto"`: the language that the browser asks for, of those that there are. Only that one is loaded. */

import { useSyncExternalStore } from 'react';
import type { Locale } from './texts.js';

/** What a component takes as its language. */
export type LocaleChoice = Locale | 'auto' | undefined;

/** The language that is loaded; English while none is. */
let current: Locale | undefined;

/** What the browser asks for, as far as it is known or being loaded. */
let wanted = '';

const listeners = new Set<() => void>();

/** Follows the browser's languages. What cannot be loaded leaves the words as they are. */
async function follow(): Promise<void> {
  const { languages } = navigator;
  const asked = languages.join();
  if (asked === wanted) {
    return;
  }
  wanted = asked;
  try {
    const { loadLocale } = await import('./locale-loaders.js');
    const locale = await loadLocale(languages);
    if (asked === wanted) {
      current = locale;
      for (const listener of listeners) {
        listener();
      }
    }
  } catch {
    // The next component that mounts tries again.
    wanted = '';
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  globalThis.addEventListener('languagechange', follow);
  void follow();
  return () => {
    listeners.delete(listener);
    if (!listeners.size) {
      globalThis.removeEventListener('languagechange', follow);
    }
  };
}

const never = () => () => {};
const none = () => undefined;

/**
 * The language of a choice. On a server, and until a page is hydrated, `auto` is English: what was rendered there is what
 * the page finds.
 */
export function useLocale(choice: LocaleChoice): Locale | undefined {
  const isAuto = choice === 'auto';
  const found = useSyncExternalStore(isAuto ? subscribe : never, isAuto ? () => current : none, none);
  return isAuto ? found : choice;
}
