'use client';

/** The form for one-time codes: a phone number, then the code that WhatsApp brought. */

import {
  type ComponentProps,
  type FormEvent,
  type ReactNode,
  useContext,
  useEffect,
  useId,
  useState,
  useSyncExternalStore,
} from 'react';
import { AppearanceContext } from './context.js';
import { useSecondsUntil } from './countdown.js';
import {
  NEEDS_NEW_CODE,
  Otp,
  type OtpHandlers,
  type OtpRoute,
  type OtpStart,
  type OtpVerify,
} from './otp.js';
import { englishOtp, type OtpTexts } from './otp-texts.js';
import { StyleSheet } from './style-sheet.js';
import { fill } from './texts.js';

export interface OtpFormProps extends OtpHandlers, Omit<ComponentProps<'form'>, 'onError' | 'onSubmit'> {
  /** The app's own route that starts, or a function: the secret key stays on its server. */
  readonly start: OtpRoute<OtpStart>;
  /** The app's own route that verifies, or a function. */
  readonly verify: OtpRoute<OtpVerify>;
  /** A region such as `IN`, for numbers without country code. */
  readonly countryCode?: string | undefined;
  /** Digits of a code, as the app asks for them; 6 by default. */
  readonly otpLength?: number | undefined;
  /** Words of the app's own. */
  readonly texts?: Partial<OtpTexts> | undefined;
}

const OTP_LENGTH = 6;

const CHOICES = { display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between' } as const;

/** Verifies a phone number by a code that WhatsApp brings. */
export function OtpForm(props: OtpFormProps): ReactNode {
  const {
    start,
    verify,
    countryCode,
    otpLength = OTP_LENGTH,
    onSuccess,
    onError,
    texts: own,
    ...rest
  } = props;
  const { className = '', ...form } = rest;
  const { otpTexts, lang, dir, theme } = useContext(AppearanceContext);
  const texts: OtpTexts = { ...englishOtp, ...otpTexts, ...own };
  const [otp] = useState(() => new Otp());
  const state = useSyncExternalStore(otp.subscribe, otp.getState, otp.getState);
  const [phone, setPhone] = useState('');
  const [code, setCode] = useState('');
  const id = useId();
  const wait = useSecondsUntil(state.resendAt);
  useEffect(() => {
    otp.handlers = { onSuccess, onError };
  }, [otp, onSuccess, onError]);

  const send = (): void => {
    setCode('');
    void otp.send(start, phone, countryCode);
  };
  const hand = (digits: string): void => void otp.verify(verify, digits);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    state.step === 'phone' ? send() : hand(code);
  };
  const type = (typed: string): void => {
    const digits = typed.replace(/\D/g, '').slice(0, otpLength);
    setCode(digits);
    // What is pasted or filled in whole needs no tap.
    if (digits.length === otpLength && digits !== code) {
      hand(digits);
    }
  };

  const { error, step, isBusy } = state;
  const isSpent = error !== null && NEEDS_NEW_CODE.includes(error.code);
  const field = { id, required: true, 'aria-invalid': !!error, 'aria-describedby': `${id}-hint ${id}-error` };
  return (
    <form
      lang={lang}
      dir={dir}
      data-theme={theme}
      {...form}
      className={`loggin ${className}`}
      aria-busy={isBusy}
      onSubmit={submit}
    >
      <StyleSheet />
      <p role="status" className="loggin-lead">
        {step === 'code' && fill(texts.sentTo, { phone: state.phone })}
        {step === 'verified' && texts.verified}
      </p>
      {step === 'phone' && (
        <>
          <label htmlFor={id}>{texts.phoneLabel}</label>
          <input
            {...field}
            key="phone"
            type="tel"
            autoComplete="tel"
            dir="ltr"
            value={phone}
            onChange={({ target }) => setPhone(target.value)}
          />
          <small id={`${id}-hint`}>{texts.phoneHint}</small>
        </>
      )}
      {step === 'code' && (
        <>
          <label htmlFor={id}>{texts.codeLabel}</label>
          <input
            {...field}
            key="code"
            // biome-ignore lint/a11y/noAutofocus: the form has just asked for it.
            autoFocus
            inputMode="numeric"
            autoComplete="one-time-code"
            dir="ltr"
            value={code}
            disabled={isSpent}
            onChange={({ target }) => type(target.value)}
          />
        </>
      )}
      <p role="alert" id={`${id}-error`}>
        {error && wordsOf(error, texts, wait)}
      </p>
      {step !== 'verified' && !isSpent && (
        <button type="submit" className="loggin-main" disabled={isBusy}>
          {step === 'phone' ? texts.send : texts.verify}
        </button>
      )}
      {step === 'code' && (
        <div style={CHOICES}>
          <button type="button" className="loggin-second" disabled={isBusy || !!wait} onClick={send}>
            {wait ? fill(texts.resendIn, { seconds: wait }) : texts.resend}
          </button>
          <button type="button" className="loggin-second" disabled={isBusy} onClick={otp.restart}>
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
  wait: number | null,
): string {
  const known = (texts as unknown as Record<string, string | undefined>)[error.code] ?? texts.otherError;
  const words = fill(known, { seconds: wait ?? 0 });
  return error.attemptsLeft ? `${words} ${fill(texts.attemptsLeft, { count: error.attemptsLeft })}` : words;
}
