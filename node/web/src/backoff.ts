/** How long to wait before the next try: full-jitter exponential backoff, in milliseconds. */

/** Upper end of the first delay: short enough that one lost connection goes unnoticed. */
const FIRST_DELAY_MS = 250;

/**
 * Upper end of a delay while an outage is young: with the time to connect, every client is back two seconds after its
 * server.
 */
const YOUNG_OUTAGE_CAP_MS = 1_500;

/** Age up to which an outage is young: longer than a restart or the change of a node takes. */
const YOUNG_OUTAGE_MS = 60_000;

/** Upper end of a delay in an old outage: 10,000 clients then ask about 1,300 times a second. */
const OLD_OUTAGE_CAP_MS = 15_000;

/** Longest `retry:` or `Retry-After` that is kept to, in milliseconds: no server can switch a client off. */
export const MAX_HINT_MS = 60_000;

/** Part of a hint that may come on top, one in this many (20 %): those who were told the same time spread out. */
const HINT_JITTER_DIVISOR = 5;

/**
 * How long to wait before try number `attempt` (from 0) of an outage that began `outageMs` ago.
 *
 * `hintMs` is what the server asked for in `retry:` or `Retry-After`: a lower bound. Of the two random words of 32 bits
 * the first chooses the delay, the second what comes on top of the hint.
 */
export function delay(
  attempt: number,
  outageMs: number,
  hintMs: number,
  random: ArrayLike<number> = crypto.getRandomValues(new Uint32Array(2)),
): number {
  const cap = outageMs < YOUNG_OUTAGE_MS ? YOUNG_OUTAGE_CAP_MS : OLD_OUTAGE_CAP_MS;
  const upperEnd = Math.min(FIRST_DELAY_MS * 2 ** attempt, cap);
  // A part of a millisecond counts as one: a lower bound must not become shorter.
  const hint = Math.ceil(Math.min(hintMs, MAX_HINT_MS));
  const onTop = Math.floor(share(hint, random[1] as number) / HINT_JITTER_DIVISOR);
  return Math.max(share(upperEnd, random[0] as number), hint + onTop);
}

/** The part of `milliseconds` that 32 random bits choose; below 2⁵³, so the product is exact. */
const share = (milliseconds: number, bits: number): number => Math.floor((milliseconds * bits) / 2 ** 32);
