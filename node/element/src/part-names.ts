/**
 * Parts that a page styles with `::part()`: what React's components give classes of the app's own, here has the name of
 * the part.
 */

import type { LogginPart } from '@loggin/react';
import { options } from 'preact';

/** Stands before the name of a part in a class. */
const PREFIX = 'part-';

const NAMES: Record<LogginPart, true> = {
  button: true,
  card: true,
  close: true,
  field: true,
  form: true,
  lead: true,
  main: true,
  modal: true,
  qr: true,
  second: true,
  title: true,
};

/** A class for each part. */
export const PART_CLASSES = Object.fromEntries(
  Object.keys(NAMES).map((name) => [name, PREFIX + name]),
) as Record<LogginPart, string>;

const { vnode: before } = options;

/** The part that a class names becomes the attribute `part`, in every element that is made. */
options.vnode = (vnode): void => {
  const props = vnode.props as { className?: unknown; part?: string };
  if (typeof vnode.type === 'string' && typeof props.className === 'string') {
    const part = props.className.split(' ').find((name) => name.startsWith(PREFIX));
    if (part) {
      props.part = part.slice(PREFIX.length);
    }
  }
  before?.(vnode);
};
