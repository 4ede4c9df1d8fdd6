'use client';

/** The field for a phone number, with its country beside it once the plans of all countries are there. */

import {
  type ChangeEvent,
  type ComponentProps,
  type ReactNode,
  useContext,
  useEffect,
  useState,
} from 'react';
import { AppearanceContext, useClasses } from './context.js';
import type { CountryOptions } from './otp.js';
import type { OtpTexts } from './otp-texts.js';
import type { TypedPhone } from './phone-plans.js';

type Plans = typeof import('./phone-plans.js');

/** A phone number as it is being typed. */
export interface Phone {
  /** Undefined while the plans are loaded; null where there are none. */
  readonly plans: Plans | null | undefined;
  readonly text: string;
  readonly region: string | undefined;
  readonly set: (typed: TypedPhone) => void;
  /** What the app's server is asked for. */
  readonly asked: string;
}

/** Holds a phone number, and loads the plans once the form is there. */
export function usePhone({ countryCode, countries, countrySelect }: CountryOptions): Phone {
  const [loaded, setPlans] = useState<Plans | null>();
  const [typed, set] = useState<TypedPhone>({ text: '' });
  useEffect(() => {
    if (countrySelect !== false) {
      import('./phone-plans.js').then(setPlans, () => setPlans(null));
    }
  }, [countrySelect]);
  const plans = countrySelect === false ? null : loaded;
  const { text } = typed;
  const region = typed.region ?? (plans ? plans.regionOf(text, countryCode, countries) : countryCode);
  return { plans, text, region, set, asked: plans ? plans.asked({ text, region }) : text };
}

interface PhoneFieldProps extends ComponentProps<'input'> {
  readonly phone: Phone;
  readonly countries: CountryOptions['countries'];
  readonly texts: OtpTexts;
}

export function PhoneField({ phone, countries, texts, ...field }: PhoneFieldProps): ReactNode {
  const { plans, text, region, set } = phone;
  const { id } = field;
  const classes = useClasses();
  const { lang } = useContext(AppearanceContext);
  const change = (event: ChangeEvent<HTMLInputElement>): void =>
    set(plans ? plans.changed(event, { text, region }, countries) : { text: event.target.value });
  return (
    <>
      <label htmlFor={id}>{texts.phoneLabel}</label>
      <div className={classes('phone')}>
        {plans && (
          <plans.CountrySelect
            className={classes('field')}
            aria-label={texts.countryLabel}
            countries={countries}
            lang={lang}
            typed={{ text, region }}
            onMove={set}
          />
        )}
        <input
          {...field}
          aria-describedby={plans === null ? `${id}-hint ${id}-error` : `${id}-error`}
          type="tel"
          autoComplete="tel"
          dir="ltr"
          value={text}
          onChange={change}
        />
      </div>
      {plans === null && <small id={`${id}-hint`}>{texts.phoneHint}</small>}
    </>
  );
}
