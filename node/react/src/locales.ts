/**
 * The languages besides English: `<LogginProvider locale={es}>`. A bundle has only those that the app names.
 *
 * They are plain data, so that a server component can hand one to a provider. An app's own language is such an object
 * too.
 */

import type { OtpTexts } from './otp-texts.js';
import type { LogginTexts } from './texts.js';

export interface Locale {
  /** BCP 47. */
  readonly lang: string;
  /** The direction that it is written in. */
  readonly dir: 'ltr' | 'rtl';
  /** What is missing stays English. */
  readonly texts: Partial<LogginTexts>;
  readonly otpTexts: Partial<OtpTexts>;
}

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
