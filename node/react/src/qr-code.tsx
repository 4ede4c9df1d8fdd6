'use client';

/** The link as a QR picture, drawn here: no picture of it is fetched from anywhere. */

import { type ReactNode, type SVGProps, useMemo } from 'react';
import { encode } from './qr-encoder.js';

/** Modules of white around the picture, as the standard asks. */
const QUIET_ZONE = 4;

export interface QrPictureProps extends SVGProps<SVGSVGElement> {
  readonly value: string;
  /** What it is, for those who do not see it. */
  readonly label: string;
}

/** A text as a QR picture: black on white in every theme, because cameras read no other as well. */
export function QrPicture({ value, label, ...rest }: QrPictureProps): ReactNode {
  const { size, path } = useMemo(() => draw(value), [value]);
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges" {...rest}>
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path stroke="#000" d={path} />
    </svg>
  );
}

/** The picture's rows as strokes, each one module high. */
function draw(value: string): { size: number; path: string } {
  const { size, isDark } = encode(value);
  let path = '';
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const start = x;
      while (isDark(x, y)) {
        x++;
      }
      path += x > start ? `M${start + QUIET_ZONE} ${y + QUIET_ZONE + 0.5}h${x - start}` : '';
    }
  }
  return { size: size + 2 * QUIET_ZONE, path };
}
