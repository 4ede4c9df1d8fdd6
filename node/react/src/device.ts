/** Phones told from computers: on a phone WhatsApp is at hand, on a computer it is on another device. */

export type Device = 'phone' | 'computer' | 'unsure';

interface Hints {
  readonly userAgentData?: { readonly mobile?: boolean; readonly platform?: string };
}

/** What is below this many CSS pixels on its short side and takes several fingers is held in a hand. */
const HAND_PX = 600;

/**
 * Where WhatsApp is likely to be. Nobody tells for certain: phones of Samsung say that their finger hovers, Firefox on
 * Android that it is fine, and iPads that they are Macs. `unsure` has both ways in sight, the link first.
 */
export function deviceOf(): Device {
  const { userAgentData, userAgent = '', maxTouchPoints = 0 } = navigator as Navigator & Hints;
  const isTouched = maxTouchPoints > 1;
  const isPhone =
    userAgentData?.mobile ||
    /Android|iPhone|iPad|iPod|Mobile/.test(userAgent) ||
    (isTouched && (/Macintosh/.test(userAgent) || Math.min(screen.width, screen.height) < HAND_PX)) ||
    matchMedia('(hover: none) and (pointer: coarse)').matches;
  if (isPhone) {
    return 'phone';
  }
  return matchMedia('(pointer: coarse)').matches ? 'unsure' : 'computer';
}
