/** Which of a browser's languages there are words in, and where they are: loaded by whoever asks for it. */

import type { Locale } from './texts.js';

const LOADERS: Readonly<Record<string, () => Promise<Locale | undefined>>> = {
  ar: () => import('./locales/ar.js').then(({ ar }) => ar),
  bn: () => import('./locales/bn.js').then(({ bn }) => bn),
  de: () => import('./locales/de.js').then(({ de }) => de),
  en: async () => undefined,
  es: () => import('./locales/es.js').then(({ es }) => es),
  fr: () => import('./locales/fr.js').then(({ fr }) => fr),
  hi: () => import('./locales/hi.js').then(({ hi }) => hi),
  id: () => import('./locales/id.js').then(({ id }) => id),
  it: () => import('./locales/it.js').then(({ it }) => it),
  pt: () => import('./locales/pt.js').then(({ pt }) => pt),
  tr: () => import('./locales/tr.js').then(({ tr }) => tr),
  ur: () => import('./locales/ur.js').then(({ ur }) => ur),
};

/** The code of Indonesian until 1989, which web views of Android still tell. */
const OLD_INDONESIAN = 'in';

/** The first of these tags (BCP 47) that there are words in, whatever script and region it names; English where none is. */
function lookUp(tags: readonly string[]): string {
  const languages = tags.map((tag) => (tag.split('-')[0] as string).toLowerCase());
  const known = languages.map((language) => (language === OLD_INDONESIAN ? 'id' : language));
  return known.find((language) => Object.hasOwn(LOADERS, language)) ?? 'en';
}

/**
 * Loads the words of one language: the first of these tags (BCP 47) that there are words in, such as those of
 * `navigator.languages`. Undefined is English, also where none of them is there.
 *
 * It rejects where the file cannot be loaded.
 */
export const loadLocale = async (tags: readonly string[]): Promise<Locale | undefined> =>
  LOADERS[lookUp(tags)]?.();
