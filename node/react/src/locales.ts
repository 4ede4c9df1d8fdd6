export interface Locale { readonly lang: string; readonly dir: 'ltr'|'rtl'; readonly texts: Partial<import('./texts.js').LogginTexts> }
