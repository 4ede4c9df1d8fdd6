// @vitest-environment happy-dom

/** The element as a script sees it: properties, languages, events. tests/e2e/browser signs in with it. */

import { LogginButtonElement, LogginSuccessEvent } from '@loggin/element';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const APP_KEY = '8XKPQ2WN';

beforeEach(() => sessionStorage.clear());
afterEach(() => {
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

/** Puts an element into the page. */
function add(markup: string): LogginButtonElement {
  document.body.innerHTML = markup;
  return document.querySelector('loggin-button') ?? expect.fail('there is none');
}

const anchorOf = (element: LogginButtonElement): HTMLAnchorElement | null | undefined =>
  element.shadowRoot?.querySelector('a[href]');

/** The button's link, once it is there, or another than it was. */
async function linkOf(element: LogginButtonElement, before?: string): Promise<string> {
  return vi.waitUntil(() => {
    const link = anchorOf(element)?.href;
    return link !== before && link;
  });
}

/** What the button says, once it is there. */
const wordsOf = async (element: LogginButtonElement): Promise<string | undefined> => {
  await linkOf(element);
  return anchorOf(element)?.textContent ?? undefined;
};

it('is one with its attributes', () => {
  const element = add(`<loggin-button app-key="${APP_KEY}" full-width></loggin-button>`);
  expect(element).toBeInstanceOf(LogginButtonElement);
  expect(element).toMatchObject({ appKey: APP_KEY, fullWidth: true, locale: '', status: 'idle' });
  Object.assign(element, { whatsappNumber: '15550100000', fullWidth: false });
  expect(element.getAttributeNames().sort()).toEqual(['app-key', 'whatsapp-number']);
  element.whatsappNumber = null as unknown as string;
  expect(element.hasAttribute('whatsapp-number')).toBe(false);
});

it('has the properties that were set before it was known', async () => {
  const element = document.createElement('loggin-button');
  for (const [name, value] of Object.entries({ appKey: APP_KEY, texts: { button: 'Enter' } })) {
    Object.defineProperty(element, name, { value, configurable: true, enumerable: true, writable: true });
  }
  document.body.append(element);
  expect(element.getAttribute('app-key')).toBe(APP_KEY);
  expect(await wordsOf(element)).toBe('Enter');
});

it('makes the link of its server, its number and its message, and another one for others', async () => {
  const element = add(
    `<loggin-button app-key="${APP_KEY}" base-url="https://login.example"></loggin-button>`,
  );
  const link = await linkOf(element);
  expect(link).toContain(`https://login.example/l/${APP_KEY}-`);
  Object.assign(element, { whatsappNumber: '15550100000', text: 'Hola {code}' });
  expect(await linkOf(element, link)).toContain(`https://wa.me/15550100000?text=Hola%20${APP_KEY}-`);
});

it.each([
  ['', 'Continue with WhatsApp'],
  ['en-GB', 'Continue with WhatsApp'],
  ['es', 'Continuar con WhatsApp'],
  ['es-MX', 'Continuar con WhatsApp'],
  ['tlh', 'Continue with WhatsApp'],
])('speaks the language %j', async (locale, words) => {
  expect(await wordsOf(add(`<loggin-button app-key="${APP_KEY}" locale="${locale}"></loggin-button>`))).toBe(
    words,
  );
});

it.each([
  [['tlh', 'es-AR', 'en'], 'Continuar con WhatsApp'],
  [['tlh', 'en-US', 'es'], 'Continue with WhatsApp'],
])('speaks the first language of the person that there is: %j', async (languages, words) => {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
  expect(await wordsOf(add(`<loggin-button app-key="${APP_KEY}" locale="auto"></loggin-button>`))).toBe(
    words,
  );
});

it('changes its words where it stands', async () => {
  const element = add(`<loggin-button app-key="${APP_KEY}"></loggin-button>`);
  await linkOf(element);
  element.locale = 'ar';
  await vi.waitUntil(() => anchorOf(element)?.dir === 'rtl');
  element.texts = { button: 'Enter' };
  await vi.waitUntil(() => anchorOf(element)?.textContent === 'Enter');
});

it('names its parts', async () => {
  const element = add(`<loggin-button app-key="${APP_KEY}"></loggin-button>`);
  await linkOf(element);
  expect(anchorOf(element)?.getAttribute('part')).toBe('button');
});

it('keeps its link when it is moved, and has another once it was away', async () => {
  const element = add(`<loggin-button app-key="${APP_KEY}"></loggin-button><p></p>`);
  const link = await linkOf(element);
  document.body.append(element);
  await Promise.resolve();
  expect(anchorOf(element)?.href).toBe(link);
  element.remove();
  await vi.waitUntil(() => !anchorOf(element));
  document.body.append(element);
  expect(await linkOf(element)).not.toBe(link);
});

it('tells what is wrong with the page', async () => {
  vi.spyOn(console, 'error').mockReturnValue();
  const codes: unknown[] = [];
  document.addEventListener('loggin-error', ({ detail }) => codes.push(detail.code), { once: true });
  add(`<loggin-button app-key="${APP_KEY}" base-url="http://login.example"></loggin-button>`);
  await vi.waitUntil(() => codes.length);
  expect(codes).toEqual(['invalid_config']);
});

it('waits for all that it was told to wait for', async () => {
  const success = {
    token: 't',
    appKey: APP_KEY,
    phone: null,
    userId: null,
    subject: 'lgsu_000G40R40M30E209185GR38E1W8124GK',
    confirmation: 'none' as const,
    assurance: 'normal',
    verifiedAt: new Date(),
  };
  const event = new LogginSuccessEvent('loggin-success', { detail: success }) as LogginSuccessEvent & {
    settled(): Promise<unknown>;
  };
  event.waitUntil(Promise.resolve());
  await expect(event.settled()).resolves.toBeDefined();
  const refusal = new Error('No.');
  event.waitUntil(Promise.reject(refusal));
  await expect(event.settled()).rejects.toBe(refusal);
});
