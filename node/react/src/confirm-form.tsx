'use client';

/** The form for the code that WhatsApp showed: few apps ask for one, so that a modal loads it when it is needed. */

import { type ComponentProps, type FormEvent, type ReactNode, useEffect, useId, useState } from 'react';
import { useClasses } from './context.js';
import { isCode } from './faults.js';
import { useLogginLogin, useTexts } from './parts.js';
import { digitsOf, fill } from './texts.js';

/** Digits of the code that WhatsApp shows. */
const CODE_DIGITS = 6;

/** The field for the code that WhatsApp showed, while it is asked for. */
export function LogginConfirmForm({ children, ...props }: ComponentProps<'form'>): ReactNode {
  const { status, confirm, error, attemptsLeft, isConfirming } = useLogginLogin();
  const texts = useTexts();
  const classes = useClasses();
  const [digits, setDigits] = useState('');
  const id = useId();
  const isWrong = isCode(error, 'invalid_code');
  // Whoever has to type again begins with an empty field.
  useEffect(() => {
    if (error && isWrong) {
      setDigits('');
    }
  }, [error, isWrong]);
  if (status !== 'awaiting_confirmation') {
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
  return (
    <form {...props} onSubmit={submit}>
      <label>
        {texts.codeLabel}
        <input
          // biome-ignore lint/a11y/noAutofocus: the person was told to type here, and nothing else can be done.
          autoFocus
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
      </label>
      <p role="alert" id={id}>
        {error && (isWrong ? fill(texts.wrongCode, { count: attemptsLeft ?? '' }) : texts.errorHint)}
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
