'use client';

/** The button: a real link to WhatsApp, with the modal behind it. */

import {
  type ComponentProps,
  type MouseEvent,
  type ReactNode,
  useCallback,
  useContext,
  useState,
} from 'react';
import { AppearanceContext } from './context.js';
import { BubbleIcon } from './icons.js';
import { isPhone, LoginDialog } from './modal.js';
import { LogginLink, LoginProvider, useTexts } from './parts.js';
import { StyleSheet } from './style-sheet.js';
import { type UseLogginOptions, useLoggin } from './use-loggin.js';

export interface LogginButtonProps
  extends UseLogginOptions,
    Omit<ComponentProps<'a'>, keyof UseLogginOptions | 'href'> {}

/**
 * Signs in with WhatsApp. On a phone a tap opens WhatsApp at once, as a link does; on a computer it shows the QR
 * picture, with the link beside it. What follows is told in a modal.
 */
export function LogginButton(props: LogginButtonProps): ReactNode {
  const { appKey, text, onSuccess, onError, onExpire, className = '', children, onClick, ...rest } = props;
  const login = useLoggin({ appKey, text, onSuccess, onError, onExpire });
  const [isOpen, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  const { button } = useTexts();
  const { lang, dir, theme } = useContext(AppearanceContext);
  const open = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (isPlain && !isPhone()) {
      event.preventDefault();
    }
    setOpen(true);
  };
  return (
    <LoginProvider value={login}>
      <StyleSheet />
      <LogginLink
        lang={lang}
        dir={dir}
        data-theme={theme}
        {...rest}
        className={`loggin loggin-main ${className}`}
        onClick={open}
      >
        <BubbleIcon />
        {children ?? button}
      </LogginLink>
      <LoginDialog open={isOpen} onClose={close} login={login} />
    </LoginProvider>
  );
}
