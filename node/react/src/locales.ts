/** The languages besides English: `<LogginProvider locale={es}>`. An app loads the ones that it names. */

import type { OtpTexts } from './otp-texts.js';
import type { LogginTexts } from './texts.js';

export interface Locale {
  /** BCP 47. */
  readonly lang: string;
  readonly dir: 'ltr' | 'rtl';
  /** What is missing stays English. */
  readonly texts: Partial<LogginTexts>;
  readonly otpTexts: Partial<OtpTexts>;
}

export { ar } from './locales/ar.js';
export { es } from './locales/es.js';
export { hi } from './locales/hi.js';
export { id } from './locales/id.js';
export { pt } from './locales/pt.js';
