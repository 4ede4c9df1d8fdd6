'use client';

/** The modal: a native dialog around the parts, for a phone and for a computer. */

import {
  lazy,
  type MouseEvent,
  type ReactNode,
  Suspense,
  useCallback,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import { createPortal } from 'react-dom';
import { isUnderWay } from './attempt.js';
import { AppearanceContext, type Looks, useClasses } from './context.js';
import { type Device, deviceOf } from './device.js';
import { isCode, isSetupFault } from './faults.js';
import { BubbleIcon, CloseIcon, StateIcon } from './icons.js';
import { LooksProvider, looksOf } from './looks.js';
import {
  LogginConnectionText,
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
import type { LogginTexts } from './texts.js';
import { type LogginLogin, type UseLogginOptions, useLoggin } from './use-loggin.js';

export interface LogginModalProps extends UseLogginOptions, Looks {
  readonly open: boolean;
  /** The person closed it, or is done. */
  readonly onClose: () => void;
}

/**
 * A sign-in in a modal, which begins when it opens. Closed before anybody can have sent the message, it ends; after that
 * it goes on, and the modal comes back by itself where there is something to do.
 */
export function LogginModal({ open, onClose, ...props }: LogginModalProps): ReactNode {
  const [looks, options] = looksOf(props);
  const login = useLoggin(options);
  const isDue = isUnderWay(login) && (login.isResumed || login.status === 'awaiting_confirmation');
  const [isBack, setBack] = useState(false);
  useEffect(() => setBack(isDue), [isDue]);
  const close = useCallback(() => {
    setBack(false);
    onClose();
  }, [onClose]);
  return (
    <LooksProvider looks={looks}>
      <LoginDialog open={open || isBack} onClose={close} login={login} />
    </LooksProvider>
  );
}

/** A page that cannot load the form now shows the rest. */
const ConfirmForm = /* @__PURE__ */ lazy(async () => {
  try {
    return { default: (await import('./confirm-form.js')).LogginConfirmForm };
  } catch {
    return { default: () => null };
  }
});

/** Nobody scans a picture and sends a message in less, in milliseconds. */
const SCAN_MS = 3_000;

export interface LoginDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly login: LogginLogin;
}

/**
 * The modal of a login that somebody else holds. It stands at the end of the page, whatever hides the component that it
 * belongs to: a modal that is not seen would make the whole page dead.
 */
export function LoginDialog({ open, onClose, login }: LoginDialogProps): ReactNode {
  const [isMounted, setMounted] = useState(false);
  const { container } = useContext(AppearanceContext);
  useEffect(() => setMounted(true), []);
  return (
    <>
      <StyleSheet />
      {isMounted &&
        createPortal(<Dialog open={open} onClose={onClose} login={login} />, container ?? document.body)}
    </>
  );
}

function Dialog({ open, onClose, login }: LoginDialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const openedAt = useRef(0);
  const id = useId();
  const [device] = useState(deviceOf);
  const texts = useTexts();
  const classes = useClasses();
  const { lang, dir, theme, unstyled } = useContext(AppearanceContext);
  const { start, cancel, status } = login;

  useEffect(() => {
    const element = dialog.current;
    if (open && element && !element.open) {
      openedAt.current = Date.now();
      element.showModal();
      start();
    } else if (!open) {
      element?.close();
    }
  }, [open, start]);

  /** Whether the message may be on its way, so that the attempt is worth something without the modal. */
  const mayBeSent = (): boolean => {
    const hasPicture = device !== 'phone' || dialog.current?.querySelector('details')?.open;
    const isScanned = hasPicture && Date.now() - openedAt.current > SCAN_MS;
    return isUnderWay(login) && (login.isOpened || status !== 'pending' || !!isScanned);
  };

  // It is closed by the app, or by the person with Esc.
  const closed = (): void => {
    if (!mayBeSent()) {
      cancel();
    }
    if (open) {
      onClose();
    }
  };
  // The element gives the focus back.
  const close = (): void => dialog.current?.close();
  const giveUp = (): void => {
    cancel();
    close();
  };
  const click = ({ target }: MouseEvent): void => {
    // On a phone a thumb is beside the sheet too easily.
    if (target === dialog.current && device === 'computer') {
      close();
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
      className={classes('modal', unstyled ? undefined : 'loggin')}
      data-theme={theme}
      data-status={status}
      data-device={device}
      lang={lang}
      dir={dir}
      aria-labelledby={id}
      onClose={closed}
      onClick={click}
    >
      {open && status !== 'idle' && (
        <LoginProvider value={login}>
          <div className={classes('stack')}>
            <h2 id={id} ref={heading} tabIndex={-1} className={classes('title')}>
              {texts.title}
            </h2>
            <LoginBody device={device} />
            {isUnderWay(login) && (
              <button type="button" className={classes('second')} onClick={giveUp}>
                {texts.cancel}
              </button>
            )}
          </div>
          <button type="button" className={classes('close')} aria-label={texts.close} onClick={close}>
            <CloseIcon />
          </button>
        </LoginProvider>
      )}
    </dialog>
  );
}

function hintOf(status: LogginLogin['status'], error: Error | null, texts: LogginTexts): string | undefined {
  if (isCode(error, 'phone_hidden')) {
    return texts.phoneHiddenHint;
  }
  if (isSetupFault(error)) {
    return texts.setupHint;
  }
  return { expired: texts.expiredHint, denied: texts.deniedHint, error: texts.errorHint }[status as 'error'];
}

function LoginBody({ device }: { device: Device }): ReactNode {
  const { status, error, isOpened } = useLogginLogin();
  const texts = useTexts();
  const classes = useClasses();
  const isPending = status === 'pending';
  const hint = hintOf(status, error, texts);
  const onComputer = device === 'computer';
  const picture = <LogginQrCode className={classes('qr')} />;
  return (
    <>
      {isPending ? (
        <>
          <p className={classes('lead')}>{onComputer ? texts.leadDesktop : texts.leadPhone}</p>
          {onComputer ? (
            picture
          ) : (
            <LogginLink className={classes('main')}>
              <BubbleIcon />
              {texts[isOpened ? 'openAgain' : 'open']}
            </LogginLink>
          )}
        </>
      ) : (
        <StateIcon status={status} />
      )}
      <div className={isPending ? classes('row') : undefined}>
        <LogginStatusText />
        {isPending && <LogginCountdown />}
      </div>
      <LogginConnectionText className={classes('lead')} />
      {hint && <p className={classes('lead')}>{hint}</p>}
      {status === 'awaiting_confirmation' && (
        <Suspense>
          <ConfirmForm />
        </Suspense>
      )}
      <LogginRetry className={classes('main')} />
      {isPending && device === 'phone' && (
        <details>
          <summary>{texts.showQr}</summary>
          {picture}
        </details>
      )}
      {isPending && device === 'unsure' && picture}
      {isPending && onComputer && <LogginLink className={classes('second')}>{texts.openHere}</LogginLink>}
      {isPending && <small>{texts.warning}</small>}
    </>
  );
}
