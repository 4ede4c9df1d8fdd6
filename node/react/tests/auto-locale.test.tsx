// @vitest-environment happy-dom

/** `locale="auto"`: which language is taken, when it is loaded, and that a page is what its server rendered until then. */

import { LogginButton, LogginProvider } from '@loggin/react';
import { act, cleanup, render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { es, fr, loadLocale, ur } from '../dist/esm/locales.js';
import { english } from '../dist/esm/texts.js';

const APP_KEY = '8XKPQ2WN';

beforeEach(() => sessionStorage.clear());
afterEach(cleanup);

/** The browser asks for these languages from now on, and says so. */
function ask(...languages: string[]): void {
  const spy = vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
  onTestFinished(() => spy.mockRestore());
  window.dispatchEvent(new Event('languagechange'));
}

const shows = (text: string) =>
  vi.waitFor(() => expect(document.body.textContent).toContain(text), { interval: 1 });

const link = (): HTMLAnchorElement => document.querySelector('a') ?? expect.fail('there is no button');

const page = (
  <LogginProvider locale="auto" texts={{ close: 'Shut' }}>
    <LogginButton appKey={APP_KEY} />
  </LogginProvider>
);

it.each([
  [['pt-PT', 'en'], 'pt-BR'],
  [['ja', 'HI-latn-IN', 'en'], 'hi'],
  [['en-US', 'fr'], 'en'],
  [['in-ID'], 'id'],
  [['constructor', 'xx'], 'en'],
  [[], 'en'],
])('%j is %s', async (tags, language) => {
  expect((await loadLocale(tags))?.lang ?? 'en').toBe(language);
});

it('takes the language of the browser, follows it, and says it in the link', async () => {
  ask('fr-CH', 'en');
  render(page);
  await act(() => shows(String(fr.texts.button)));
  expect(link().lang).toBe('fr');
  expect(link().href).toContain('?lang=fr');
  ask('ur');
  await act(() => shows(String(ur.texts.button)));
  expect(link().dir).toBe('rtl');
  ask('en');
  await act(() => shows(english.button));
  expect(link().href).not.toContain('lang');
});

it('a page is hydrated as it was rendered, and takes its language then', async () => {
  ask('es');
  const root = document.createElement('div');
  document.body.append(root);
  root.innerHTML = renderToString(page);
  expect(root.textContent).toContain(english.button);
  const problems: unknown[] = [];
  const hydrated = await act(() =>
    hydrateRoot(root, page, { onRecoverableError: (error) => problems.push(error) }),
  );
  await act(() => shows(String(es.texts.button)));
  expect(problems).toEqual([]);
  act(() => hydrated.unmount());
  root.remove();
});

it('a button has a language of its own, with its modal, and keeps the words of the app', async () => {
  const own = (locale: typeof es | 'auto'): ReactNode => (
    <LogginProvider locale={fr} texts={{ title: 'Join us' }}>
      <LogginButton appKey={APP_KEY} locale={locale} />
    </LogginProvider>
  );
  const { rerender } = render(own(es));
  expect(link().textContent).toBe(es.texts.button);
  expect(link().href).toContain('?lang=es');
  act(() => link().click());
  await act(() => shows('Join us'));
  expect(document.body.textContent).toContain(es.texts.pending);
  ask('ur');
  rerender(own('auto'));
  await act(() => shows(String(ur.texts.waiting)));
});
