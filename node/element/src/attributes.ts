/** The attributes of the element, each of them a property too. */

/** Texts; an attribute that is missing is the empty text. */
const TEXTS = {
  appKey: 'app-key',
  appName: 'app-name',
  baseUrl: 'base-url',
  confirm: 'confirm',
  locale: 'locale',
  logo: 'logo',
  name: 'name',
  size: 'size',
  text: 'text',
  theme: 'theme',
  variant: 'variant',
  whatsappNumber: 'whatsapp-number',
} as const;

/** Attributes that are there or not. */
const FLAGS = {
  allowInsecureHttp: 'allow-insecure-http',
  fullWidth: 'full-width',
} as const;

export type LogginAttributes = Record<keyof typeof TEXTS, string> & Record<keyof typeof FLAGS, boolean>;

export const ATTRIBUTES: readonly string[] = [...Object.values(TEXTS), ...Object.values(FLAGS)];

/** The names of the properties. */
export const PROPERTIES: readonly string[] = [...Object.keys(TEXTS), ...Object.keys(FLAGS)];

/** Gives a class the properties that reflect its attributes. */
export function reflect(prototype: HTMLElement): void {
  for (const [property, attribute] of Object.entries(TEXTS)) {
    define(prototype, property, {
      get: (element) => element.getAttribute(attribute) ?? '',
      set: (element, value) =>
        value === null || value === undefined
          ? element.removeAttribute(attribute)
          : element.setAttribute(attribute, String(value)),
    });
  }
  for (const [property, attribute] of Object.entries(FLAGS)) {
    define(prototype, property, {
      get: (element) => element.hasAttribute(attribute),
      set: (element, value) => element.toggleAttribute(attribute, !!value),
    });
  }
}

interface Access {
  readonly get: (element: HTMLElement) => unknown;
  readonly set: (element: HTMLElement, value: unknown) => unknown;
}

function define(prototype: HTMLElement, property: string, { get, set }: Access): void {
  Object.defineProperty(prototype, property, {
    configurable: true,
    enumerable: true,
    get(this: HTMLElement) {
      return get(this);
    },
    set(this: HTMLElement, value: unknown) {
      set(this, value);
    },
  });
}
