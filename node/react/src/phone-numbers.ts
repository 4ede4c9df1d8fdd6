/**
 * Countries, their calling codes, and how numbers are written there: loaded beside the form for one-time codes, which works
 * without it.
 */

import { AsYouType, type CountryCode, getCountries, getCountryCallingCode } from 'libphonenumber-js/min';

export interface Country {
  /** ISO 3166, such as `IN`. */
  readonly region: string;
  /** Its name in the language of the form, with its calling code. */
  readonly name: string;
  /** Its region and its calling code. A flag would need a font that many systems lack. */
  readonly short: string;
}

/** What was typed so far. */
export interface Written {
  /** As people write it. */
  readonly text: string;
  /** Where it belongs, once it says so by itself. */
  readonly region: string | undefined;
}

/** The countries by their names; those of a list, where there is one. */
export function countriesIn(lang: string, only: readonly string[] | undefined): Country[] {
  const names = new Intl.DisplayNames([lang, 'en'], { type: 'region' });
  const collator = new Intl.Collator(lang);
  const all = getCountries().filter((region) => !only || only.includes(region));
  return all
    .map((region) => {
      const callingCode = `+${getCountryCallingCode(region)}`;
      return {
        region,
        name: `${names.of(region)} (${callingCode})`,
        short: `${region} ${callingCode}`,
      };
    })
    .sort((a, b) => collator.compare(a.name, b.name));
}

/** The region of the person's own languages, where one of them names it. */
export const ownRegion = (): string | undefined =>
  navigator.languages.map((tag) => new Intl.Locale(tag).region).find(Boolean);

/** Writes a number as it is typed. `00` and a full-width plus before a country code are read as `+`. */
export function write(typed: string, region: string | undefined): Written {
  const number = typed.replace(/^\s*(?:\uff0b|00(?=\d))/, '+');
  const formatter = new AsYouType(region as CountryCode);
  const text = formatter.input(number);
  return { text, region: /^\s*\+/.test(number) ? formatter.getCountry() : undefined };
}
