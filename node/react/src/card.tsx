'use client';

/** A sign-in as a part of a page, for pages that are there for nothing else. */

import { type ReactNode, useContext, useEffect, useId, useState } from 'react';
import { AppearanceContext, type Looks, useClasses } from './context.js';
import { type Device, deviceOf } from './device.js';
import { LooksProvider, looksOf, PanelTitle } from './looks.js';
import { Panel } from './panel.js';
import { LoginProvider } from './parts.js';
import { StyleSheet } from './style-sheet.js';
import { type UseLogginOptions, useAttempt } from './use-loggin.js';
import { asLogin, type LoginOf } from './use-server-login.js';

interface CardProps extends UseLogginOptions, Looks {
  readonly className?: string | undefined;
}

/** With `mode="server"` the app's own server holds the login, and there is neither `appKey` nor token. */
export type LogginCardProps = LoginOf<CardProps>;

/**
 * What the modal shows, without a modal. On a computer the login begins when the card is there, since nothing tells when
 * somebody scans its picture; on a phone it begins at the tap.
 */
export function LogginCard({ className, ...props }: LogginCardProps): ReactNode {
  const [looks, options] = looksOf(props);
  return (
    <LooksProvider looks={looks}>
      <Card className={className} options={options} />
    </LooksProvider>
  );
}

function Card({
  className,
  options,
}: {
  className: string | undefined;
  options: LoginOf<UseLogginOptions>;
}): ReactNode {
  const [, login] = useAttempt(...asLogin(options));
  const { lang, dir, theme, unstyled } = useContext(AppearanceContext);
  const classes = useClasses();
  const id = useId();
  // A server does not know, and hydration must find what it has rendered.
  const [device, setDevice] = useState<Device>('phone');
  const { start, link, status } = login;
  useEffect(() => setDevice(deviceOf()), []);
  const isShown = device !== 'phone' && status === 'idle' && link !== null;
  useEffect(() => {
    if (isShown) {
      start();
    }
  }, [isShown, start]);
  return (
    <LoginProvider value={login}>
      <StyleSheet />
      <section
        aria-labelledby={id}
        lang={lang}
        dir={dir}
        data-theme={theme}
        data-status={status}
        className={classes('card', [!unstyled && 'loggin', className].filter(Boolean).join(' '))}
      >
        <div className={classes('stack')}>
          <h2 id={id} className={classes('title')}>
            <PanelTitle />
          </h2>
          <Panel device={device} onDone={() => {}} />
        </div>
      </section>
    </LoginProvider>
  );
}
