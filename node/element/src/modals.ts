/**
 * Where the modals of an element stand: in an element of their own at the end of the page, whatever hides the first one or
 * takes it away.
 */

import { adopt, copyVariables } from './style-sheets.js';

/** Its parts are styled by this name: `loggin-modal::part(title)`. */
const TAG = 'loggin-modal';

export class Modals {
  readonly host = document.createElement(TAG);
  readonly #root = this.host.attachShadow({ mode: 'open' });
  /** What the modals are put into. */
  readonly container = document.createElement('div');

  constructor(closed: () => void) {
    this.#root.append(this.container);
    // It does not bubble.
    this.#root.addEventListener('close', closed, true);
  }

  get isOpen(): boolean {
    return !!this.#open;
  }

  /** Makes sure that they are in the page, before one opens and after somebody took them out with all else. */
  show(owner: HTMLElement): void {
    adopt(this.container, owner.nonce);
    if (!this.host.isConnected) {
      document.body.append(this.host);
      this.#showAgain();
    }
    if (owner.isConnected) {
      copyVariables(owner, this.host);
    }
  }

  close(): void {
    this.#open?.close();
  }

  remove(): void {
    this.host.remove();
  }

  get #open(): HTMLDialogElement | null {
    return this.#root.querySelector('dialog[open]');
  }

  /** A dialog that leaves the page stays open, and is no modal any more. */
  #showAgain(): void {
    const dialog = this.#open;
    if (dialog) {
      dialog.removeAttribute('open');
      dialog.showModal();
    }
  }
}
