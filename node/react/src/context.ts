'use client';

/** What components share: the server, and the words. */

import { type Server, serverOf } from '@loggin/web/create';
import { createContext } from 'react';
import type { OtpTexts } from './otp-texts.js';
import type { LogginTexts } from './texts.js';

/** The server that a provider names. */
export const ServerContext = /* @__PURE__ */ createContext<Server | null>(null);

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
}

export const AppearanceContext = /* @__PURE__ */ createContext<Appearance>({
  texts: {},
  otpTexts: {},
  lang: undefined,
  dir: undefined,
  theme: 'auto',
  nonce: undefined,
});

let local: Server | undefined;

/** Where no provider names a server: the local one, the same each time. */
export function serverByDefault(): Server {
  local ??= serverOf({});
  return local;
}
