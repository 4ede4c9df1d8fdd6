/**
 * Types of `<loggin-button>` in the JSX of React 19:
 *
 * ```tsx
 * import '@loggin/element';
 * import type {} from '@loggin/element/react';
 *
 * <loggin-button app-key="…" onloggin-success={({ detail }) => signIn(detail.token)} />
 * ```
 *
 * In an app of React `@loggin/react` does the same without a copy of the components.
 */

import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type { LogginButtonElement } from './element.js';
import type { LogginEventMap } from './events.js';
import type { LogginMarkup } from './markup.js';

type Handlers = { [Name in keyof LogginEventMap as `on${Name}`]?: (event: LogginEventMap[Name]) => unknown };

export type LogginButtonJsx = DetailedHTMLProps<HTMLAttributes<LogginButtonElement>, LogginButtonElement> &
  LogginMarkup &
  Handlers;

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'loggin-button': LogginButtonJsx;
    }
  }
}
