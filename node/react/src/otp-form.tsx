'use client';

/** The form for one-time codes: a phone number, then the code that WhatsApp brought. */

import {
  type ComponentProps,
  type FormEvent,
  type ReactNode,
  useContext,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { AppearanceContext, useClasses } from './context.js';
import { clock, useSecondsUntil } from './countdown.js';
import { type CountryOptions, NEEDS_NEW_CODE, Otp, type OtpHandlers, type OtpRoutes } from './otp.js';
import { englishOtp, type OtpTexts } from './otp-texts.js';
import { PhoneField, usePhone } from './phone-field.js';
import { StyleSheet } from './style-sheet.js';
import { digitsOf, fill, isolated, numeral } from './texts.js';

export interface OtpFormProps
  extends OtpHandlers,
    OtpRoutes,
    CountryOptions,
    Omit<ComponentProps<'form'>, 'onError' | 'onSubmit'> {
  /** Digits of a code, as the app asks for them; 6 by default. */
  readonly otpLength?: number | undefined;
  /** Words of the app's own. */
  readonly texts?: Partial<OtpTexts> | undefined;
}

const OTP_LENGTH = 6;

/** Verifies a phone number by a code that WhatsApp brings. */
export function OtpForm(props: OtpFormProps): ReactNode {
  const {
    start,
    verify,
    countryCode,
    countries,
    countrySelect,
    otpLength = OTP_LENGTH,
    onSuccess,
    onError,
    texts: own,
    ...rest
  } = props;
  const { className = '', ...form } = rest;
  const classes = useClasses();
  const { otpTexts, lang, dir, theme, unstyled } = useContext(AppearanceContext);
  const texts: OtpTexts = { ...englishOtp, ...otpTexts, ...own };
  const [otp] = useState(() => new Otp());
  const state = useSyncExternalStore(otp.subscribe, otp.getState, otp.getState);
  const phone = usePhone({ countryCode, countries, countrySelect });
  const [code, setCode] = useState('');
  const codeField = useRef<HTMLInputElement>(null);
  const id = useId();
  const wait = useSecondsUntil(state.resendAt);
  // An alert is read out whenever it changes, so it keeps the span that it began with.
  const first = useMemo(
    () => (state.resendAt ? Math.ceil((state.resendAt - Date.now()) / 1000) : 0),
    [state.resendAt],
  );
  useEffect(() => {
    otp.handlers = { onSuccess, onError };
  }, [otp, onSuccess, onError]);

  const send = (): void => {
    setCode('');
    // The button for another code goes until one can be asked for again.
    codeField.current?.focus();
    void otp.send(start, phone.asked, phone.region);
  };
  const { error, step, isBusy } = state;
  /** The server wants to be left alone for a while. */
  const isTooQuick = error?.code === 'rate_limited' && !!wait;
  const hand = (digits: string): void => void (isTooQuick || otp.verify(verify, digits));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    state.step === 'phone' ? send() : hand(code);
  };
  const type = (typed: string): void => {
    const digits = digitsOf(typed).slice(0, otpLength);
    setCode(digits);
    // What is pasted or filled in whole needs no tap.
    if (digits.length === otpLength && digits !== code) {
      hand(digits);
    }
  };

  // In the first step another number, and the same one later, is still worth a try.
  const isSpent = step === 'code' && error !== null && NEEDS_NEW_CODE.includes(error.code);
  const field = { id, required: true, className: classes('field'), 'aria-invalid': !!error };
  return (
    <form
      lang={lang}
      dir={dir}
      data-theme={theme}
      {...form}
      className={classes('form', unstyled ? className : `loggin ${className}`)}
      aria-busy={isBusy}
      onSubmit={submit}
    >
      <StyleSheet />
      <p role="status" className={classes('lead')}>
        {step === 'code' && fill(texts.sentTo, { phone: isolated(state.phone) })}
        {step === 'verified' && texts.verified}
      </p>
      {step === 'phone' && <PhoneField {...field} phone={phone} countries={countries} texts={texts} />}
      {step === 'code' && (
        <>
          <label htmlFor={id}>{texts.codeLabel}</label>
          <input
            {...field}
            ref={codeField}
            aria-describedby={`${id}-error`}
            // biome-ignore lint/a11y/noAutofocus: the form has just asked for it.
            autoFocus
            inputMode="numeric"
            autoComplete="one-time-code"
            dir="ltr"
            value={code}
            // Disabled it would lose the focus.
            readOnly={isSpent}
            onChange={({ target }) => type(target.value)}
          />
        </>
      )}
      <p role="alert" id={`${id}-error`}>
        {error && !(error.code === 'rate_limited' && wait === 0) && wordsOf(error, texts, first, lang)}
      </p>
      {step !== 'verified' && !isSpent && (
        <button type="submit" className={classes('main')} disabled={isBusy || isTooQuick}>
          {step === 'phone' ? texts.send : texts.verify}
          {isTooQuick && <span aria-hidden="true">{numeral(wait ?? 0, lang)}</span>}
        </button>
      )}
      {step === 'code' && (
        <div className={classes('choices')}>
          {wait ? (
            <span role="timer">{fill(texts.resendIn, { time: isolated(clock(wait, lang)) })}</span>
          ) : (
            <button type="button" className={classes('second')} disabled={isBusy} onClick={send}>
              {texts.resend}
            </button>
          )}
          <button type="button" className={classes('second')} disabled={isBusy} onClick={otp.restart}>
            {texts.changePhone}
          </button>
        </div>
      )}
    </form>
  );
}

/** An error in words, with the tries that are left. */
function wordsOf(
  error: { code: string; attemptsLeft: number | null },
  texts: OtpTexts,
  seconds: number,
  lang: string | undefined,
): string {
  const known = (texts as unknown as Record<string, string | undefined>)[error.code] ?? texts.otherError;
  const words = fill(known, { seconds: numeral(seconds, lang) });
  const { attemptsLeft } = error;
  return attemptsLeft
    ? `${words} ${fill(texts.attemptsLeft, { count: numeral(attemptsLeft, lang) })}`
    : words;
}
