/** On a server, where there is no window. */

import {
  LogginButton,
  LogginLink,
  LogginModal,
  LogginProvider,
  LogginQrCode,
  LogginRoot,
  OtpForm,
} from '@loggin/react';
import { renderToString } from 'react-dom/server';
import { expect, it } from 'vitest';
import { ar } from '../dist/esm/locales.js';

const noop = (): void => {};

it('there is no window', () => {
  expect(globalThis).not.toHaveProperty('window');
  expect(globalThis).not.toHaveProperty('document');
});

it('a button is a link to nowhere yet: a token is made in the page', () => {
  const html = renderToString(<LogginButton appKey="8XKPQ2WN" />);
  expect(html).toContain('Continue with WhatsApp');
  expect(html).toContain('aria-disabled="true"');
  expect(html).not.toContain('href="http');
  expect(html).not.toContain('lgn1_');
});

it('words and direction are those of the provider', () => {
  const html = renderToString(
    <LogginProvider locale={ar} texts={{ button: 'دخول' }}>
      <LogginButton appKey="8XKPQ2WN" />
    </LogginProvider>,
  );
  expect(html).toContain('دخول');
  expect(html).toContain('dir="rtl"');
});

it.each([
  ['an open modal', <LogginModal key="modal" open onClose={noop} appKey="8XKPQ2WN" />],
  ['a form', <OtpForm key="form" start="/start" verify="/verify" />],
  [
    'parts',
    <LogginRoot key="parts" appKey="8XKPQ2WN">
      <LogginLink />
      <LogginQrCode />
    </LogginRoot>,
  ],
])('%s is rendered', (_, element) => {
  expect(renderToString(element)).not.toBe('');
});

it('the style sheet is text that no markup is escaped in', () => {
  const html = renderToString(<LogginButton appKey="8XKPQ2WN" />);
  const [, sheet] = /<style[^>]*>([^<]*)<\/style>/.exec(html) ?? [];
  expect(sheet).toContain('.loggin');
  expect(sheet).not.toMatch(/[&<>"']/);
});
