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

/** A picture of a text in modules: its rows as strokes, each one module high. */
export function draw(value: string): { size: number; path: string } {
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
