/** Somebody with a phone, who does what people do: taps Send, taps a button, reads a code. */

import { inspect } from 'node:util';
import type { Chat, Message, WaitOptions } from './chat.js';

/**
 * A person and their phone, which `server.person()` adds.
 *
 * What waits for a message waits 30 seconds, or `timeoutMs`, and rejects with a `LocalServerError` where none comes. What was
 * found once is not found again: the next call waits for the next message.
 *
 * @example
 * await person.tap(link);
 * await client.confirm(token, await person.confirmationCode());
 */
export class Person {
  readonly #chat: Chat;

  /** @internal */
  constructor(chat: Chat) {
    this.#chat = chat;
  }

  /** Digits without `+`, as `session.phone` has them. */
  get number(): string {
    return this.#chat.number;
  }

  /** Opens a login link, and taps Send; the text that was sent. The server has it when this settles. */
  tap(link: string): Promise<string> {
    return this.#chat.follow(link);
  }

  /** Writes to the business; the id of the message. */
  send(text: string): Promise<string> {
    return this.#chat.act('messages', { text });
  }

  /** Answers what the business wrote last; the id of the message. */
  async reply(text: string): Promise<string> {
    const latest = (await this.messages()).findLast(({ sender }) => sender === 'business');
    return this.#chat.act('messages', { text, reply_to: latest?.id });
  }

  /** Taps the button with this title, once it is offered: the digits that `confirm = match` has shown. */
  async choose(title: string, options?: WaitOptions): Promise<void> {
    const fits = (button: { title: string }) => button.title === title;
    await this.#chat.press(await this.#chat.offer(`the button '${title}'`, fits, options));
  }

  /** Taps "Not me" below the message that `confirm = reply` sends, once it came. */
  async deny(options?: WaitOptions): Promise<void> {
    const fits = ({ kind }: { kind: string }, count: number) => kind === 'reply' && count === 1;
    await this.#chat.press(await this.#chat.offer('one button to deny', fits, options));
  }

  /** Shares the phone's number, once the business asks for it: what people do who hide it. */
  async shareNumber(options?: WaitOptions): Promise<void> {
    const fits = ({ kind }: { kind: string }) => kind === 'request_contact';
    await this.#chat.press(await this.#chat.offer('a request for the number', fits, options));
  }

  /** The six digits to type where the login began, which `confirm = code` sends; waits for them. */
  confirmationCode(options?: WaitOptions): Promise<string> {
    const find = ({ code, text }: Message) => (code ? null : /^\d{6}\b/.exec(text)?.[0]);
    return this.#chat.find('digits that confirm', find, options);
  }

  /** The one-time code that came last; waits for one. */
  otpCode(options?: WaitOptions): Promise<string> {
    return this.#chat.find('a one-time code', ({ code }) => code, options);
  }

  /** The message of the business that came last; waits for one. */
  message(options?: WaitOptions): Promise<Message> {
    return this.#chat.find('anything new', (message) => message, options);
  }

  /** The chat so far, oldest first. */
  messages(): Promise<Message[]> {
    return this.#chat.read();
  }

  /** Says whose phone it is by its last two digits. */
  [inspect.custom](): string {
    return `Person { number: '…${this.number.slice(-2)}' }`;
  }
}
