/** A chat on a simulated phone, as the person sees it, and what is looked for in it. */

import { type Control, LocalServerError } from './control.js';

/** Milliseconds that a message may take to come: as long as a slow machine needs. */
const TIMEOUT_MS = 30_000;

/** Milliseconds that one look waits for something new. */
const LOOK_MS = 1000;

/** What can be tapped below a message. */
export interface Button {
  readonly id: string;
  readonly title: string;
  /** `reply`, `request_contact`, `copy_code` or `did_not_request_code`. */
  readonly kind: string;
}

/** One message of a chat. */
export interface Message {
  readonly id: string;
  /** Counts up over all chats. */
  readonly seq: number;
  readonly sender: 'business' | 'phone';
  readonly text: string;
  /** The one-time code that it brings. */
  readonly code: string | null;
  readonly buttons: readonly Button[];
  /** `pending`, `sent`, `delivered`, `read` or `failed`. */
  readonly status: string;
}

/** How long a message is waited for: 30 seconds, unless told otherwise. */
export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A button below the message with this id. */
export type Offer = readonly [messageId: string, button: Button];

/** The chat of one phone with the business. */
export class Chat {
  readonly #control: Control;
  /** The last message in which each kind of thing was found. */
  readonly #found = new Map<string, number>();
  readonly number: string;

  constructor(control: Control, number: string) {
    this.#control = control;
    this.number = number;
  }

  /** The messages after that one, oldest first; waits for the first of them. */
  async read(after = 0, timeoutMs = 0, signal?: AbortSignal): Promise<Message[]> {
    const path = `phones/${this.number}/messages?after=${after}&timeout_ms=${Math.ceil(timeoutMs)}`;
    const { messages } = await this.#control.call(path, { signal });
    return messages.map(messageOf);
  }

  /** Opens a login link and sends the message that is written there; its text. */
  async follow(link: string): Promise<string> {
    const body = { link, phone: this.number };
    const { text } = await this.#control.call('open-link', { body });
    await this.act('messages', { text });
    return text;
  }

  /** Does something of which the server has heard when this settles; the id of the message. */
  async act(what: string, how: object): Promise<string> {
    const receipt = await this.#control.call(`phones/${this.number}/${what}`, { body: how });
    if (receipt.status !== 200) {
      throw new LocalServerError(
        'refused',
        `the server did not take a message: its webhook said ${receipt.status}`,
      );
    }
    return receipt.message_id;
  }

  /** Taps a button. */
  async press([messageId, button]: Offer): Promise<void> {
    await this.act('tap', { message_id: messageId, button_id: button.id });
  }

  /** The first button that fits below the newest message that has one. */
  async offer(
    what: string,
    fits: (button: Button, count: number) => boolean,
    options?: WaitOptions,
  ): Promise<Offer> {
    return this.find(
      what,
      ({ id, buttons }) => {
        const button = buttons.find((each) => fits(each, buttons.length));
        return button && ([id, button] as const);
      },
      options,
    );
  }

  /** What the newest message of the business has that was not found before; waits for one. */
  async find<T>(
    what: string,
    find: (message: Message) => T | null | undefined,
    { timeoutMs = TIMEOUT_MS, signal }: WaitOptions = {},
  ): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    let after = this.#found.get(what) ?? 0;
    for (;;) {
      const left = deadline - performance.now();
      const messages = await this.read(after, Math.max(0, Math.min(left, LOOK_MS)), signal);
      for (const message of messages.toReversed()) {
        const found = message.sender === 'business' ? find(message) : null;
        if (found !== null && found !== undefined) {
          this.#found.set(what, message.seq);
          return found;
        }
      }
      if (messages.length === 0 && left <= 0) {
        throw new LocalServerError('no_message', `the business sent no message with ${what}`);
      }
      after = messages.at(-1)?.seq ?? after;
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as the control API has it
function messageOf(entry: any): Message {
  return {
    id: entry.id,
    seq: entry.seq,
    sender: entry.from,
    text: entry.text,
    code: entry.code ?? null,
    buttons: entry.buttons ?? [],
    status: entry.status,
  };
}
