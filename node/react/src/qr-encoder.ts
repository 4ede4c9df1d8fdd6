/** QR codes by `lean-qr`, the smallest encoder: the build puts it in here, because it exists as ES module only. */

import { correction, generate } from 'lean-qr/nano';

/** Modules of white around a picture, as the standard asks. */
const QUIET_ZONE = 4;

export interface QrModules {
  /** Modules on a side. */
  readonly size: number;
  isDark(x: number, y: number): boolean;
}

/**
 * The modules of a text, which is a link and so ASCII.
 *
 * Level M bears the loss of 15 % of them: enough for a screen, and it keeps a long link readable at the size of a hand.
 */
export function encode(text: string): QrModules {
  const { size, get } = generate(text, { minCorrectionLevel: correction.M });
  return { size, isDark: (x, y) => get(x, y) };
}

/** Modules on a side of each of the three marks that a camera finds a picture by. */
const EYE = 7;

export interface QrPicture {
  readonly size: number;
  /** Rows as strokes, each one module high. */
  readonly path: string;
  /** Where the three marks begin, which are drawn apart. */
  readonly eyes: readonly (readonly [x: number, y: number])[];
}

/** A picture of a text in modules. */
export function draw(value: string): QrPicture {
  const { size, isDark } = encode(value);
  const far = size - EYE;
  const isEye = (x: number, y: number): boolean =>
    (x < EYE && (y < EYE || y >= far)) || (y < EYE && x >= far);
  let path = '';
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const start = x;
      while (isDark(x, y) && !isEye(x, y)) {
        x++;
      }
      path += x > start ? `M${start + QUIET_ZONE} ${y + QUIET_ZONE + 0.5}h${x - start}` : '';
    }
  }
  const [near, end] = [QUIET_ZONE, far + QUIET_ZONE];
  return {
    size: size + 2 * QUIET_ZONE,
    path,
    eyes: [
      [near, near],
      [end, near],
      [near, end],
    ],
  };
}
