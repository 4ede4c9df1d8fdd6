//! A thousand clients lose one server at the same moment: when they come back, in virtual time and by seed.

use std::time::Duration;

use super::super::*;
use crate::{token::AppKey, wire::ReadyEvent};

const CLIENTS: u64 = 1_000;
/// When all streams are lost: long after they were opened.
const LOST: Duration = Duration::from_secs(10);
/// Waits last longer than any outage here.
const TIMEOUT: Duration = Duration::from_secs(3_600);
/// Parts of a histogram.
const BINS: usize = 10;
/// How far a tenth of them may be from a hundred clients by chance: five standard deviations.
const CHANCE: usize = 48;

/// The moments, counted from the loss, at which one client asks, until its stream is ready: the server refuses
/// everybody for the time of `outage`. `pause` is what it asked for when it went.
fn tries(outage: Duration, pause: Option<Duration>, mut random: impl FnMut() -> u64) -> Vec<Duration> {
    let mut machine = Machine::default();
    let token = Token::from_secret(AppKey::parse("8XKPQ2WN").unwrap(), [7; Token::SECRET_BYTES]);
    let ready = || TokenEvent::Ready(ReadyEvent { pending: 1 });
    machine.handle_wait(Duration::ZERO, token, TIMEOUT, ());
    machine.handle_timeout(Duration::ZERO);
    let first = opened(&mut machine).unwrap();
    machine.handle_event(Duration::ZERO, first, ready());
    machine.handle_closed(LOST, first, Closed::Dropped { pause }, random());
    let mut tries = Vec::new();
    loop {
        let now = machine.poll_deadline().unwrap();
        machine.handle_timeout(now);
        let stream = opened(&mut machine).expect("the deadline is that of an opening");
        tries.push(now.checked_sub(LOST).unwrap());
        if now.checked_sub(LOST).unwrap() >= outage {
            machine.handle_event(now, stream, ready());
            assert!(machine.poll_action().is_none());
            return tries;
        }
        machine.handle_closed(now, stream, Closed::Dropped { pause: None }, random());
    }
}

fn opened(machine: &mut Machine<()>) -> Option<StreamId> {
    match machine.poll_action()? {
        Action::Open { stream, .. } => Some(stream),
        other => panic!("not asked for: {other:?}"),
    }
}

/// Random bits of a client: `SplitMix64`.
fn random_of(client: u64) -> impl FnMut() -> u64 {
    let mut state = client.wrapping_mul(0x2545_f491_4f6c_dd1d);
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn all_tries(outage: Duration, pause: Option<Duration>) -> Vec<Vec<Duration>> {
    (0..CLIENTS).map(|client| tries(outage, pause, random_of(client))).collect()
}

/// How many moments fall into each tenth of a span; none may lie outside.
fn histogram(moments: impl IntoIterator<Item = Duration>, from: Duration, span: Duration) -> [usize; BINS] {
    let mut bins = [0; BINS];
    for moment in moments {
        let part = moment.checked_sub(from).unwrap().as_nanos() * BINS as u128 / span.as_nanos();
        bins[usize::try_from(part).unwrap()] += 1;
    }
    bins
}

/// Most moments that fall into one hundredth of a second.
fn busiest(moments: impl Iterator<Item = Duration>) -> usize {
    let mut counts = std::collections::BTreeMap::<_, usize>::new();
    for moment in moments {
        *counts.entry(moment.as_millis() / 10).or_default() += 1;
    }
    counts.into_values().max().unwrap()
}

fn assert_even(bins: [usize; BINS]) {
    let expected = usize::try_from(CLIENTS).unwrap() / BINS;
    assert!(bins.iter().all(|bin| bin.abs_diff(expected) < CHANCE), "{bins:?}");
}

#[test]
fn the_first_tries_spread_over_the_whole_first_delay() {
    let tries = all_tries(Duration::ZERO, None);
    assert!(tries.iter().all(|tries| tries.len() == 1));
    assert_even(histogram(tries.into_iter().flatten(), Duration::ZERO, Duration::from_millis(250)));
}

#[test]
fn a_pause_that_all_were_told_is_kept_and_spread_by_a_fifth() {
    let pause = Duration::from_secs(10);
    let tries = all_tries(Duration::ZERO, Some(pause));
    assert_even(histogram(tries.into_iter().flatten(), pause, pause / 5));
}

#[test]
fn no_wave_of_clients_forms_in_a_long_outage() {
    let outage = Duration::from_secs(180);
    let tries = all_tries(outage, None);
    let while_away = |from: u64, until: u64| {
        let span = Duration::from_secs(from)..Duration::from_secs(until);
        tries.iter().flatten().copied().filter(move |moment| span.contains(moment))
    };
    // At most 1,000 in 250 ms at first, then 1,000 in a mean delay of 750 ms, and of 7.5 s after the first minute.
    assert!(busiest(while_away(0, 2)) <= 80, "{}", busiest(while_away(0, 2)));
    assert!(busiest(while_away(2, 60)) <= 30, "{}", busiest(while_away(2, 60)));
    assert!(busiest(while_away(80, 180)) <= 12, "{}", busiest(while_away(80, 180)));
    let per_second = while_away(90, 180).count() / 90;
    assert!((110..160).contains(&per_second), "{per_second} tries a second in an old outage");
}

#[test]
fn all_are_back_within_two_seconds_of_a_young_outage_and_not_at_once() {
    let outage = Duration::from_secs(30);
    let back = all_tries(outage, None).into_iter().map(|tries| *tries.last().unwrap());
    let bins = histogram(back, outage, Duration::from_millis(1_500));
    // Who is met at a random moment of a delay of up to 1.5 s has what is left of it: falling to the end.
    assert!(bins[0] < 300 && bins[0] > bins[BINS - 1], "{bins:?}");
    assert!(bins.iter().take(BINS - 1).all(|&bin| bin > 0), "{bins:?}");
}

/// What the tests above would see of clients without randomness.
#[test]
fn clients_without_jitter_would_be_seen_to_keep_step() {
    let tries: Vec<_> = (0..CLIENTS).map(|_| tries(Duration::from_secs(5), None, || u64::MAX)).collect();
    assert_eq!(busiest(tries.into_iter().flatten()), usize::try_from(CLIENTS).unwrap());
}
