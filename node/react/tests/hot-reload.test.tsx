// @vitest-environment happy-dom

/** Hot reload, as bundlers do it in development: a component is exchanged in the page for its next version. */

import { type LogginLogin, useLoggin } from '@loggin/react';
import type { ReactNode } from 'react';
import { afterEach, expect, it } from 'vitest';

// It has to be there before React DOM is.
const runtime = await import('react-refresh/runtime');
runtime.injectIntoGlobalHook(window);
const { act, cleanup, render } = await import('@testing-library/react');

afterEach(cleanup);

let login: LogginLogin | undefined;

/** A version of the app's page, as its file has been saved. */
function version(words: string): () => ReactNode {
  // biome-ignore lint/correctness/noComponentHookFactories: each version of a file has a component of its own.
  const Page = (): ReactNode => {
    login = useLoggin({ appKey: '8XKPQ2WN' });
    return <p>{words}</p>;
  };
  runtime.register(Page, 'page.tsx Page');
  return Page;
}

it('keeps the one token and the attempt that is under way', () => {
  const First = version('Sign in');
  const { container } = render(<First />);
  act(() => login?.start());
  const before = login;
  version('Sign in, please');
  act(() => void runtime.performReactRefresh());
  expect(container.textContent).toBe('Sign in, please');
  expect(login).toMatchObject({ status: 'pending', link: before?.link, expiresAt: before?.expiresAt });
});
