/** The app: one of our components, as the address asks for it. */

import {
  LogginButton,
  LogginCard,
  LogginConfirmForm,
  LogginCountdown,
  LogginLink,
  LogginModal,
  LogginProvider,
  LogginQrCode,
  LogginRetry,
  LogginRoot,
  LogginStatusText,
  OtpForm,
} from '@loggin/react';
import * as locales from '@loggin/react/locales';
import { Activity, useState } from 'react';
import { createPortal } from 'react-dom';

/** Hands the token to the app's own server, which redeems it and says who it is. */
async function signIn({ token }) {
  const response = await fetch('/login', { method: 'POST', body: JSON.stringify({ token }) });
  if (!response.ok) {
    throw new Error('The app refused.');
  }
  return response.json();
}

export function App({ search }) {
  const options = Object.fromEntries(new URLSearchParams(search));
  const { server, component = 'button', appKey = '8XKPQ2WN', locale, theme, number, nonce } = options;
  const { keepOpen, fullWidth } = options;
  const { variant, size, button: className, appName, unstyled, hasStyles, logo, ways } = options;
  const classNames = options.title && { title: options.title, main: options.main };
  return (
    <LogginProvider
      baseUrl={server}
      whatsappNumber={number}
      locale={locale === 'auto' ? 'auto' : locales[locale]}
      theme={theme}
      nonce={nonce}
      variant={variant}
      size={size}
      appName={appName}
      classNames={classNames}
      unstyled={unstyled !== undefined}
      logo={logo}
      otp={ways && OTP}
      hasStyles={hasStyles !== undefined}
    >
      <main>
        <h1>Acme</h1>
        <Chosen
          component={component}
          appKey={appKey}
          className={className}
          server={server}
          keepOpen={keepOpen !== undefined}
          fullWidth={fullWidth !== undefined}
        />
      </main>
    </LogginProvider>
  );
}

const OTP = { start: '/otp/start', verify: '/otp/verify' };

function Chosen({ component, appKey, className, server, keepOpen, fullWidth }) {
  const [said, say] = useState('');
  const [renders, renderAgain] = useState(0);
  const login = {
    appKey,
    onSuccess: async (success) => {
      const { phone } = await signIn(success);
      say(`Hello ${phone}`);
      return keepOpen && { keepOpen };
    },
    onError: (error) => say(`error ${error.code ?? error.message}`),
    onExpire: () => say('expired'),
  };
  return (
    <>
      {component === 'button' && <LogginButton {...login} className={className} fullWidth={fullWidth} />}
      {component === 'shadow' && <InShadow {...login} server={server} />}
      {component === 'contained' && <Contained {...login} server={server} />}
      {component === 'server-button' && <LogginButton mode="server" onSuccess={() => say('Hello')} />}
      {component === 'focused-later' && <FocusedLater {...login} />}
      {component === 'hidden-menu' && <HiddenMenu {...login} />}
      {component === 'closing-menu' && <ClosingMenu {...login} />}
      {component === 'kept-page' && <KeptPage {...login} server={server} />}
      {component === 'modal' && <Modal {...login} />}
      {component === 'parts' && <Parts {...login} />}
      {component === 'card' && <LogginCard {...login} />}
      {component === 'otp' && <Otp say={say} />}
      <p id="said" role="status">
        {said}
      </p>
      <button id="again" type="button" hidden onClick={() => renderAgain((count) => count + 1)}>
        {renders}
      </button>
    </>
  );
}

/** A menu that hides when something in it is chosen. */
function HiddenMenu(login) {
  const [isOpen, setOpen] = useState(true);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: as menus of apps are.
    <div style={{ display: isOpen ? 'block' : 'none' }} onClick={() => setOpen(false)}>
      <LogginButton {...login} />
    </div>
  );
}

/** A button that appears and has the focus at once. */
function FocusedLater(login) {
  const [isShown, show] = useState(false);
  const focus = (element) => element?.querySelector('a').focus();
  return isShown ? (
    <div ref={focus}>
      <LogginButton {...login} tabIndex={0} />
    </div>
  ) : (
    <button type="button" onClick={() => show(true)}>
      Sign in
    </button>
  );
}

/** A button in the shadow of an element, as apps that are web components have it. */
function InShadow({ server, ...login }) {
  const [shadow, setShadow] = useState(null);
  const attach = (element) =>
    element && setShadow(element.shadowRoot ?? element.attachShadow({ mode: 'open' }));
  return (
    <div id="host" ref={attach}>
      {shadow &&
        createPortal(
          <LogginProvider baseUrl={server} container={shadow}>
            <LogginButton {...login} />
          </LogginProvider>,
          shadow,
        )}
    </div>
  );
}

/** A modal that stands in an element of the app's. */
function Contained({ server, ...login }) {
  const [element, setElement] = useState(null);
  return (
    <div id="place" ref={setElement}>
      {element && (
        <LogginProvider baseUrl={server} container={element}>
          <LogginButton {...login} />
        </LogginProvider>
      )}
    </div>
  );
}

/** A menu that is taken away when something in it is chosen. */
function ClosingMenu(login) {
  const [isOpen, setOpen] = useState(true);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: as menus of apps are.
    <div onClick={() => setOpen(false)}>{isOpen && <LogginButton {...login} />}</div>
  );
}

/** A page that is kept, with its elements, behind the one that a login leads to: frameworks do so for the way back. */
function KeptPage({ server, onSuccess, ...login }) {
  const [isInFront, setInFront] = useState(true);
  const leave = async (success) => {
    await onSuccess(success);
    setInFront(false);
  };
  return (
    <>
      <Activity mode={isInFront ? 'visible' : 'hidden'}>
        <LogginProvider baseUrl={server}>
          <LogginButton {...login} onSuccess={leave} />
        </LogginProvider>
      </Activity>
      <button type="button" onClick={() => setInFront(!isInFront)}>
        {isInFront ? 'Leave' : 'Back'}
      </button>
    </>
  );
}

function Modal(login) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Sign in
      </button>
      <LogginModal open={open} onClose={() => setOpen(false)} {...login} />
    </>
  );
}

function Parts(login) {
  return (
    <LogginRoot {...login}>
      <LogginLink />
      <LogginQrCode width="240" />
      <LogginStatusText />
      <LogginCountdown />
      <LogginConfirmForm />
      <LogginRetry />
    </LogginRoot>
  );
}

function Otp({ say }) {
  return <OtpForm start="/otp/start" verify="/otp/verify" onSuccess={({ phone }) => say(`Hello ${phone}`)} />;
}
