'use client';

/** What a sign-in shows, in a modal or in a card: who asks, what to do, and where it stands. */

import { lazy, type ReactNode, Suspense, useContext, useEffect, useState } from 'react';
import { AppearanceContext, useClasses } from './context.js';
import { useSecondsUntil } from './countdown.js';
import type { Device } from './device.js';
import { BubbleIcon, StateIcon } from './icons.js';
import { LIFETIME_MS } from './kept.js';
import { isUnderWay } from './login-state.js';
import type { OtpFormProps } from './otp-form.js';
import {
  LogginConnectionText,
  LogginCountdown,
  LogginLink,
  LogginMatchDigits,
  LogginQrCode,
  LogginRetry,
  LogginStatusText,
  useLogginLogin,
  useTexts,
} from './parts.js';

const loadEnding = (): Promise<typeof import('./ending.js')> => import('./ending.js');

const nothing = (): ReactNode => null;

// Parts that only some sign-ins come to. A page that cannot load them shows the rest.
const Ending = /* @__PURE__ */ lazy(() =>
  loadEnding().then(
    (all) => ({ default: all.Ending }),
    () => ({ default: nothing }),
  ),
);

const Boxes = /* @__PURE__ */ lazy(() =>
  import('./confirm-form.js').then(
    (all) => ({ default: all.CodeBoxes }),
    () => ({ default: nothing }),
  ),
);

const Otp = /* @__PURE__ */ lazy(() =>
  import('./otp-form.js').then(
    (all) => ({ default: all.OtpForm as (props: OtpFormProps) => ReactNode }),
    () => ({ default: nothing }),
  ),
);

/** Below this many seconds the time that is left is written out too. */
const LAST_SECONDS = 60;

/** A link of WhatsApp's own is longer than this, and its picture finer. */
const LONG_LINK = 100;

export interface PanelProps {
  readonly device: Device;
  /** Ends a sign-in by code. */
  readonly onDone: () => void;
}

export function Panel({ device, onDone }: PanelProps): ReactNode {
  const { otp } = useContext(AppearanceContext);
  const { status, cancel } = useLogginLogin();
  const texts = useTexts();
  const classes = useClasses();
  const [byCode, setByCode] = useState(false);
  // An end is told also where the network has gone by then.
  useEffect(() => void loadEnding().catch(nothing), []);
  const toggle = (
    <button type="button" className={classes('second')} onClick={() => setByCode(!byCode)}>
      {byCode ? texts.useLink : texts.useCode}
    </button>
  );
  if (otp && byCode && (status === 'pending' || status === 'idle')) {
    const done = async (result: Record<string, unknown>): Promise<void> => {
      await otp.onSuccess?.(result);
      cancel();
      onDone();
    };
    return (
      <>
        <Suspense>
          <Otp {...otp} onSuccess={done} />
        </Suspense>
        {toggle}
      </>
    );
  }
  return (
    <>
      <ByLink device={device} />
      {otp && status === 'pending' && toggle}
    </>
  );
}

function ByLink({ device }: { device: Device }): ReactNode {
  const { status, connection, isElsewhere, isOpened } = useLogginLogin();
  const texts = useTexts();
  const classes = useClasses();
  const onComputer = device === 'computer';
  const isPending = status === 'pending';
  const isIdle = status === 'idle';
  const hasPicture = onComputer && /pending|message_received|expired/.test(status);
  return (
    <>
      {isElsewhere && !/verified|denied|error|expired/.test(status) && <p role="alert">{texts.elsewhere}</p>}
      {(isPending || isIdle) && (
        <p className={classes('lead')}>
          {onComputer ? texts.leadDesktop : isOpened ? texts.leadOpened : texts.leadPhone}
        </p>
      )}
      {hasPicture && <Picture />}
      {!onComputer && isPending && isOpened && <Steps />}
      {!onComputer && (isPending || isIdle) && (
        <LogginLink className={classes('main')} data-variant={isOpened ? 'outline' : undefined}>
          <BubbleIcon />
          {texts[isOpened ? 'openAgain' : 'open']}
        </LogginLink>
      )}
      {!hasPicture && /received|verified|expired|denied|error/.test(status) && <StateIcon status={status} />}
      <div className={isPending ? classes('row') : undefined} data-connection={connection}>
        <LogginStatusText />
      </div>
      <LogginMatchDigits className={classes('match')} />
      <LogginConnectionText className={classes('lead')} />
      {isPending && <TimeLeft />}
      <Late />
      {!hasPicture && (
        <LogginRetry className={classes('main')}>{status === 'expired' && texts.refresh}</LogginRetry>
      )}
      {isPending && device === 'phone' && (
        <details>
          <summary>{texts.showQr}</summary>
          <Picture />
        </details>
      )}
      {isPending && device === 'unsure' && <Picture />}
      {isPending && onComputer && <LogginLink className={classes('second')}>{texts.openHere}</LogginLink>}
    </>
  );
}

/**
 * What only some sign-ins come to. Without it there is no boundary either: React 18 hydrates one later than the rest, and a
 * card that begins by itself would change it before.
 */
function Late(): ReactNode {
  const { status } = useLogginLogin();
  const isAsked = status === 'awaiting_confirmation';
  const hasEnded = /verified|denied|error|expired/.test(status);
  return isAsked || hasEnded ? <Suspense>{isAsked ? <Boxes /> : <Ending />}</Suspense> : null;
}

/** What the person has done and what comes next. */
function Steps(): ReactNode {
  const { open, stepSend, stepReturn } = useTexts();
  const classes = useClasses();
  return (
    <ol className={classes('steps')}>
      <li>{open}</li>
      <li aria-current="step">{stepSend}</li>
      <li>{stepReturn}</li>
    </ol>
  );
}

/** The QR code with the time that it is good for around it, what has become of it, and another one. */
function Picture(): ReactNode {
  const { status, link } = useLogginLogin();
  const { refresh } = useTexts();
  const classes = useClasses();
  const isPending = status === 'pending';
  return (
    <div className={classes('picture')} data-long={(link ?? '').length > LONG_LINK || undefined}>
      <LogginQrCode className={classes('qr')} aria-hidden={!isPending} />
      {isPending && <Ring />}
      {status === 'message_received' && <StateIcon status={status} />}
      <LogginRetry className={classes('main')}>{refresh}</LogginRetry>
    </div>
  );
}

function Ring(): ReactNode {
  const { expiresAt } = useLogginLogin();
  const classes = useClasses();
  const left = ((useSecondsUntil(expiresAt) ?? 0) * 1000) / LIFETIME_MS;
  const frame = { x: 1, y: 1, width: 98, height: 98, rx: 9, pathLength: 1 };
  return (
    <svg
      aria-hidden="true"
      className={classes('ring')}
      viewBox="0 0 100 100"
      fill="none"
      stroke="currentColor"
    >
      <rect {...frame} strokeDasharray="1" strokeDashoffset={1 - left} />
    </svg>
  );
}

/** Read out from the beginning, seen in the last minute. */
function TimeLeft(): ReactNode {
  const login = useLogginLogin();
  const classes = useClasses();
  const seconds = useSecondsUntil(isUnderWay(login) ? login.expiresAt : null) ?? 0;
  return <LogginCountdown className={seconds < LAST_SECONDS ? undefined : classes('unseen')} />;
}
