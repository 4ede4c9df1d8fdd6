'use client';

/** The parts of a sign-in without any looks, for markup of an app's own. */

import {
  type ComponentProps,
  createContext,
  type MouseEvent,
  type ReactNode,
  type SVGProps,
  useContext,
  useMemo,
} from 'react';
import { AppearanceContext } from './context.js';
import { clock, useSecondsUntil } from './countdown.js';
import { isUnderWay } from './login-state.js';
import { draw } from './qr-encoder.js';
import { english, fill, isolated, type LogginTexts } from './texts.js';
import { type LogginLogin, type UseLogginOptions, useLoggin } from './use-loggin.js';

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
export function LogginLink({ children, onClick, onAuxClick, ...props }: ComponentProps<'a'>): ReactNode {
  const { link, isOpened, start, open } = useLogginLogin();
  const texts = useTexts();
  const click = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (link) {
      event.defaultPrevented ? start() : open();
    }
  };
  // The middle button opens a link too. A right click opens a menu, and nothing may come of it.
  const middleClick = (event: MouseEvent<HTMLAnchorElement>): void => {
    onAuxClick?.(event);
    if (event.button === 1) {
      start();
    }
  };
  return (
    <a
      target="_blank"
      rel="noopener noreferrer"
      {...props}
      href={link ?? undefined}
      role={link ? undefined : 'link'}
      aria-disabled={!link || undefined}
      onClick={click}
      onAuxClick={middleClick}
    >
      {children ?? texts[isOpened ? 'openAgain' : 'open']}
    </a>
  );
}

/**
 * The link as a QR code, drawn here and black on white in every theme, because cameras read no other as well.
 *
 * Nothing tells when somebody looks at it, so `start` the login where it is shown.
 */
export function LogginQrCode(props: SVGProps<SVGSVGElement>): ReactNode {
  const { link } = useLogginLogin();
  const { qrLabel } = useTexts();
  const picture = useMemo(() => link && draw(link), [link]);
  return (
    picture && (
      <svg
        role="img"
        aria-label={qrLabel}
        viewBox={`0 0 ${picture.size} ${picture.size}`}
        shapeRendering="crispEdges"
        {...props}
      >
        <path fill="#fff" d={`M0 0h${picture.size}v${picture.size}H0z`} />
        <path stroke="#000" d={picture.path} />
        {picture.eyes.map(([x, y]) => (
          <g key={`${x} ${y}`} shapeRendering="geometricPrecision">
            <rect x={x + 0.5} y={y + 0.5} width="6" height="6" rx="1.8" fill="none" stroke="#000" />
            <rect x={x + 2} y={y + 2} width="3" height="3" rx=".9" />
          </g>
        ))}
      </svg>
    )
  );
}

/** Where the login stands, in words that a screen reader is told as they change. */
export function LogginStatusText(props: ComponentProps<'p'>): ReactNode {
  const { status } = useLogginLogin();
  const texts = useTexts();
  return (
    <p role="status" {...props}>
      {status !== 'idle' && texts[status]}
    </p>
  );
}

/** The digits that the person chooses in WhatsApp, while they are to be shown. */
export function LogginMatchDigits(props: ComponentProps<'output'>): ReactNode {
  const { status, match } = useLogginLogin();
  return (
    status === 'awaiting_match' && (
      <output dir="ltr" {...props}>
        {match}
      </output>
    )
  );
}

/** That the server is not reached, once it has been for a while; a screen reader is told. */
export function LogginConnectionText(props: ComponentProps<'p'>): ReactNode {
  const login = useLogginLogin();
  const { lost } = useTexts();
  return (
    <p role="status" {...props}>
      {isUnderWay(login) && login.connection === 'lost' && lost}
    </p>
  );
}

/** How long the link can still be used; nothing while no login is under way. */
export function LogginCountdown(props: ComponentProps<'span'>): ReactNode {
  const login = useLogginLogin();
  const { timeLeft } = useTexts();
  const { lang } = useContext(AppearanceContext);
  const seconds = useSecondsUntil(isUnderWay(login) ? login.expiresAt : null);
  if (seconds === null) {
    return null;
  }
  // A timer is not read out each second.
  return (
    <span role="timer" {...props}>
      {fill(timeLeft, { time: isolated(clock(seconds, lang)) })}
    </span>
  );
}

/** Begins another attempt, once one has ended without a session. */
export function LogginRetry(props: ComponentProps<'button'>): ReactNode {
  const { status, start } = useLogginLogin();
  const { retry } = useTexts();
  return status === 'expired' || status === 'denied' || status === 'error' ? (
    <button type="button" {...props} onClick={start}>
      {props.children || retry}
    </button>
  ) : null;
}
