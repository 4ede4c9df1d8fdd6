/** QR codes by `lean-qr`, the smallest encoder: the build puts it in here, because it exists as ES module only. */

import { correction, generate } from 'lean-qr/nano';

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
