'use client';

/** The field for a phone number: the country beside it, and the number as people write it there. */

import {
  type ComponentProps,
  type Dispatch,
  type ReactNode,
  type SetStateAction,
  useContext,
  useEffect,
  useState,
} from 'react';
import { AppearanceContext, useClasses } from './context.js';
import type { OtpTexts } from './otp-texts.js';
import type { Country } from './phone-numbers.js';

/** What a person typed, and where it belongs. */
export interface TypedNumber {
  readonly text: string;
  /** The region that is chosen, such as `IN`. */
  readonly region: string | undefined;
}

export interface PhoneFieldProps extends Omit<ComponentProps<'input'>, 'id'> {
  readonly id: string;
  readonly number: TypedNumber;
  readonly setNumber: Dispatch<SetStateAction<TypedNumber>>;
  readonly texts: OtpTexts;
  /** The only regions in the list; all where there is none, no list where that is `false`. */
  readonly countries: readonly string[] | false | undefined;
}

/** The region that a number needs: one with its country code needs none, whatever the list shows by then. */
export const regionOf = ({ text, region }: TypedNumber): string | undefined =>
  /^\s*(?:[+\uff0b]|00)/.test(text) ? undefined : region;

type Numbers = typeof import('./phone-numbers.js');

export function PhoneField(props: PhoneFieldProps): ReactNode {
  const { number, setNumber, texts, countries, ...field } = props;
  const { text, region } = number;
  const classes = useClasses();
  const { lang = 'en', unstyled } = useContext(AppearanceContext);
  const [numbers, setNumbers] = useState<Numbers | undefined>();
  const [list, setList] = useState<readonly Country[]>([]);
  const only = countries === false ? countries : countries?.join();
  useEffect(() => {
    let isGone = only === false;
    const show = (loaded: Numbers): void => {
      const found = loaded.countriesIn(lang, only ? only.split(',') : undefined);
      const has = (wanted: string | undefined): boolean => found.some((each) => each.region === wanted);
      const first = only ? found[0]?.region : undefined;
      setNumbers(loaded);
      setList(found);
      setNumber((before) => {
        const chosen = [before.region, loaded.ownRegion(), first].find(has);
        return { ...before, region: chosen ?? before.region };
      });
    };
    if (!isGone) {
      import('./phone-numbers.js')
        .then((loaded) => isGone || show(loaded))
        // The number is typed with its country code then.
        .catch(() => {});
    }
    return () => {
      isGone = true;
    };
  }, [lang, only, setNumber]);

  const chosen = list.find((country) => country.region === region);
  const type = ({ value, selectionEnd }: HTMLInputElement): void => {
    const written = numbers?.write(value, region);
    // Elsewhere than at the end the caret would jump, and what is deleted would come back.
    const isAtEnd = value.length > text.length && selectionEnd === value.length;
    const found = list.find((country) => country.region === written?.region);
    setNumber({ text: (isAtEnd && written?.text) || value, region: found?.region ?? region });
  };
  return (
    <>
      <label htmlFor={field.id}>{texts.phoneLabel}</label>
      <div className={classes('phone')} dir="ltr">
        {list.length > 0 && (
          <span className={classes('country')}>
            {!unstyled && (
              <span aria-hidden="true" className={classes('flag')}>
                {chosen?.short ?? '+'}
              </span>
            )}
            <select
              aria-label={texts.countryLabel}
              value={chosen?.region ?? ''}
              onChange={({ target }) => setNumber({ text, region: target.value })}
            >
              {!chosen && <option />}
              {list.map((country) => (
                <option key={country.region} value={country.region}>
                  {country.name}
                </option>
              ))}
            </select>
          </span>
        )}
        <input
          {...field}
          aria-describedby={`${field.id}-hint ${field.id}-error`}
          type="tel"
          autoComplete="tel"
          value={text}
          onChange={({ target }) => type(target)}
        />
      </div>
      {!chosen && <small id={`${field.id}-hint`}>{texts.phoneHint}</small>}
    </>
  );
}
