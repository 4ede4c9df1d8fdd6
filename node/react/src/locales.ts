/**
 * The languages besides English. A bundle has only those that the app names:
 *
 * ```tsx
 * import { es } from '@loggin/react/locales';
 *
 * <LogginProvider locale={es}>
 * ```
 *
 * They are plain data, so that a server component can hand one to a provider. An app's own language is such an object
 * too.
 */

export { loadLocale } from './locale-loaders.js';
export { ar } from './locales/ar.js';
export { bn } from './locales/bn.js';
export { de } from './locales/de.js';
export { es } from './locales/es.js';
export { fr } from './locales/fr.js';
export { hi } from './locales/hi.js';
export { id } from './locales/id.js';
export { it } from './locales/it.js';
export { pt } from './locales/pt.js';
export { tr } from './locales/tr.js';
export { ur } from './locales/ur.js';
export type { Locale } from './texts.js';
