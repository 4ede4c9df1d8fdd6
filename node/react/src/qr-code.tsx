'use client';

/** The link as a QR picture, drawn here: no picture of it is fetched from anywhere. */

import { type ReactNode, type SVGProps, useMemo } from 'react';
import { draw } from './qr-encoder.js';

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
