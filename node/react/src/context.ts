'use client';

/** What components share: the server, and the words. */

import { type ServerOptions, serverOf } from '@loggin/web/create';
import { createContext, type ReactNode } from 'react';
import type { NamedServer } from './attempt.js';
import type { OtpTexts } from './otp-texts.js';
import type { LogginTexts } from './texts.js';

/** The server that a provider names. */
export const ServerContext = /* @__PURE__ */ createContext<NamedServer | null>(null);

/** The words that a provider chose, and how its components look. */
export interface Appearance {
  readonly texts: Partial<LogginTexts>;
  readonly otpTexts: Partial<OtpTexts>;
  /** The language of the words (BCP 47), and the direction that it is written in. */
  readonly lang: string | undefined;
  readonly dir: 'ltr' | 'rtl' | undefined;
  readonly theme: 'auto' | 'dark' | 'light';
  /** Allows the style sheet where a content security policy asks for a nonce. */
  readonly nonce: string | undefined;
  /** Where modals stand, and whose tree the style sheet is put into; the page's body where there is none. */
  readonly container: Element | ShadowRoot | undefined;
}

export const AppearanceContext = /* @__PURE__ */ createContext<Appearance>({
  texts: {},
  otpTexts: {},
  lang: undefined,
  dir: undefined,
  theme: 'auto',
  nonce: undefined,
  container: undefined,
});

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
