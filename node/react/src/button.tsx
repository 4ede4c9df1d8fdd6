'use client';

/** The button: a real link to WhatsApp, with the modal behind it. */

import {
  type ComponentProps,
  type MouseEvent,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
} from 'react';
import type { Attempt } from './attempt.js';
import type { LocaleChoice } from './auto-locale.js';
import { AppearanceContext, type Looks, ShowContext, useClasses } from './context.js';
import { deviceOf } from './device.js';
import { BubbleIcon } from './icons.js';
import { LocaleScope } from './locale-scope.js';
import { isAwaiting, isUnderWay } from './login-state.js';
import { LooksProvider, looksOf, type WithoutLooks } from './looks.js';
import { LoginDialog, loadPanel } from './modal.js';
import { LogginLink, LoginProvider, useLogginLogin, useTexts } from './parts.js';
import { useEarlyTap } from './served.js';
import { StyleSheet } from './style-sheet.js';
import { type UseLogginOptions, useAttempt, useLoginOf } from './use-loggin.js';
import { asLogin, type LoginOf } from './use-server-login.js';

interface ButtonProps
  extends UseLogginOptions,
    Looks,
    Omit<ComponentProps<'a'>, keyof UseLogginOptions | keyof Looks | 'href'> {
  /** As wide as what it stands in. */
  readonly fullWidth?: boolean | undefined;
  /** The language of this button and its modal, or `auto` for the browser's; that of the provider where none is given. */
  readonly locale?: LocaleChoice;
}

/** With `mode="server"` the app's own server holds the login, and there is neither `appKey` nor token. */
export type LogginButtonProps = LoginOf<ButtonProps>;

let buttons = 0;

/**
 * Signs in with WhatsApp. On a phone a tap opens WhatsApp at once, as a link does; on a computer it shows the QR
 * picture, with the link beside it. What follows is told in a modal.
 */
export function LogginButton(props: LogginButtonProps): ReactNode {
  const [looks, rest] = looksOf(props);
  return (
    <LocaleScope locale={props.locale}>
      <LooksProvider looks={looks}>
        <StyledButton {...rest} looks={looks} />
      </LooksProvider>
    </LocaleScope>
  );
}

type StyledButtonProps = WithoutLooks<LogginButtonProps> & { readonly looks: Looks };

function StyledButton({ locale, ...props }: StyledButtonProps): ReactNode {
  const [options, server] = asLogin(props);
  const { appKey, text, confirm, onSuccess, onError, onExpire, onConnectionProblem, ...more } =
    options as ButtonProps;
  const { className, children, onClick, fullWidth, looks, ...rest } = more as typeof more & { looks: Looks };
  // Where a provider shows the modal it has to be told how; a new object does not show it anew.
  const latest = useRef(looks);
  useEffect(() => {
    latest.current = looks;
  });
  const classes = useClasses();
  const handlers = { onSuccess, onError, onExpire, onConnectionProblem };
  const [attempt, login] = useAttempt({ appKey, text, confirm, ...handlers }, server);
  const [key] = useState(() => `loggin-${buttons++}`);
  const [own, setOwn] = useState<ReactNode>(null);
  const inProvider = useContext(ShowContext);
  const { lang, dir, theme, variant, size } = useContext(AppearanceContext);

  const showDialog = useCallback((): void => {
    const show = (node: ReactNode): void => (inProvider ? inProvider(key, node) : setOwn(node));
    // A provider shows it outside of this button's language.
    show(
      <LocaleScope locale={locale}>
        <LooksProvider looks={latest.current}>
          <ButtonDialog attempt={attempt} onClose={() => show(null)} />
        </LooksProvider>
      </LocaleScope>,
    );
  }, [attempt, inProvider, key, locale]);

  useEffect(() => void loadPanel().catch(() => {}), []);
  const early = useEarlyTap(showDialog);

  // What a page that is back has to say, and a code to be typed, are not left to the next tap.
  const isDue = login.isElsewhere || (isUnderWay(login) && (login.isResumed || isAwaiting(login)));
  useEffect(() => {
    if (isDue) {
      showDialog();
    }
  }, [isDue, showDialog]);

  const open = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (isPlain && (isUnderWay(login) || deviceOf() === 'computer')) {
      event.preventDefault();
    }
    showDialog();
  };
  return (
    <LoginProvider value={login}>
      <StyleSheet />
      <LogginLink
        lang={lang}
        dir={dir}
        data-theme={theme}
        data-variant={variant}
        data-size={size}
        data-wide={fullWidth || undefined}
        aria-haspopup="dialog"
        // Without an address it takes no focus by itself.
        tabIndex={login.link ? undefined : 0}
        {...early}
        {...rest}
        className={classes('button', className)}
        onClick={open}
      >
        <BubbleIcon />
        {children ?? <LogginButtonText />}
      </LogginLink>
      {own}
    </LoginProvider>
  );
}

/** The words of a button, to stand beside something else in it. */
export function LogginButtonText(): ReactNode {
  const { button, waiting } = useTexts();
  return isUnderWay(useLogginLogin()) ? waiting : button;
}

/** The modal of a button, which goes on where a menu hides the button or takes it away. */
function ButtonDialog({ attempt, onClose }: { attempt: Attempt; onClose: () => void }): ReactNode {
  useEffect(() => attempt.hold(), [attempt]);
  return <LoginDialog open onClose={onClose} login={useLoginOf(attempt)} />;
}
