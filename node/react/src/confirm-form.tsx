'use client';

/** The form for the code that WhatsApp showed: few apps ask for one, so that a modal loads it when it is needed. */

import {
  type ComponentProps,
  type FormEvent,
  type ReactNode,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import { AppearanceContext, useClasses } from './context.js';
import { isCode } from './faults.js';
import { useLogginLogin, useTexts } from './parts.js';
import { digitsOf, fill, numeral } from './texts.js';

/** Digits of the code that WhatsApp shows. */
const CODE_DIGITS = 6;

interface ConfirmFormProps extends ComponentProps<'form'> {
  /** What shows the digits in place of the field, which stays where they are typed. */
  readonly boxes?: ((digits: string) => ReactNode) | undefined;
}

/** The form with a box for each digit, over one field: so that a code can be pasted and filled in. */
export function CodeBoxes(): ReactNode {
  const classes = useClasses();
  const { unstyled } = useContext(AppearanceContext);
  const boxes = (digits: string): ReactNode =>
    Array.from({ length: CODE_DIGITS }, (_, place) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a box is its place.
      <span key={place} aria-hidden="true" data-next={place === digits.length || undefined}>
        {digits[place]}
      </span>
    ));
  return <LogginConfirmForm className={classes('boxes')} boxes={unstyled ? undefined : boxes} />;
}

/** The field for the code that WhatsApp showed, while it is asked for. */
export function LogginConfirmForm({ children, boxes, ...props }: ConfirmFormProps): ReactNode {
  const { status, confirm, error, attemptsLeft, isConfirming } = useLogginLogin();
  const texts = useTexts();
  const classes = useClasses();
  const { lang } = useContext(AppearanceContext);
  const [digits, setDigits] = useState('');
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const isAsked = status === 'awaiting_confirmation';
  // The person was told to type here, and nothing else can be done.
  useEffect(() => {
    if (isAsked) {
      field.current?.focus();
    }
  }, [isAsked]);
  const isWrong = isCode(error, 'invalid_code');
  // Whoever has to type again begins with an empty field.
  useEffect(() => {
    if (error && isWrong) {
      setDigits('');
    }
  }, [error, isWrong]);
  if (!isAsked) {
    return null;
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void confirm(digits);
  };
  const type = (typed: string): void => {
    const next = digitsOf(typed).slice(0, CODE_DIGITS);
    setDigits(next);
    // What is whole needs no tap.
    if (next.length === CODE_DIGITS && next !== digits) {
      void confirm(next);
    }
  };
  const paste = async (): Promise<void> => {
    field.current?.focus();
    // A refusal changes nothing, and neither does a text without digits.
    const text = await navigator.clipboard.readText().catch(() => '');
    if (digitsOf(text)) {
      type(text);
    }
  };
  return (
    <form {...props} onSubmit={submit}>
      <label>
        {texts.codeLabel}
        <input
          ref={field}
          dir="ltr"
          className={classes('field')}
          autoComplete="one-time-code"
          inputMode="numeric"
          required
          aria-invalid={!!error}
          aria-describedby={id}
          value={digits}
          readOnly={isConfirming}
          onChange={({ target }) => type(target.value)}
        />
        {boxes && <span dir="ltr">{boxes(digits)}</span>}
      </label>
      {boxes && 'readText' in (navigator.clipboard ?? {}) && (
        <button type="button" className={classes('second')} disabled={isConfirming} onClick={paste}>
          {texts.paste}
        </button>
      )}
      <p role="alert" id={id}>
        {error &&
          (isWrong
            ? fill(texts.wrongCode, { count: attemptsLeft === null ? '' : numeral(attemptsLeft, lang) })
            : texts.errorHint)}
      </p>
      {children ?? (
        <button
          type="submit"
          className={classes('main')}
          disabled={isConfirming || digits.length < CODE_DIGITS}
        >
          {texts.confirm}
        </button>
      )}
    </form>
  );
}
