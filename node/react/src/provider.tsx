'use client';

/** What an app says once for all of its sign-ins. */

import type { ServerOptions } from '@loggin/web/create';
import { Fragment, type ReactNode, useCallback, useMemo, useState } from 'react';
import { type LocaleChoice, useLocale } from './auto-locale.js';
import {
  type Appearance,
  AppearanceContext,
  type Looks,
  ServerContext,
  ShowContext,
  serverFor,
  wordsOf,
} from './context.js';
import type { OtpTexts } from './otp-texts.js';
import type { LogginTexts } from './texts.js';

export interface LogginProviderProps extends Omit<ServerOptions, 'fetch'>, Looks {
  /** The language, from `@loggin/react/locales`, or `auto` for the browser's; English where none is given. */
  readonly locale?: LocaleChoice;
  /** Words of the app's own, in place of those of the language. */
  readonly texts?: Partial<LogginTexts> | undefined;
  /** The same for the form for one-time codes. */
  readonly otpTexts?: Partial<OtpTexts> | undefined;
  /** `auto` follows the person's own setting. */
  readonly theme?: Appearance['theme'] | undefined;
  /** Allows the style sheet where a content security policy asks for a nonce. */
  readonly nonce?: string | undefined;
  /** Where modals stand, such as the shadow root of a web component: the style sheet is put into its tree. */
  readonly container?: Appearance['container'];
  /** The app imports `@loggin/react/styles.css` itself: no style sheet is put into the page. */
  readonly hasStyles?: boolean | undefined;
  readonly children?: ReactNode;
}

/**
 * Names the server, the WhatsApp number and the language for all components below.
 *
 * @throws LogginError `invalid_config` where the base URL is neither https nor on this machine, or the number is none.
 */
export function LogginProvider(props: LogginProviderProps): ReactNode {
  const { baseUrl, whatsappNumber, allowInsecureHttp, theme = 'auto', nonce, container } = props;
  const locale = useLocale(props.locale);
  const { texts: ownTexts, otpTexts: ownOtpTexts } = props;
  const { appName, logo, variant, size, classNames, otp, unstyled, hasStyles } = props;
  const server = useMemo(
    () => ({ ...serverFor({ baseUrl, whatsappNumber, allowInsecureHttp }), lang: locale?.lang }),
    [baseUrl, whatsappNumber, allowInsecureHttp, locale],
  );
  const appearance = useMemo<Appearance>(() => {
    const own = { ownTexts, ownOtpTexts };
    const looks = { appName, logo, variant, size, classNames, otp, unstyled, hasStyles };
    return { ...looks, ...own, ...wordsOf(locale, server, own), theme, nonce, container };
  }, [
    locale,
    server,
    ownTexts,
    ownOtpTexts,
    theme,
    nonce,
    container,
    appName,
    logo,
    variant,
    size,
    classNames,
    otp,
    unstyled,
    hasStyles,
  ]);
  return (
    <ServerContext.Provider value={server}>
      <AppearanceContext.Provider value={appearance}>
        <Stage>{props.children}</Stage>
      </AppearanceContext.Provider>
    </ServerContext.Provider>
  );
}

/** Shows what components below hand it: a modal goes on where a menu closes around its button. */
function Stage({ children }: { readonly children: ReactNode }): ReactNode {
  const [shown, setShown] = useState<ReadonlyMap<string, ReactNode>>(new Map());
  const show = useCallback((key: string, node: ReactNode): void => {
    setShown((before) => {
      const after = new Map(before);
      node === null ? after.delete(key) : after.set(key, node);
      return after;
    });
  }, []);
  return (
    <ShowContext.Provider value={show}>
      {children}
      {[...shown].map(([key, node]) => (
        <Fragment key={key}>{node}</Fragment>
      ))}
    </ShowContext.Provider>
  );
}
