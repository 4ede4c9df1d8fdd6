/** What is under way: each wait or call has an id, and the native half calls back with the ids that have settled. */

import { addon, unwrap } from './addon.js';
import type { Client, ClientOptions, Settled } from './native.js';
import { onAbort } from './signals.js';

type Pending = Map<number, (settled: Settled) => void>;

export class Waits {
  readonly client: Client;
  readonly #pending: Pending = new Map();
  #lastId = 0;

  /**
   * Opens a native client. It connects to nothing yet.
   *
   * @throws InvalidInputError where an option is malformed.
   */
  constructor(options: ClientOptions) {
    this.client = unwrap(addon().openClient(options, settler(this.#pending)));
  }

  /**
   * Begins a wait or a call, and holds the event loop until it has settled or the signal is aborted; then it rejects
   * with the signal's reason.
   */
  start(begin: (client: Client, id: number) => void, signal: AbortSignal | undefined): Promise<Settled> {
    const id = this.#nextId();
    // Whatever waits keeps the client; see `settler`.
    const client = this.client;
    const pending = this.#pending;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const leave = () => {
        unwatch?.();
        pending.delete(id);
        if (pending.size === 0) {
          client.release();
        }
      };
      const abort = () => {
        leave();
        client.cancel(id);
        reject(signal?.reason);
      };
      const unwatch = signal && onAbort(signal, abort);
      if (pending.size === 0) {
        client.hold();
      }
      pending.set(id, (settled) => {
        leave();
        resolve(settled);
      });
      begin(client, id);
    });
  }

  /** Ids are 32 bits wide: they come round after so many waits that the first ones are long over. */
  #nextId(): number {
    this.#lastId = (this.#lastId + 1) >>> 0;
    return this.#lastId;
  }
}

/** Made out here: the native half keeps this function for ever, so it must keep nothing that keeps a client. */
function settler(pending: Pending): (batch: Settled[]) => void {
  return (batch) => {
    for (const settled of batch) {
      pending.get(settled.id)?.(settled);
    }
  };
}
