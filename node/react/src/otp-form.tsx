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
import { useSecondsUntil } from './countdown.js';
import {
  NEEDS_NEW_CODE,
  Otp,
  type OtpHandlers,
  type OtpRoute,
  type OtpStart,
  type OtpState,
  type OtpVerify,
} from './otp.js';
import { englishOtp, type OtpTexts } from './otp-texts.js';
import { PhoneField, regionOf, type TypedNumber } from './phone-field.js';
import { StyleSheet } from './style-sheet.js';
import { digitsOf, fill, isolated, numeral } from './texts.js';

export interface OtpFormProps extends OtpHandlers, Omit<ComponentProps<'form'>, 'onError' | 'onSubmit'> {
  /** The app's own route that starts, or a function: the secret key stays on its server. */
  readonly start: OtpRoute<OtpStart>;
  /** The app's own route that verifies, or a function. */
  readonly verify: OtpRoute<OtpVerify>;
  /** A region such as `IN`, for numbers without country code. */
  readonly countryCode?: string | undefined;
  /** The only regions in the list of countries, such as `['IN', 'BR']`: those of `otpHandlers({ countries })`. */
  readonly countries?: readonly string[] | undefined;
  /** `false` leaves the list of countries out: numbers are typed with their country code. */
  readonly countrySelect?: boolean | undefined;
  /** Digits of a code, as the app asks for them; 6 by default. */
  readonly otpLength?: number | undefined;
  /** Words of the app's own. */
  readonly texts?: Partial<OtpTexts> | undefined;
}

const OTP_LENGTH = 6;

/** An attempt, how it stands, and the seconds until another code may be sent: those that are left, and all of them. */
function useOtp(handlers: OtpHandlers): readonly [Otp, OtpState, number | null, number] {
  const [otp] = useState(() => new Otp());
  const state = useSyncExternalStore(otp.subscribe, otp.getState, otp.getState);
  const { resendAt } = state;
  const wait = useSecondsUntil(resendAt);
  // An alert is read out whenever it changes, so it keeps the span that it began with.
  const all = useMemo(() => (resendAt ? Math.ceil((resendAt - Date.now()) / 1000) : 0), [resendAt]);
  useEffect(() => {
    otp.handlers = handlers;
  });
  return [otp, state, wait, all];
}

/** Verifies a phone number by a code that WhatsApp brings. */
export function OtpForm(props: OtpFormProps): ReactNode {
  const {
    start,
    verify,
    countryCode,
    countries,
    countrySelect = true,
    otpLength = OTP_LENGTH,
    onSuccess,
    onError,
    texts: own,
    className = '',
    ...form
  } = props;
  const classes = useClasses();
  const { otpTexts, lang, dir, theme, unstyled } = useContext(AppearanceContext);
  const texts: OtpTexts = { ...englishOtp, ...otpTexts, ...own };
  const [otp, state, wait, first] = useOtp({ onSuccess, onError });
  const [number, setNumber] = useState<TypedNumber>({ text: '', region: countryCode });
  const [code, setCode] = useState('');
  const codeField = useRef<HTMLInputElement>(null);
  const id = useId();

  const send = (): void => {
    setCode('');
    // The button for another code goes meanwhile, and would take the focus along.
    codeField.current?.focus();
    void otp.send(start, number.text, regionOf(number) ?? countryCode);
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

  const second = (words: string, act: () => void): ReactNode => (
    <button type="button" className={classes('second')} disabled={isBusy} onClick={act}>
      {words}
    </button>
  );
  const isSpent = needsNewCode(state);
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
      {step === 'phone' && (
        <PhoneField
          {...field}
          key="phone"
          number={number}
          setNumber={setNumber}
          texts={texts}
          countries={countrySelect && countries}
        />
      )}
      {step === 'code' && (
        <>
          <label htmlFor={id}>{texts.codeLabel}</label>
          <input
            {...field}
            ref={codeField}
            key="code"
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
            <small>{fill(texts.resendIn, { seconds: numeral(wait, lang) })}</small>
          ) : (
            second(texts.resend, send)
          )}
          {second(texts.changePhone, otp.restart)}
        </div>
      )}
    </form>
  );
}

/** Whether no code is worth typing. In the first step another number, and the same one later, is still worth a try. */
const needsNewCode = ({ step, error }: OtpState): boolean =>
  step === 'code' && error !== null && NEEDS_NEW_CODE.includes(error.code);

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
