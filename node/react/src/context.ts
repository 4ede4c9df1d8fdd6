'use client';

/** What components share: the server, and the words. */

import { type ServerOptions, serverOf } from '@loggin/web/create';
import { createContext, type ReactNode, useContext } from 'react';
import type { NamedServer } from './attempt.js';
import type { CountryOptions, OtpHandlers, OtpRoutes } from './otp.js';
import type { OtpTexts } from './otp-texts.js';
import type { Locale, LogginTexts } from './texts.js';

/** The server that a provider names. */
export const ServerContext = /* @__PURE__ */ createContext<NamedServer | null>(null);

/** What an app can give classes of its own. */
export type LogginPart =
  | 'button'
  | 'card'
  | 'close'
  | 'field'
  | 'form'
  | 'lead'
  | 'main'
  | 'modal'
  | 'qr'
  | 'second'
  | 'title';

/** How components look, for all of an app or for one component. */
export interface Looks {
  /** The name of the app that asks: "Sign in to Acme". */
  readonly appName?: string | undefined;
  /** The address of the app's logo, or what shows it. */
  readonly logo?: ReactNode;
  /** The button in WhatsApp's colour, in that of the text around it, or as an outline. */
  readonly variant?: 'brand' | 'neutral' | 'outline' | undefined;
  readonly size?: 'small' | 'medium' | 'large' | undefined;
  /** Classes of the app's own: they win over the style sheet, whatever their order. */
  readonly classNames?: Partial<Record<LogginPart, string>> | undefined;
  /** Another way in: a code to a number that is typed, by routes of the app's own server. */
  readonly otp?: (OtpRoutes & CountryOptions & Pick<OtpHandlers, 'onSuccess'>) | undefined;
  /** Leaves out style sheet and classes: what there is of looks is the app's. */
  readonly unstyled?: boolean | undefined;
}

/** The words of an app, in place of those of a language. */
export interface OwnWords {
  readonly ownTexts?: Partial<LogginTexts> | undefined;
  readonly ownOtpTexts?: Partial<OtpTexts> | undefined;
}

/** The words that a provider chose, and how its components look. */
export interface Appearance extends Looks, OwnWords {
  readonly texts: Partial<LogginTexts>;
  readonly otpTexts: Partial<OtpTexts>;
  /** The language of the words (BCP 47), and the direction that it is written in. */
  readonly lang?: string | undefined;
  readonly dir?: 'ltr' | 'rtl' | undefined;
  readonly theme: 'auto' | 'dark' | 'light';
  /** Allows the style sheet where a content security policy asks for a nonce. */
  readonly nonce?: string | undefined;
  /** Where modals stand, and whose tree the style sheet is put into; the page's body where there is none. */
  readonly container?: Element | ShadowRoot | undefined;
  /** The app has `@loggin/react/styles.css` among its own style sheets. */
  readonly hasStyles?: boolean | undefined;
}

export const AppearanceContext = /* @__PURE__ */ createContext<Appearance>({
  texts: {},
  otpTexts: {},
  theme: 'auto',
});

/** The words in a language, with the app's own among them. */
export function wordsOf(
  locale: Locale | undefined,
  { whatsappNumber }: NamedServer,
  own: OwnWords,
): Pick<Appearance, 'texts' | 'otpTexts' | 'lang' | 'dir'> {
  // Without a number the server writes the message, in the language of the link.
  const { message, ...words } = locale?.texts ?? {};
  return {
    texts: { ...words, ...(whatsappNumber && message && { message }), ...own.ownTexts },
    otpTexts: { ...locale?.otpTexts, ...own.ownOtpTexts },
    lang: locale?.lang,
    dir: locale?.dir,
  };
}

/** What only the style sheet knows. */
type Inner =
  | 'boxes'
  | 'busy'
  | 'choices'
  | 'frame'
  | 'grab'
  | 'icon'
  | 'logo'
  | 'match'
  | 'phone'
  | 'picture'
  | 'ring'
  | 'row'
  | 'stack'
  | 'steps'
  | 'unseen';

/** The classes of a part: ours, unless the app wants none, then its own. */
export function useClasses(): (part: LogginPart | Inner, more?: string) => string | undefined {
  const { classNames, unstyled } = useContext(AppearanceContext);
  return (part, more) => {
    const root = part === 'button' ? 'loggin loggin-main' : `loggin-${part}`;
    return [!unstyled && root, classNames?.[part as LogginPart], more].filter(Boolean).join(' ') || undefined;
  };
}

/** The server of some options. An empty base URL, as that of a variable that is not set, is none. */
export const serverFor = ({ baseUrl, ...options }: ServerOptions): NamedServer =>
  baseUrl?.trim() ? serverOf({ ...options, baseUrl }) : { ...serverOf(options), isUnnamed: true };

let local: NamedServer | undefined;

/** Where no provider names a server: the local one, the same each time. */
export function serverByDefault(): NamedServer {
  local ??= serverFor({});
  return local;
}

/** Shows something in the provider, where it outlives the component that asked for it; nothing takes it away. */
export type Show = (key: string, shown: ReactNode) => void;

export const ShowContext = /* @__PURE__ */ createContext<Show | null>(null);
