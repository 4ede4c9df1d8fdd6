'use client';

/**
 * What the plans of all countries say about a phone number that is being typed: its country, and how it is written.
 * They are large, so that the form for one-time codes loads them once it is there, and works without them.
 */

import {
  AsYouType,
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  Metadata,
} from 'libphonenumber-js/min';
import { type ChangeEvent, type ComponentProps, type ReactNode, useMemo } from 'react';
import { digitsOf, isolated } from './texts.js';

/** A number as it stands in the field, and the region chosen beside it, if any is. */
export interface TypedPhone {
  readonly text: string;
  readonly region?: string | undefined;
}

/** What has just happened to the field. */
export interface Typing extends TypedPhone {
  /** Where the caret stands, in UTF-16 units, as it does in the field. */
  readonly caret: number;
  /** What the field held before. */
  readonly before: string;
  /** Whether something was deleted, as events of input tell it: `deleteContentBackward`. */
  readonly inputType: string | undefined;
}

/** Digits with what people write around them. Anything else is left as it was typed: the server says what it thinks of it. */
const NUMBER = /^[\p{Nd}\s()+＋./\u00a0\u2010-\u2015\u200e\u200f\u2066-\u2069-]*$/u;

/** What a number consists of; the rest of it is looks. */
const MEANT = /[\p{Nd}+＋]/gu;

const meantIn = (text: string): RegExpExecArray[] => [...text.matchAll(MEANT)];

/** The regions that a form offers: those of the app, or all. */
const offered = (countries: readonly string[] | undefined): string[] =>
  getCountries().filter((region) => !countries || countries.includes(region));

/** The region that a form begins with: the app's, or that of the browser's languages. */
function firstRegion(
  countryCode: string | undefined,
  countries: readonly string[] | undefined,
): string | undefined {
  const tags = navigator.languages.map((tag) => new Intl.Locale(tag));
  const likely = tags.map((tag) => tag.maximize().region);
  const wanted = [
    countryCode?.toUpperCase(),
    ...tags.map(({ region }) => region),
    ...likely,
    ...(countries ?? []),
  ];
  const known = offered(countries);
  return wanted.find((region) => region && known.includes(region));
}

/** A number as a reader of the plans has it. */
interface Reading {
  readonly reader: AsYouType;
  /** As it is written, in Latin digits. */
  readonly shown: string;
}

/** Reads what was typed in a region: `00` leads abroad from everywhere, as people know it, beside a region's own prefix. */
function read(text: string, region: string | undefined): Reading {
  const latin = text.replace(/\p{Nd}/gu, digitsOf).replace('＋', '+');
  const reader = new AsYouType(region as CountryCode | undefined);
  const shown = reader.input(latin);
  const abroad = new AsYouType();
  const written = abroad.input(latin.replace(/^\D*00/, '+'));
  return /^[^\d+]*00/.test(latin) && !reader.isInternational() && abroad.getCallingCode()
    ? { reader: abroad, shown: written.replace('+', '00') }
    : { reader, shown };
}

/** The regions of a calling code, the largest first; the library's own types do not name what tells them. */
function regionsOf(callingCode: string): readonly string[] {
  const plans = new Metadata() as { getCountryCodesForCallingCode?(code: string): string[] | undefined };
  return plans.getCountryCodesForCallingCode?.(callingCode) ?? [];
}

/** The region that a number names itself, as far as it is typed; of those that share a code the chosen one stays. */
function regionIn(reader: AsYouType, region: string | undefined, countries: readonly string[] | undefined) {
  const code = reader.isInternational() ? reader.getCallingCode() : undefined;
  if (!code) {
    return region;
  }
  const all = regionsOf(code);
  const told = [reader.getCountry() ?? (region && all.includes(region) ? region : undefined), ...all];
  const known = offered(countries);
  return told.find((each) => each && known.includes(each)) ?? region;
}

/** The region of a number beside which none was chosen. */
export function regionOf(
  text: string,
  countryCode: string | undefined,
  countries: readonly string[] | undefined,
): string | undefined {
  const first = firstRegion(countryCode, countries);
  return NUMBER.test(text) ? regionIn(read(text, first).reader, first, countries) : first;
}

/** The same digits in the looks of a region, in the digits of whatever keyboard they came from. */
function written(text: string, shown: string): string {
  const own = Array.from(text.matchAll(/\p{Nd}/gu), ([digit]) => digit);
  let next = 0;
  const result = shown.replace(/\d/g, () => own[next++] ?? '');
  return next === own.length ? result : text;
}

/** Without the digit beside the caret, where somebody has deleted what only stood there for looks. */
function deleted({ text, caret, before, inputType = '' }: Typing): readonly [string, number] {
  const all = meantIn(text);
  if (!inputType.startsWith('deleteContent') || text === before || meantIn(before).length > all.length) {
    return [text, caret];
  }
  const isForward = inputType === 'deleteContentForward';
  const gone = isForward
    ? all.find(({ index }) => index >= caret)
    : all.findLast(({ index }) => index < caret);
  if (!gone) {
    return [text, caret];
  }
  const { index } = gone;
  return [text.slice(0, index) + text.slice(index + gone[0].length), isForward ? caret : index];
}

/** What the field shows for what was typed, where its caret goes, and the region that the number is of. */
export function shaped(
  typing: Typing,
  countries: readonly string[] | undefined,
): TypedPhone & { readonly caret: number } {
  const { region } = typing;
  const [text, caret] = deleted(typing);
  if (!NUMBER.test(text)) {
    return { text, region, caret };
  }
  const { reader, shown } = read(text, region);
  const next = written(text, shown);
  const count = meantIn(text.slice(0, caret)).length;
  const last = count ? meantIn(next)[count - 1] : undefined;
  const end = caret === text.length || (count && !last) ? next.length : 0;
  return {
    text: next,
    region: regionIn(reader, region, countries),
    caret: end || (last ? last.index + last[0].length : 0),
  };
}

/** What a change of the field comes to, its caret kept. What an input method is still composing is left to it. */
export function changed(
  { target, nativeEvent }: ChangeEvent<HTMLInputElement>,
  { text: before, region }: TypedPhone,
  countries: readonly string[] | undefined,
): TypedPhone {
  const { inputType, isComposing } = nativeEvent as InputEvent;
  const { value: text } = target;
  if (isComposing) {
    return { text, region };
  }
  const next = shaped(
    { text, region, caret: target.selectionStart ?? text.length, before, inputType },
    countries,
  );
  // React leaves a value alone that is there already, and the caret with it.
  if (next.text !== text) {
    target.value = next.text;
    target.setSelectionRange(next.caret, next.caret);
  }
  return { text: next.text, region: next.region };
}

/** A number once another region is chosen beside it: it is of that region then, whatever code it began with. */
function moved({ text, region }: TypedPhone, to: string): TypedPhone {
  if (!NUMBER.test(text)) {
    return { text, region: to };
  }
  const { reader } = read(text, region);
  const rest = reader.isInternational() ? (reader.getNumber()?.nationalNumber ?? '') : text;
  return { text: written(rest, read(rest, to).shown), region: to };
}

/** What a server is asked for: with `+`, which every region reads, where the number leads abroad. */
export function asked({ text, region }: TypedPhone): string {
  const { reader } = read(text, region);
  const isPlain = !NUMBER.test(text) || /[+＋]/.test(text) || !reader.isInternational();
  return isPlain ? text : (reader.getNumberValue() ?? text);
}

/** The regions by their names in a language, with their calling codes. */
function namesOf(countries: string[], lang: string | undefined): readonly (readonly [string, string])[] {
  const [language] = supported(lang);
  const names = new Intl.DisplayNames(language, { type: 'region', fallback: 'code' });
  return countries
    .map((region) => [region, names.of(region) ?? region] as const)
    .sort(([, one], [, other]) => one.localeCompare(other, language));
}

/** An app's own language may have a tag that is none. */
function supported(lang = 'en'): string[] {
  try {
    return [...Intl.DisplayNames.supportedLocalesOf(lang), 'en'];
  } catch {
    return ['en'];
  }
}

export interface CountrySelectProps extends ComponentProps<'select'> {
  readonly countries: readonly string[] | undefined;
  readonly typed: TypedPhone;
  /** Another country was chosen: the number as it stands then. */
  readonly onMove: (typed: TypedPhone) => void;
}

/** The countries that a number may be of. */
export function CountrySelect({ countries, lang, typed, onMove, ...props }: CountrySelectProps): ReactNode {
  const { region = '' } = typed;
  // A list that is written where it is handed over is another one each time.
  const key = offered(countries).join();
  const options = useMemo(
    () =>
      namesOf(key.split(','), lang).map(([region, name]) => (
        <option key={region} value={region}>
          {`${name} ${isolated(`+${getCountryCallingCode(region as CountryCode)}`)}`}
        </option>
      )),
    [key, lang],
  );
  return (
    key && (
      <select {...props} value={region} onChange={({ target }) => onMove(moved(typed, target.value))}>
        {!region && <option value="">{props['aria-label']}</option>}
        {options}
      </select>
    )
  );
}
