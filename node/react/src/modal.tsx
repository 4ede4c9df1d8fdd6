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
import { AppearanceContext, type Looks, useClasses } from './context.js';
import { deviceOf } from './device.js';
import { CloseIcon } from './icons.js';
import { isAwaiting, isUnderWay } from './login-state.js';
import { LooksProvider, looksOf, PanelTitle } from './looks.js';
import type { PanelProps } from './panel.js';
import { LogginLink, LogginStatusText, LoginProvider, useTexts } from './parts.js';
import { StyleSheet } from './style-sheet.js';
import { type LogginLogin, type UseLogginOptions, useAttempt } from './use-loggin.js';
import { asLogin, type LoginOf } from './use-server-login.js';

interface ModalProps extends UseLogginOptions, Looks {
  readonly open: boolean;
  /** The person closed it, or is done. */
  readonly onClose: () => void;
}

/** With `mode="server"` the app's own server holds the login, and there is neither `appKey` nor token. */
export type LogginModalProps = LoginOf<ModalProps>;

/**
 * A sign-in in a modal, which begins when it opens. Closed before anybody can have sent the message, it ends; after that
 * it goes on, and the modal comes back by itself where there is something to do.
 */
export function LogginModal({ open, onClose, ...props }: LogginModalProps): ReactNode {
  const [looks, options] = looksOf(props);
  const [, login] = useAttempt(...asLogin(options));
  const isDue = isUnderWay(login) && (login.isResumed || isAwaiting(login));
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

/** What the modal shows: loaded while the person reads, so that the link is there sooner. */
export const loadPanel = (): Promise<typeof import('./panel.js')> => import('./panel.js');

/** The link and where the login stands, where a page cannot load the rest. */
const Bare = (): ReactNode => (
  <>
    <LogginLink />
    <LogginStatusText />
  </>
);

const Panel = /* @__PURE__ */ lazy(() =>
  loadPanel().then(
    (all) => ({ default: all.Panel as (props: PanelProps) => ReactNode }),
    () => ({ default: Bare }),
  ),
);

/** Nobody scans a picture and sends a message in less, in milliseconds. */
const SCAN_MS = 3_000;

/** How long the tick of a login that worked is seen, in milliseconds. */
const SEEN_MS = 1_000;

/** Keeps the page from scrolling behind a modal; returns what lets it go. */
function heldPage(): () => void {
  const { style, clientWidth } = document.documentElement;
  const { overflow, scrollbarGutter } = style;
  style.scrollbarGutter = clientWidth < innerWidth ? 'stable' : scrollbarGutter;
  style.overflow = 'hidden';
  return () => Object.assign(style, { overflow, scrollbarGutter });
}

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
  useEffect(() => {
    setMounted(true);
    loadPanel().catch(() => {});
  }, []);
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
  const frame = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
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

  // Where React hides a page (`<Activity>`), its elements stay: a modal among them would make the page in front dead.
  useEffect(() => {
    const element = dialog.current;
    return () => {
      if (element?.isConnected) {
        element.close();
      }
    };
  }, []);

  /** Whether the message may be on its way, so that the attempt is worth something without the modal. */
  const mayBeSent = (): boolean => {
    const hasPicture = device !== 'phone' || dialog.current?.querySelector('details')?.open;
    const isScanned = hasPicture && Date.now() - openedAt.current > SCAN_MS;
    return isUnderWay(login) && (login.isOpened || status !== 'pending' || !!isScanned);
  };

  // It is closed by the app, or by the person with Esc.
  const closed = (): void => {
    // The event comes late, and development closes and opens at once.
    if (dialog.current?.open) {
      return;
    }
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

  // Whoever is signed in has nothing more to do here.
  const isDone = open && status === 'verified' && !login.keepOpen;
  useEffect(() => {
    const timer = isDone ? setTimeout(() => dialog.current?.close(), SEEN_MS) : undefined;
    return () => clearTimeout(timer);
  }, [isDone]);

  useEffect(() => (open ? heldPage() : undefined), [open]);

  // The height follows what is shown, and does not jump.
  const isShown = open && status !== 'idle';
  useEffect(() => {
    const inner = content.current;
    if (!isShown || !inner) {
      return undefined;
    }
    const observer = new ResizeObserver(() => {
      if (frame.current) {
        frame.current.style.height = `${inner.offsetHeight}px`;
      }
    });
    observer.observe(inner);
    return () => observer.disconnect();
  }, [isShown]);

  useEffect(() => {
    // At first the heading is read; later, what had the focus may be gone with the state that it belonged to.
    const tree = dialog.current?.getRootNode() as Document | ShadowRoot | undefined;
    const active = tree?.activeElement ?? document.body;
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
      {isShown && (
        <LoginProvider value={login}>
          {device === 'phone' && <span aria-hidden="true" className={classes('grab')} />}
          <div ref={frame} className={classes('frame')}>
            <div ref={content} className={classes('stack')}>
              <h2 id={id} ref={heading} tabIndex={-1} className={classes('title')}>
                <PanelTitle />
              </h2>
              <Suspense>
                <Panel device={device} onDone={close} />
              </Suspense>
              {isUnderWay(login) && (
                <button type="button" className={classes('second')} onClick={giveUp}>
                  {texts.cancel}
                </button>
              )}
            </div>
          </div>
          <button type="button" className={classes('close')} aria-label={texts.close} onClick={close}>
            <CloseIcon />
          </button>
        </LoginProvider>
      )}
    </dialog>
  );
}
