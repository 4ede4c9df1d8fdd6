'use client';

/** Time that runs out, told each second. */

import { useEffect, useState } from 'react';
import { numeral } from './texts.js';

/** How often the time that is left is told, in milliseconds. */
const TICK_MS = 1_000;

/** A span as minutes and seconds: `4:05`. */
export const clock = (seconds: number, lang?: string): string =>
  `${numeral(Math.floor(seconds / 60), lang)}:${numeral(seconds % 60, lang, 2)}`;

/** The whole seconds until a time in milliseconds since 1970, told anew each second; null without one. */
export function useSecondsUntil(time: number | null): number | null {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (time === null) {
      return undefined;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [time]);
  return time === null ? null : Math.max(0, Math.ceil((time - now) / 1000));
}
