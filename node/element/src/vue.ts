/**
 * Types of `<loggin-button>` in the templates of Vue 3:
 *
 * ```vue
 * <script setup lang="ts">
 * import '@loggin/element';
 * import type {} from '@loggin/element/vue';
 * </script>
 *
 * <template>
 *   <loggin-button app-key="…" @loggin-success="({ detail }) => signIn(detail.token)" />
 * </template>
 * ```
 *
 * Vue is told that it is an element: `compilerOptions.isCustomElement: (tag) => tag.startsWith('loggin-')`.
 */

import type { HTMLAttributes } from 'vue';
import type { LogginEventMap } from './events.js';
import type { LogginMarkup } from './markup.js';

type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name;

type Handlers = {
  [Name in keyof LogginEventMap as `on${Capitalize<Camel<Name>>}`]?: (event: LogginEventMap[Name]) => unknown;
};

export type LogginButtonVue = new () => { $props: HTMLAttributes & LogginMarkup & Handlers };

declare module 'vue' {
  interface GlobalComponents {
    'loggin-button': LogginButtonVue;
  }
}
