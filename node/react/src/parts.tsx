'use client';

/** The parts of a sign-in without any looks, for markup of an app's own. */

import {
  type ComponentProps,
  createContext,
  type FormEvent,
  type MouseEvent,
  type ReactNode,
  type SVGProps,
  useContext,
  useEffect,
  useState,
} from 'react';
import { isUnderWay } from './attempt.js';
import { AppearanceContext } from './context.js';
import { QrPicture } from './qr-code.js';
import { english, fill, type LogginTexts } from './texts.js';
import { type LogginLogin, type UseLogginOptions, useLoggin } from './use-loggin.js';

/** How often the time that is left is told, in milliseconds. */
const TICK_MS = 1_000;

/** Digits of the code that WhatsApp shows. */
const CODE_DIGITS = 6;

const LoginContext = /* @__PURE__ */ createContext<LogginLogin | null>(null);

/**
 * The login of the nearest `LogginRoot`.
 *
 * @throws Error where there is none above.
 */
export function useLogginLogin(): LogginLogin {
  const login = useContext(LoginContext);
  if (!login) {
    throw new Error('This part stands in a <LogginRoot>.');
  }
  return login;
}

/** Whether an error is of this code. */
export const isCode = (error: Error | null, code: string): boolean =>
  (error as { code?: unknown } | null)?.code === code;

/** The words in force: the app's own, then those of the language, then English. */
export const useTexts = (): LogginTexts => ({ ...english, ...useContext(AppearanceContext).texts });

export interface LogginRootProps extends UseLogginOptions {
  readonly children?: ReactNode;
}

/** Holds one login for the parts in it. */
export function LogginRoot({ children, ...options }: LogginRootProps): ReactNode {
  return <LoginContext.Provider value={useLoggin(options)}>{children}</LoginContext.Provider>;
}

/** Hands a login that a component holds itself on to the parts in it. */
export const LoginProvider = LoginContext.Provider;

/** The real link to WhatsApp, there before the tap. Opened by whatever way, it begins the wait. */
export function LogginLink(props: ComponentProps<'a'>): ReactNode {
  const { link, status, start } = useLogginLogin();
  const texts = useTexts();
  const begin =
    (own: ((event: MouseEvent<HTMLAnchorElement>) => void) | undefined) =>
    (event: MouseEvent<HTMLAnchorElement>): void => {
      own?.(event);
      if (link) {
        start();
      }
    };
  return (
    <a
      target="_blank"
      rel="noopener noreferrer"
      {...props}
      {...(link ? { href: link } : { role: 'link', 'aria-disabled': true })}
      onClick={begin(props.onClick)}
      // The middle button opens a link too, and so does a menu.
      onAuxClick={begin(props.onAuxClick)}
      onContextMenu={begin(props.onContextMenu)}
    >
      {props.children ?? (status === 'idle' ? texts.open : texts.openAgain)}
    </a>
  );
}

/** The link as a QR picture. Nothing tells when somebody looks at it, so `start` the login where it is shown. */
export function LogginQrCode(props: SVGProps<SVGSVGElement>): ReactNode {
  const { link } = useLogginLogin();
  const { qrLabel } = useTexts();
  return link && <QrPicture label={qrLabel} {...props} value={link} />;
}

/** Where the login stands, in words that a screen reader is told as they change. */
export function LogginStatusText(props: ComponentProps<'p'>): ReactNode {
  const { status } = useLogginLogin();
  const texts = useTexts();
  return (
    <p role="status" {...props}>
      {texts[status]}
    </p>
  );
}

/** How long the link can still be used; nothing while no login is under way. */
export function LogginCountdown(props: ComponentProps<'span'>): ReactNode {
  const login = useLogginLogin();
  const { timeLeft } = useTexts();
  const seconds = useSecondsUntil(isUnderWay(login) ? login.expiresAt : null);
  if (seconds === null) {
    return null;
  }
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  // A timer is not read out each second.
  return (
    <span role="timer" {...props}>
      {fill(timeLeft, { time })}
    </span>
  );
}

/** The whole seconds until a time, told anew each second; null without one. */
export function useSecondsUntil(time: number | null): number | null {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (time !== null) {
      setNow(Date.now());
      const timer = setInterval(() => setNow(Date.now()), TICK_MS);
      return () => clearInterval(timer);
    }
    return undefined;
  }, [time]);
  return time === null ? null : Math.max(0, Math.ceil((time - now) / 1000));
}

/** The field for the code that WhatsApp showed, while it is asked for. */
export function LogginConfirmForm({ children, ...props }: ComponentProps<'form'>): ReactNode {
  const { status, confirm, error, attemptsLeft, isConfirming } = useLogginLogin();
  const texts = useTexts();
  const [digits, setDigits] = useState('');
  if (status !== 'awaiting_confirmation') {
    return null;
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void confirm(digits);
  };
  const isWrong = isCode(error, 'invalid_code');
  return (
    <form {...props} onSubmit={submit}>
      <label>
        {texts.codeLabel}
        <input
          // biome-ignore lint/a11y/noAutofocus: the person was told to type here, and nothing else can be done.
          autoFocus
          autoComplete="one-time-code"
          inputMode="numeric"
          required
          aria-invalid={!!error}
          value={digits}
          onChange={({ target }) => setDigits(target.value.replace(/\D/g, '').slice(0, CODE_DIGITS))}
        />
      </label>
      <p role="alert">
        {error && (isWrong ? fill(texts.wrongCode, { count: attemptsLeft ?? '' }) : texts.codeNotSent)}
      </p>
      {children ?? (
        <button type="submit" className="loggin-main" disabled={isConfirming || digits.length < CODE_DIGITS}>
          {texts.confirm}
        </button>
      )}
    </form>
  );
}

/** Begins another attempt, once one has ended without a session. */
export function LogginRetry(props: ComponentProps<'button'>): ReactNode {
  const { status, start } = useLogginLogin();
  const { retry } = useTexts();
  return ['expired', 'denied', 'error'].includes(status) ? (
    <button type="button" children={retry} {...props} onClick={start} />
  ) : null;
}
