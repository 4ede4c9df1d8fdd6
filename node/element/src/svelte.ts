/**
 * Types of `<loggin-button>` in the markup of Svelte 5:
 *
 * ```svelte
 * <script lang="ts">
 *   import '@loggin/element';
 *   import type {} from '@loggin/element/svelte';
 * </script>
 *
 * <loggin-button app-key="…" onloggin-success={({ detail }) => signIn(detail.token)}></loggin-button>
 * ```
 */

import type { HTMLAttributes } from 'svelte/elements';
import type { LogginButtonElement } from './element.js';
import type { LogginEventMap } from './events.js';
import type { LogginMarkup } from './markup.js';

type Handlers = { [Name in keyof LogginEventMap as `on${Name}`]?: (event: LogginEventMap[Name]) => unknown };

export type LogginButtonSvelte = HTMLAttributes<LogginButtonElement> & LogginMarkup & Handlers;

declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'loggin-button': LogginButtonSvelte;
  }
}
