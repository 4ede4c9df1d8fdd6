// @vitest-environment happy-dom

/** The hook and the provider. */

import { type Locale, type LogginLogin, LogginProvider, useLoggin } from '@loggin/react';
import { es } from '@loggin/react/locales';
import { act, cleanup, render } from '@testing-library/react';
import { type ReactNode, StrictMode } from 'react';
import { afterEach, expect, it } from 'vitest';

afterEach(cleanup);

let login: LogginLogin | undefined;

function Page({ appKey = '8XKPQ2WN', text }: { appKey?: string; text?: string }): ReactNode {
  login = useLoggin({ appKey, text });
  return <a href={login.link ?? undefined}>{login.status}</a>;
}

const current = (): LogginLogin => login ?? expect.fail('nothing was rendered');

it('has one link, though development renders and mounts twice', () => {
  const { rerender } = render(<Page />, { wrapper: StrictMode });
  const { link } = current();
  expect(link).toContain('http://127.0.0.1:8787/l/8XKPQ2WN-');
  rerender(<Page />);
  expect(current().link).toBe(link);
});

it('takes the server, the number and the message of its provider', () => {
  const page = (number?: string): ReactNode => (
    <LogginProvider
      baseUrl="https://login.example"
      whatsappNumber={number}
      texts={{ message: 'Hola {code}' }}
    >
      <Page />
    </LogginProvider>
  );
  const { rerender } = render(page());
  expect(current().link).toContain('https://login.example/l/');
  rerender(page('+1 555 010 0000'));
  expect(current().link).toContain('https://wa.me/15550100000?text=Hola%20');
});

it('makes another link for another app and another text, and the same functions for ever', () => {
  const { rerender } = render(<Page />);
  const { link, start, cancel, confirm } = current();
  rerender(<Page appKey="7Z4M0ABC" />);
  expect(current().link).toContain('/l/7Z4M0ABC-');
  expect(current().link).not.toBe(link);
  expect(current()).toMatchObject({ start, cancel, confirm });
});

it('makes another link when it is cancelled', () => {
  render(<Page />);
  const { link, cancel } = current();
  act(cancel);
  expect(current()).toMatchObject({ status: 'idle' });
  expect(current().link).not.toBe(link);
});

it('refuses a server that is not safe', () => {
  const unsafe = (): unknown => render(<LogginProvider baseUrl="http://login.example" />);
  expect(unsafe).toThrow(expect.objectContaining({ code: 'invalid_config' }));
});

it('the language of its provider stands in a link through the server, and its message in any other', () => {
  const page = (number?: string): ReactNode => (
    <LogginProvider baseUrl="https://login.example" whatsappNumber={number} locale={es}>
      <Page />
    </LogginProvider>
  );
  const { rerender } = render(page());
  expect(current().link).toMatch(/^https:\/\/login\.example\/l\/[-0-9A-Z]+\?lang=es$/);
  rerender(page('+1 555 010 0000'));
  expect(current().link).toContain(`text=${encodeURIComponent(es.texts.message?.split('{')[0] ?? '?')}`);
});

it('an attempt that is under way keeps its link when the language changes', () => {
  const page = (locale?: Locale): ReactNode => (
    <LogginProvider baseUrl="https://login.example" locale={locale}>
      <Page />
    </LogginProvider>
  );
  const { rerender } = render(page());
  act(() => current().start());
  const { link } = current();
  rerender(page(es));
  expect(current()).toMatchObject({ status: 'pending', link });
  act(() => current().cancel());
  expect(current().link).toContain('?lang=es');
});
