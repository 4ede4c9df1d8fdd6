'use client';

/** A language of one component, within whatever its provider says. */

import { type ReactNode, useContext, useMemo } from 'react';
import { type LocaleChoice, useLocale } from './auto-locale.js';
import { AppearanceContext, ServerContext, serverByDefault, wordsOf } from './context.js';

export interface LocaleScopeProps {
  readonly locale: LocaleChoice;
  readonly children: ReactNode;
}

/** Everything in it is in this language; where none is named, in that of the provider. */
export function LocaleScope({ locale: choice, children }: LocaleScopeProps): ReactNode {
  const locale = useLocale(choice);
  const outer = useContext(AppearanceContext);
  const outerServer = useContext(ServerContext) ?? serverByDefault();
  const server = useMemo(
    () => (choice ? { ...outerServer, lang: locale?.lang } : outerServer),
    [choice, locale, outerServer],
  );
  const appearance = useMemo(
    () => (choice ? { ...outer, ...wordsOf(locale, server, outer) } : outer),
    [choice, locale, server, outer],
  );
  return (
    <ServerContext.Provider value={server}>
      <AppearanceContext.Provider value={appearance}>{children}</AppearanceContext.Provider>
    </ServerContext.Provider>
  );
}
