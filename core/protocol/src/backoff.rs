//! How long to wait before the next try: full-jitter exponential backoff, as a pure function.
//!
//! It counts in whole milliseconds and takes its randomness as an argument, so that every language gives the
//! same response for the same bits.

use std::time::Duration;

/// Upper end of the first delay, in milliseconds: short enough that one lost connection goes unnoticed.
const FIRST_DELAY_MS: u64 = 250;

/// Upper end of a delay while an outage is young, in milliseconds: with the time to connect, every client is back two
/// seconds after its server.
const YOUNG_OUTAGE_CAP_MS: u64 = 1_500;

/// Age up to which an outage is young, in milliseconds: longer than a restart or the change of a node takes.
const YOUNG_OUTAGE_MS: u128 = 60_000;

/// Upper end of a delay in an old outage, in milliseconds: 10,000 clients then ask about 1,300 times a second.
const OLD_OUTAGE_CAP_MS: u64 = 15_000;

/// Longest wish of a server that is obeyed, in milliseconds: no server can switch a client off.
const MAX_HINT_MS: u64 = 60_000;

/// Part of a hint that may come on top, one in this many (20 %): those who were told the same time spread out.
const HINT_JITTER_DIVISOR: u64 = 5;

/// How long to wait before try number `attempt` (from 0) of an outage that began `outage` ago.
///
/// - `hint` is what the server asked for in `retry:` or `Retry-After`: a lower bound, obeyed up to 60 s, with
///   up to 20 % on top. Without one the delay is anything from 0 to 250 ms, doubled at each attempt, to at most
///   1.5 s in the first 60 s of an outage and 15 s after.
/// - `random` is 64 random bits: the upper 32 choose the delay, the lower 32 what comes on top of the hint.
///
/// ```
/// # use loggin_protocol as loggin;
/// use loggin::backoff::delay;
/// use std::time::Duration;
///
/// let half = 1 << 63;
/// assert_eq!(delay(0, Duration::ZERO, None, half), Duration::from_millis(125));
/// assert_eq!(delay(9, Duration::from_secs(5), None, half), Duration::from_millis(750));
/// assert_eq!(delay(0, Duration::ZERO, Some(Duration::from_secs(3)), half), Duration::from_secs(3));
/// ```
pub fn delay(attempt: u32, outage: Duration, hint: Option<Duration>, random: u64) -> Duration {
    let cap = if outage.as_millis() < YOUNG_OUTAGE_MS { YOUNG_OUTAGE_CAP_MS } else { OLD_OUTAGE_CAP_MS };
    let upper_end = FIRST_DELAY_MS.saturating_mul(2_u64.saturating_pow(attempt)).min(cap);
    let jittered = share(upper_end, random >> 32);
    let lower_bound = hint.map_or(0, |hint| {
        let hint = whole_milliseconds(hint).min(MAX_HINT_MS);
        hint + share(hint, random & u64::from(u32::MAX)) / HINT_JITTER_DIVISOR
    });
    Duration::from_millis(jittered.max(lower_bound))
}

/// The part of `milliseconds` that 32 random bits choose; below 2³², so the product fits.
const fn share(milliseconds: u64, bits: u64) -> u64 {
    (milliseconds * bits) >> 32
}

/// Rounds up: a lower bound must not become shorter.
fn whole_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_duration() -> impl Strategy<Value = Duration> {
        prop_oneof![
            (0..200_000_u64).prop_map(Duration::from_millis),
            (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| Duration::new(seconds, nanos)),
        ]
    }

    #[test]
    fn a_part_of_a_millisecond_counts_as_one() {
        let hint = Duration::from_micros(1_000_001);
        assert_eq!(delay(0, Duration::ZERO, Some(hint), 0), Duration::from_millis(1_001));
    }

    #[test]
    fn the_delays_of_many_clients_spread_evenly() {
        let mut quarters = [0; 4];
        for client in 0..1_000_u64 {
            let millis = delay(2, Duration::ZERO, None, ((client << 32) / 1_000) << 32).as_millis();
            quarters[usize::try_from(millis / 250).unwrap()] += 1;
        }
        assert_eq!(quarters, [250; 4]);
    }

    proptest! {
        #[test]
        fn a_delay_stays_between_its_bounds(
            attempt: u32, outage in any_duration(), hint in prop::option::of(any_duration()), random: u64,
        ) {
            let given = delay(attempt, outage, hint, random);
            let obeyed = hint.unwrap_or_default().min(Duration::from_mins(1));
            let cap = Duration::from_millis(if outage < Duration::from_mins(1) { 1_500 } else { 15_000 });
            prop_assert!(given >= obeyed);
            prop_assert!(given <= cap.max(obeyed.mul_f64(1.2) + Duration::from_millis(2)), "{given:?}");
        }

        #[test]
        fn a_first_delay_is_short(outage in any_duration(), random: u64) {
            prop_assert!(delay(0, outage, None, random) < Duration::from_millis(250));
        }
    }
}
