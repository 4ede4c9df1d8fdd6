/** What the element shows: React's components, with what they tell handed on. */

import {
  type Locale,
  LogginButton,
  type LogginButtonProps,
  LogginButtonText,
  LogginProvider,
  type LogginProviderProps,
  type LogginTexts,
  useLogginLogin,
} from '@loggin/react';
import { type ReactNode, useLayoutEffect } from 'react';
import type { LogginStatus } from './events.js';
import { PART_CLASSES } from './part-names.js';

/** What a login is made of: another one of these is another login. */
export interface Making
  extends Pick<LogginProviderProps, 'baseUrl' | 'whatsappNumber' | 'allowInsecureHttp'> {
  readonly appKey: string;
  readonly text: string | undefined;
  /** The least confirmation to accept. */
  readonly confirm: LogginButtonProps['confirm'];
}

export interface ViewProps
  extends Pick<
      LogginProviderProps,
      'appName' | 'container' | 'hasStyles' | 'logo' | 'size' | 'theme' | 'variant'
    >,
    Pick<LogginButtonProps, 'fullWidth' | 'onConnectionProblem' | 'onError' | 'onExpire' | 'onSuccess'> {
  readonly making: Making;
  readonly locale: Locale | undefined;
  readonly texts: Partial<LogginTexts>;
  readonly onStatus: (status: LogginStatus) => void;
}

export function ButtonView(props: ViewProps): ReactNode {
  const { making, texts, fullWidth, onSuccess, onError, onExpire, onConnectionProblem, onStatus, ...rest } =
    props;
  const { appKey, text, confirm, ...server } = making;
  const handlers = { onSuccess, onError, onExpire, onConnectionProblem };
  // The message is part of the login, so it is not the language's that happens to be in force.
  const words = { ...texts, message: '' };
  return (
    <LogginProvider {...rest} {...server} texts={words} classNames={PART_CLASSES}>
      <LogginButton appKey={appKey} text={text} confirm={confirm} fullWidth={fullWidth} {...handlers}>
        <Watch onStatus={onStatus} />
        <LogginButtonText />
      </LogginButton>
    </LogginProvider>
  );
}

/** Tells of each status. */
function Watch({ onStatus }: Pick<ViewProps, 'onStatus'>): ReactNode {
  const { status } = useLogginLogin();
  useLayoutEffect(() => onStatus(status), [onStatus, status]);
  return null;
}
