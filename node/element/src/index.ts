/** Sign-in with WhatsApp for any page: `<loggin-button>`, defined where there is a page to define it in. */

import { LogginButtonElement } from './element.js';
import type { LogginEventMap } from './events.js';

export type { LogginAttributes } from './attributes.js';
export { LogginButtonElement } from './element.js';
export {
  type LogginEventMap,
  type LogginFailure,
  type LogginStatus,
  type LogginSuccess,
  LogginSuccessEvent,
} from './events.js';

declare global {
  interface HTMLElementTagNameMap {
    'loggin-button': LogginButtonElement;
  }
  interface HTMLElementEventMap extends LogginEventMap {}
  interface DocumentEventMap extends LogginEventMap {}
}

/** The tag. */
const TAG = 'loggin-button';

// A page may load the script twice, or two versions of it: the first one stays.
if (globalThis.customElements && !customElements.get(TAG)) {
  customElements.define(TAG, LogginButtonElement);
}
