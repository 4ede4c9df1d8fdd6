/** The custom element: attributes in, events out, and one login that outlives where it stands. */

import { type Locale, loadLocale } from '@loggin/react/locales';
import { createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { ATTRIBUTES, type LogginAttributes, PROPERTIES, reflect } from './attributes.js';
import {
  isUnderWay,
  type LogginEventMap,
  type LogginStatus,
  type LogginSuccess,
  LogginSuccessEvent,
  TRAVELS,
} from './events.js';
import { sendForm } from './form.js';
import { Modals } from './modals.js';
import { adopt } from './style-sheets.js';
import { ButtonView, type Making, type ViewProps } from './view.js';

/** Follows the person's own setting. */
const AUTO = 'auto';

/** The language of an attribute; undefined is English, which stands in for what is not there and cannot be loaded. */
async function languageOf(wanted: string): Promise<Locale | undefined> {
  try {
    return await loadLocale(wanted === AUTO ? navigator.languages : [wanted]);
  } catch {
    return undefined;
  }
}

/** There is none where a server renders the page. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export interface LogginButtonElement extends LogginAttributes {
  addEventListener<Name extends keyof LogginEventMap>(
    type: Name,
    listener: (this: LogginButtonElement, event: LogginEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** `<loggin-button app-key="…">`: signs in with WhatsApp. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: `reflect` gives the class these properties.
export class LogginButtonElement extends Base {
  static readonly formAssociated = true;
  static readonly observedAttributes: readonly string[] = ATTRIBUTES;

  #status: LogginStatus = 'idle';
  #texts: Readonly<Record<string, string>> = {};
  readonly #place = document.createElement('div');
  readonly #modals = new Modals(() => this.#settleSoon());
  readonly #internals = this.attachInternals?.();
  #root: Root | undefined;
  /** What the login under way is made of. */
  #making: Making | undefined;
  #language: { readonly wanted: string; readonly locale: Locale | undefined } | undefined;
  #isDue = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    root.append(this.#place);
    // A modal can only open where it is in the page.
    root.addEventListener('click', () => this.#modals.show(this), true);
  }

  /** Where the login stands. */
  get status(): LogginStatus {
    return this.#status;
  }

  /** Words of the page's own, by the names of `LogginTexts` of `@loggin/react`. */
  get texts(): Readonly<Record<string, string>> {
    return this.#texts;
  }

  set texts(texts: Readonly<Record<string, string>> | null | undefined) {
    this.#texts = texts ?? {};
    this.#renderSoon();
  }

  connectedCallback(): void {
    adopt(this.#place, this.nonce);
    // What a script set before the class was known hides the class's own properties.
    for (const property of [...PROPERTIES, 'texts'].filter((name) => Object.hasOwn(this, name))) {
      const value = Reflect.get(this, property);
      Reflect.deleteProperty(this, property);
      Reflect.set(this, property, value);
    }
    this.#renderSoon();
  }

  disconnectedCallback(): void {
    this.#settleSoon();
  }

  attributeChangedCallback(): void {
    this.#renderSoon();
  }

  formResetCallback(): void {
    this.#internals?.setFormValue(null);
  }

  /** Once for all that changes at once. */
  #renderSoon(): void {
    if (!this.#isDue) {
      this.#isDue = true;
      queueMicrotask(() => {
        this.#isDue = false;
        this.#render().catch((error) => {
          // biome-ignore lint/suspicious/noConsole: a page that listens to nothing shows nothing else.
          console.error(`Loggin: ${error.message}`);
          this.#fail(error);
        });
      });
    }
  }

  async #render(): Promise<void> {
    const wanted = this.locale;
    if (this.#language?.wanted !== wanted) {
      this.#language = { wanted, locale: await languageOf(wanted) };
      // Meanwhile it may be another one.
      this.#renderSoon();
      return;
    }
    if (this.isConnected || this.#root) {
      this.#root ??= createRoot(this.#place);
      this.#root.render(createElement(ButtonView, this.#view(this.#language.locale)));
    }
  }

  #view(locale: Locale | undefined): ViewProps {
    const { texts, theme, variant, size } = this;
    return {
      making: this.#makingOf(locale),
      locale,
      texts,
      appName: this.appName || undefined,
      logo: this.logo || undefined,
      theme: theme === 'dark' || theme === 'light' ? theme : 'auto',
      variant: (variant || undefined) as ViewProps['variant'],
      size: (size || undefined) as ViewProps['size'],
      fullWidth: this.fullWidth,
      container: this.#modals.container,
      hasStyles: true,
      onSuccess: this.#succeed,
      onError: this.#fail,
      onExpire: this.#expire,
      onConnectionProblem: this.#lose,
      onStatus: this.#follow,
    };
  }

  /** What attributes say, unless a login is under way, or what it came to is still to be read: that is left alone. */
  #makingOf(locale: Locale | undefined): Making {
    if (!this.#making || !(isUnderWay(this.#status) || this.#modals.isOpen)) {
      const { appKey, baseUrl, confirm, whatsappNumber, allowInsecureHttp, text, texts } = this;
      this.#making = {
        appKey,
        baseUrl: baseUrl || undefined,
        whatsappNumber: whatsappNumber || undefined,
        allowInsecureHttp,
        confirm: (confirm || undefined) as Making['confirm'],
        text: text || texts.message || locale?.texts.message,
      };
    }
    return this.#making;
  }

  readonly #follow = (status: LogginStatus): void => {
    const before = this.#status;
    this.#status = status;
    if (status === before) {
      return;
    }
    if (isUnderWay(status)) {
      this.#modals.show(this);
    }
    if (status === 'pending') {
      this.#internals?.setFormValue(null);
    }
    if (isUnderWay(status) || status === 'verified') {
      this.#tell('loggin-progress', { status });
    } else if (status === 'idle' && isUnderWay(before)) {
      this.#tell('loggin-cancel', null);
    }
    this.#settleSoon();
  };

  readonly #succeed = async (detail: LogginSuccess): Promise<void> => {
    if (this.name) {
      this.#internals?.setFormValue(detail.token);
    }
    const event = new LogginSuccessEvent('loggin-success', { ...TRAVELS, cancelable: true, detail });
    this.#dispatch(event);
    await event.settled();
    const form = this.#internals?.form;
    if (form && this.name && !event.defaultPrevented) {
      await sendForm(form, () => this.#modals.close());
    }
  };

  readonly #fail = (error: Error): void => {
    // A tree that could not be rendered is begun anew with what is set next.
    if (this.#status === 'idle' && !this.#place.hasChildNodes()) {
      this.#root = undefined;
    }
    this.#tell('loggin-error', error);
  };

  readonly #expire = (): void => this.#tell('loggin-expire', null);

  readonly #lose = (error: Error): void => this.#tell('loggin-connection-problem', error);

  #tell(type: keyof LogginEventMap, detail: unknown): void {
    this.#dispatch(new CustomEvent(type, { ...TRAVELS, detail }));
  }

  /** Of an element that was taken away the page is told by the modal, which is still there. */
  #dispatch(event: Event): void {
    this.dispatchEvent(event);
    if (!this.isConnected) {
      this.#modals.host.dispatchEvent(event);
    }
  }

  /** Whoever moves an element takes it out first. */
  #settleSoon(): void {
    queueMicrotask(() => this.#settle());
  }

  #settle(): void {
    const { isOpen } = this.#modals;
    if (isUnderWay(this.#status) || (isOpen && (this.isConnected || this.#status !== 'verified'))) {
      if (!this.isConnected) {
        this.#modals.show(this);
      }
      return;
    }
    this.#modals.remove();
    if (this.isConnected) {
      this.#renderSoon();
    } else {
      this.#root?.unmount();
      this.#root = undefined;
      this.#status = 'idle';
    }
  }
}

reflect(LogginButtonElement.prototype);
