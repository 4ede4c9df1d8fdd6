/** What the compiler says of the types: the same as those of React's components, and known to each framework. */

import type { LogginEventMap, LogginStatus, LogginSuccess } from '@loggin/element';
import type { LogginButtonJsx } from '@loggin/element/react';
import type { LogginButtonSvelte } from '@loggin/element/svelte';
import type { LogginButtonVue } from '@loggin/element/vue';
import type { LogginStatus as ReactStatus, LogginSuccess as ReactSuccess } from '@loggin/react';
import type { SvelteHTMLElements } from 'svelte/elements';
import type { GlobalComponents } from 'vue';

type Same<One, Other> = [One, Other] extends [Other, One] ? true : false;

export const SAME: Same<LogginSuccess, ReactSuccess> & Same<LogginStatus, ReactStatus> = true;

/** Markup of React 19. */
export const markup = (
  <loggin-button
    app-key="8XKPQ2WN"
    size="large"
    full-width
    onloggin-success={({ detail, waitUntil }) => [detail.token, waitUntil]}
  />
);

// @ts-expect-error there is no such size
export const unknownSize: LogginButtonJsx = { size: 'huge' };

// @ts-expect-error there is no such theme
export const unknownTheme: SvelteHTMLElements['loggin-button'] = { theme: 'pink' };

export const svelte: LogginButtonSvelte = { 'onloggin-expire': ({ detail }) => detail };

export const vue: GlobalComponents['loggin-button'] extends LogginButtonVue ? true : false = true;

export const vueProps: InstanceType<LogginButtonVue>['$props'] = {
  'app-key': '8XKPQ2WN',
  onLogginConnectionProblem: ({ detail }) => detail.code,
};

/** Listeners of a page, at the element and at the document. */
export function listen(): void {
  const element = document.createElement('loggin-button');
  element.addEventListener('loggin-progress', ({ detail }) => detail.status === element.status);
  element.addEventListener('click', (event) => event);
  document.addEventListener('loggin-success', (event: LogginEventMap['loggin-success']) =>
    event.waitUntil(event.detail.phone),
  );
}
