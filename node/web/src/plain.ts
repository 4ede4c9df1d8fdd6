/** Plain objects that keep what is personal to themselves when Node prints them. */

/** How Node prints a value, for which this is a name and no dependency. */
export const INSPECT = Symbol.for('nodejs.util.inspect.custom');

export type Show = (value: unknown, options: object) => string;

/** Characters at the end that may be shown: enough to tell two people apart, not enough to call one. */
const SHOWN_CHARACTERS = 2;

/** What is shown of a phone number, or of a subject. */
export const hidden = (text: string): string => `…${text.slice(-SHOWN_CHARACTERS)}`;

/**
 * What objects of a kind inherit: the properties of plain objects, and how Node prints them, by their name and what
 * `shown` leaves of them.
 *
 * React hands objects from a server to its pages, and back, where their prototype inherits from nothing and has no name
 * that plain objects lack. An instance of a class is refused.
 */
export const plainPrototype = <T>(name: string, shown: (value: T) => object): object =>
  Object.create(null, {
    ...Object.getOwnPropertyDescriptors(Object.prototype),
    [INSPECT]: {
      value(this: T, _depth: number, options: object, inspect: Show): string {
        return `${name} ${inspect(shown(this), options)}`;
      },
    },
  });

/** A plain object of that kind. */
export const plain = <T extends object>(prototype: object, fields: T): T =>
  Object.assign(Object.create(prototype), fields);
