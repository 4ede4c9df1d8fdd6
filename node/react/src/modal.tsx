'use client';

/** The modal: a native dialog around the parts, for a phone and for a computer. */

import { type ReactNode, useContext, useEffect, useId, useRef, useState } from 'react';
import { AppearanceContext } from './context.js';
import { BubbleIcon, CloseIcon, StateIcon } from './icons.js';
import {
  isCode,
  LogginConfirmForm,
  LogginCountdown,
  LogginLink,
  LogginQrCode,
  LogginRetry,
  LogginStatusText,
  LoginProvider,
  useLogginLogin,
  useTexts,
} from './parts.js';
import { StyleSheet } from './style-sheet.js';
import { type LogginLogin, type UseLogginOptions, useLoggin } from './use-loggin.js';

export interface LogginModalProps extends UseLogginOptions {
  readonly open: boolean;
  /** The person closed it, or is done. */
  readonly onClose: () => void;
}

/** A sign-in in a modal, which begins when it opens and ends when it closes. */
export function LogginModal({ open, onClose, ...options }: LogginModalProps): ReactNode {
  return <LoginDialog open={open} onClose={onClose} login={useLoggin(options)} />;
}

/** What a finger uses, and WhatsApp is on: a phone or a tablet. */
const PHONE = '(hover: none) and (pointer: coarse)';

export const isPhone = (): boolean => matchMedia(PHONE).matches;

export interface LoginDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly login: LogginLogin;
}

/** The modal of a login that somebody else holds. */
export function LoginDialog({ open, onClose, login }: LoginDialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const id = useId();
  const texts = useTexts();
  const { lang, dir, theme } = useContext(AppearanceContext);
  const { start, cancel, status } = login;

  useEffect(() => {
    const element = dialog.current;
    if (open && element && !element.open) {
      element.showModal();
      start();
    } else if (!open) {
      element?.close();
    }
  }, [open, start]);

  // It is closed by the app, or by the person with Esc.
  const closed = (): void => {
    cancel();
    if (open) {
      onClose();
    }
  };

  useEffect(() => {
    // At first the heading is read; later, what had the focus may be gone with the state that it belonged to.
    const active = document.activeElement;
    if (open && status && (status === 'pending' || active === dialog.current || active === document.body)) {
      heading.current?.focus();
    }
  }, [open, status]);

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the dialog closes it, as Esc does by itself.
    <dialog
      ref={dialog}
      className="loggin"
      data-theme={theme}
      data-status={status}
      lang={lang}
      dir={dir}
      aria-labelledby={id}
      onClose={closed}
      onClick={({ target }) => target === dialog.current && onClose()}
    >
      <StyleSheet />
      {open && status !== 'idle' && (
        <LoginProvider value={login}>
          <div className="loggin-stack">
            <h2 id={id} ref={heading} tabIndex={-1}>
              {texts.title}
            </h2>
            <LoginBody />
          </div>
          <button type="button" className="loggin-close" aria-label={texts.close} onClick={onClose}>
            <CloseIcon />
          </button>
        </LoginProvider>
      )}
    </dialog>
  );
}

function LoginBody(): ReactNode {
  const { status, error, isOpened } = useLogginLogin();
  const texts = useTexts();
  const [onPhone] = useState(isPhone);
  const isPending = status === 'pending';
  const hints = { expired: texts.expiredHint, denied: texts.deniedHint, error: texts.errorHint };
  const hint = isCode(error, 'phone_hidden') ? texts.phoneHiddenHint : hints[status as keyof typeof hints];
  return (
    <>
      {isPending ? (
        <>
          <p className="loggin-lead">{onPhone ? texts.leadPhone : texts.leadDesktop}</p>
          {onPhone ? (
            <LogginLink className="loggin-main">
              <BubbleIcon />
              {texts[isOpened ? 'openAgain' : 'open']}
            </LogginLink>
          ) : (
            <LogginQrCode className="loggin-qr" />
          )}
        </>
      ) : (
        <StateIcon status={status} />
      )}
      <div className={isPending ? 'loggin-row' : undefined}>
        <LogginStatusText />
        {isPending && <LogginCountdown />}
      </div>
      {hint && <p className="loggin-lead">{hint}</p>}
      <LogginConfirmForm />
      <LogginRetry className="loggin-main" />
      {isPending &&
        (onPhone ? (
          <details>
            <summary>{texts.showQr}</summary>
            <LogginQrCode className="loggin-qr" />
          </details>
        ) : (
          <LogginLink className="loggin-second">{texts.openHere}</LogginLink>
        ))}
      {isPending && <small>{texts.warning}</small>}
    </>
  );
}
