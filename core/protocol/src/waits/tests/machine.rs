//! The machine against a simulated server, over a lossy transport, in virtual time.

use std::{fs, path::Path, time::Duration};

use proptest::prelude::*;

use super::{
    super::*,
    simulation::{LATENCY, Simulation, ms, novel, token_of},
    steps::{self, Step},
};
use crate::wire::MAX_TOKENS_WITHOUT_KEY;

/// Waits last this long unless a test says otherwise.
const TIMEOUT: Duration = Duration::from_secs(300);

#[test]
fn a_wait_after_idle_opens_its_stream_at_once() {
    let mut simulation = Simulation::new();
    simulation.wait(1, TIMEOUT);
    assert_eq!(simulation.machine.poll_deadline(), Some(Duration::ZERO));
    simulation.run_for(LATENCY);
    simulation.verify(1);
    assert!(simulation.outcomes[&0].is_ok());
    assert!(simulation.machine.is_idle(), "nothing waits, so no stream is held");
}

#[test]
fn all_waits_for_one_token_get_the_result_also_later_ones() {
    let mut simulation = Simulation::new();
    let early: Vec<_> = (0..3).map(|_| simulation.wait(7, TIMEOUT)).collect();
    simulation.run_for(ms(50));
    simulation.verify(7);
    let late = simulation.wait(7, TIMEOUT);
    for waiter in early.into_iter().chain([late]) {
        assert!(simulation.outcomes[&waiter].is_ok());
    }
    assert_eq!(simulation.opened, 1);
}

#[test]
fn a_result_that_came_before_the_wait_is_told_by_the_new_stream() {
    let mut simulation = Simulation::new();
    simulation.verify(1);
    simulation.wait(1, TIMEOUT);
    simulation.run_for(ms(10));
    assert!(simulation.outcomes[&0].is_ok());
}

#[test]
fn a_trickle_shares_streams() {
    let mut simulation = Simulation::new();
    for number in 0..4_000 {
        simulation.wait(number, TIMEOUT);
        simulation.run_for(Duration::from_micros(2_500));
    }
    assert!(simulation.opened <= 4_000 / 20, "{} streams for 4,000 waits", simulation.opened);
    assert!(simulation.most_streams <= 10, "{} at a time", simulation.most_streams);
    assert!(simulation.sent <= 4_000 * 24, "each token sent {} times", simulation.sent / 4_000);
}

#[test]
fn fifty_thousand_waits_need_ten_streams() {
    let mut simulation = Simulation::new();
    for number in 0..50_000 {
        simulation.wait(number, TIMEOUT);
        if number % 500 == 0 {
            simulation.run_for(ms(4));
        }
    }
    simulation.run_for(Duration::from_secs(5));
    assert!(simulation.most_streams <= 10, "{} at a time", simulation.most_streams);
    assert!(simulation.sent <= 50_000 * 16, "each token sent {} times", simulation.sent / 50_000);
}

#[test]
fn a_stream_is_retired_only_when_its_successor_is_ready() {
    let mut simulation = Simulation::new();
    simulation.wait(1, TIMEOUT);
    simulation.run_for(ms(500));
    let first = simulation.ready_streams();
    simulation.wait(2, TIMEOUT);
    simulation.run_for(ms(0));
    assert_eq!(simulation.streams.len(), 2, "the old stream carries on while the new one is opened");
    simulation.lose(first[0], Closed::Dropped { pause: None });
    simulation.run_for(LATENCY);
    assert_eq!(simulation.opened, 2, "the new stream had the old one's token already");
    simulation.verify(1);
    assert!(simulation.outcomes[&0].is_ok());
}

#[test]
fn a_cancelled_token_leaves_its_stream_within_one_gathering_pause() {
    let mut simulation = Simulation::new();
    for number in 0..5 {
        simulation.wait(number, TIMEOUT);
    }
    simulation.run_for(ms(500));
    simulation.cancel(2);
    simulation.run_for(ms(100) + LATENCY);
    let gone = token_of(2).code();
    assert_eq!(simulation.streams.len(), 1);
    assert!(
        simulation.streams.values().all(|stream| stream.codes.len() == 4 && !stream.codes.contains(&gone))
    );
}

#[test]
fn tokens_cancelled_one_after_the_other_leave_their_stream_too() {
    let mut simulation = Simulation::new();
    for number in 0..5 {
        simulation.wait(number, TIMEOUT);
    }
    simulation.run_for(ms(500));
    simulation.cancel(0);
    // The next stream is being opened, without the first token and with the second.
    simulation.run_for(ms(0));
    assert_eq!(simulation.streams.len(), 2);
    simulation.cancel(1);
    simulation.run_for(ms(100) + LATENCY * 2);
    assert_eq!(simulation.streams.len(), 1);
    assert!(simulation.streams.values().all(|stream| stream.codes.len() == 3));
}

#[test]
fn cancelling_the_last_wait_closes_the_stream_also_while_it_is_opened() {
    let mut simulation = Simulation::new();
    simulation.wait(1, TIMEOUT);
    simulation.run_for(ms(0));
    assert_eq!(simulation.streams.len(), 1);
    simulation.cancel(0);
    assert!(simulation.streams.is_empty() && simulation.machine.is_idle());
}

#[test]
fn a_wait_ends_at_its_deadline_whatever_the_server_does() {
    let mut simulation = Simulation::new();
    simulation.is_up = false;
    simulation.wait(1, ms(7_000));
    simulation.run_for(ms(6_999));
    assert!(simulation.outcomes.is_empty());
    simulation.run_for(ms(1));
    assert_eq!(simulation.settled_with(0), Some(ErrorCode::Timeout));
}

#[test]
fn an_outage_is_survived_and_costs_few_requests() {
    let mut simulation = Simulation::new();
    for number in 0..100 {
        simulation.wait(number, TIMEOUT);
    }
    simulation.run_for(ms(500));
    simulation.is_up = false;
    for id in simulation.ready_streams() {
        simulation.lose(id, Closed::Dropped { pause: None });
    }
    let before = simulation.opened;
    simulation.run_for(Duration::from_secs(50));
    assert!(
        (25..200).contains(&(simulation.opened - before)),
        "{} tries in 50 s",
        simulation.opened - before
    );
    simulation.is_up = true;
    for number in 0..100 {
        simulation.verify(number);
    }
    simulation.run_for(ms(2_100));
    assert!((0..100).all(|waiter| simulation.outcomes[&waiter].is_ok()));
}

#[test]
fn a_pause_that_the_server_asked_for_is_kept() {
    let mut simulation = Simulation::new();
    simulation.wait(1, TIMEOUT);
    simulation.run_for(ms(0));
    let asked = Closed::Dropped { pause: Some(Duration::from_secs(20)) };
    simulation.lose(*simulation.streams.keys().next().unwrap(), asked);
    simulation.wait(2, TIMEOUT);
    simulation.run_for(ms(19_999));
    assert_eq!(simulation.opened, 1);
    simulation.run_for(ms(4_001));
    assert_eq!(simulation.opened, 2);
}

#[test]
fn a_refusal_ends_the_waits_of_that_stream_and_no_others() {
    let mut simulation = Simulation::new();
    simulation.wait(1, TIMEOUT);
    simulation.run_for(ms(500));
    simulation.wait(2, TIMEOUT);
    simulation.run_for(ms(0));
    let refused = *simulation.streams.iter().find(|(_, stream)| stream.answer_due.is_some()).unwrap().0;
    simulation.lose(refused, Closed::Refused(Error::new(ErrorCode::Unauthorized, "")));
    assert_eq!(simulation.settled_with(1), Some(ErrorCode::Unauthorized));
    simulation.verify(1);
    assert!(simulation.outcomes[&0].is_ok());
}

#[test]
fn a_smaller_limit_of_the_server_is_learnt() {
    let mut simulation = Simulation::new();
    simulation.max_tokens = MAX_TOKENS_WITHOUT_KEY;
    for number in 0..350 {
        simulation.wait(number, TIMEOUT);
    }
    simulation.run_for(Duration::from_secs(3));
    assert!(simulation.outcomes.is_empty());
    assert!(
        simulation.streams.values().all(|stream| stream.answer_due.is_none() && stream.codes.len() <= 100)
    );
    for number in 0..350 {
        simulation.verify(number);
    }
    assert!((0..350).all(|waiter| simulation.outcomes[&waiter].is_ok()));
}

#[test]
fn progress_reaches_every_wait_once_and_in_order() {
    let mut simulation = Simulation::new();
    let first = simulation.wait(1, TIMEOUT);
    simulation.run_for(ms(500));
    simulation.advance(1, Progress::MessageReceived);
    assert_eq!(simulation.told.get(&first), Some(&Progress::MessageReceived));
    let late = simulation.wait(1, TIMEOUT);
    assert_eq!(
        simulation.told.get(&late),
        Some(&Progress::MessageReceived),
        "a stream need not say it again"
    );
    let other = simulation.wait(2, TIMEOUT);
    simulation.advance(1, Progress::AwaitingConfirmation);
    // The next stream is told all of it anew, which is no news.
    simulation.resume();
    simulation.run_for(ms(500));
    let again = TokenEvent::Progress(ProgressEvent {
        code: simulation.waits[first].code,
        status: Progress::MessageReceived,
    });
    simulation.send(simulation.ready_streams()[0], again);
    assert_eq!(simulation.told.get(&late), Some(&Progress::AwaitingConfirmation));
    assert_eq!(simulation.told.get(&other), None);
    simulation.verify(1);
    assert!(simulation.outcomes[&first].is_ok() && simulation.outcomes[&late].is_ok());
}

#[test]
fn while_suspended_there_is_no_stream_and_the_waits_go_on() {
    let mut simulation = Simulation::new();
    simulation.wait(1, TIMEOUT);
    simulation.wait(2, ms(2_000));
    simulation.run_for(ms(500));
    simulation.suspend();
    let during = simulation.wait(3, TIMEOUT);
    simulation.verify(1);
    simulation.run_for(ms(1_499));
    assert!(simulation.streams.is_empty() && simulation.outcomes.is_empty());
    simulation.run_for(ms(1));
    assert_eq!(simulation.settled_with(1), Some(ErrorCode::Timeout), "its deadline holds");
    assert_eq!(simulation.opened, 1);
    simulation.resume();
    simulation.run_for(LATENCY);
    assert!(simulation.outcomes[&0].is_ok(), "what happened meanwhile is told at once");
    simulation.verify(3);
    assert!(simulation.outcomes[&during].is_ok());
    assert!(simulation.machine.is_idle());
}

#[test]
fn resuming_opens_at_once_whatever_the_outage_before() {
    let mut simulation = Simulation::new();
    simulation.is_up = false;
    simulation.wait(1, TIMEOUT);
    simulation.run_for(Duration::from_secs(120));
    simulation.suspend();
    let before = simulation.opened;
    simulation.run_for(Duration::from_secs(30));
    assert_eq!(simulation.opened, before, "nobody tries while suspended");
    simulation.is_up = true;
    simulation.verify(1);
    simulation.resume();
    assert_eq!(simulation.machine.poll_deadline(), Some(simulation.now));
    simulation.run_for(LATENCY);
    assert!(simulation.outcomes[&0].is_ok());
}

#[test]
fn resuming_replaces_streams_that_may_be_dead() {
    let mut simulation = Simulation::new();
    simulation.wait(1, TIMEOUT);
    simulation.run_for(ms(500));
    let dead = simulation.ready_streams();
    simulation.resume();
    simulation.run_for(LATENCY);
    assert_eq!(simulation.ready_streams().len(), 1);
    assert_ne!(simulation.ready_streams(), dead);
    simulation.report_closed(dead[0], Closed::Dropped { pause: None });
    simulation.verify(1);
    assert!(simulation.outcomes[&0].is_ok());
}

#[test]
fn a_pause_that_the_server_asked_for_outlives_suspending() {
    let mut simulation = Simulation::new();
    simulation.wait(1, TIMEOUT);
    simulation.run_for(ms(0));
    let asked = Closed::Dropped { pause: Some(Duration::from_secs(20)) };
    simulation.lose(*simulation.streams.keys().next().unwrap(), asked);
    simulation.suspend();
    simulation.resume();
    simulation.run_for(ms(19_999));
    assert_eq!(simulation.opened, 1);
    simulation.run_for(ms(4_001));
    assert_eq!(simulation.opened, 2);
}

#[test]
fn a_client_can_be_shut_down_while_suspended() {
    let mut simulation = Simulation::new();
    simulation.wait(1, TIMEOUT);
    simulation.run_for(ms(500));
    simulation.suspend();
    simulation.shut_down();
    assert_eq!(simulation.settled_with(0), Some(ErrorCode::Closed));
    assert!(simulation.machine.is_idle() && simulation.streams.is_empty());
}

#[test]
fn shutting_down_settles_everything_with_closed() {
    let mut simulation = Simulation::new();
    for number in 0..300 {
        simulation.wait(number, TIMEOUT);
        simulation.run_for(ms(1));
    }
    simulation.shut_down();
    assert!((0..300).all(|waiter| simulation.settled_with(waiter) == Some(ErrorCode::Closed)));
    assert!(simulation.machine.is_idle() && simulation.streams.is_empty());
}

#[test]
fn a_malformed_token_is_answered_by_its_position() {
    let mut simulation = Simulation::new();
    simulation.wait(1, TIMEOUT);
    simulation.wait(2, TIMEOUT);
    simulation.run_for(LATENCY);
    let (&id, stream) = simulation.streams.iter().next().unwrap();
    let second = stream.codes[1];
    let event = TokenEvent::parse("rejected", r#"{"token_index":1,"error":"invalid_token"}"#).unwrap();
    simulation.send(id, event);
    let waiter = simulation.waits.iter().position(|wait| wait.code == second).unwrap();
    assert_eq!(simulation.settled_with(waiter), Some(ErrorCode::InvalidToken));
    assert_eq!(simulation.outcomes.len(), 1);
}

/// The time in which a stream has to be ready, with room for some tokens.
const READY: Duration = Duration::from_millis(5_100);

#[test]
fn where_streams_are_kept_back_long_polls_take_their_place() {
    let mut simulation = Simulation::new();
    simulation.holds_back = true;
    for number in 0..20 {
        simulation.wait(number, TIMEOUT);
    }
    simulation.run_for(ms(4_900));
    assert_eq!((simulation.opened, simulation.polled), (1, 0));
    simulation.run_for(ms(200) + LATENCY);
    assert_eq!((simulation.opened, simulation.polled), (2, 1));
    simulation.advance(3, Progress::MessageReceived);
    simulation.run_for(ms(200));
    assert_eq!(simulation.told[&3], Progress::MessageReceived);
    assert_eq!(simulation.polled, 2, "the next poll knows it, and is not answered for it again");
    for number in 0..20 {
        simulation.verify(number);
        simulation.run_for(ms(200));
        assert!(simulation.outcomes[&(number as usize)].is_ok(), "wait {number}");
    }
    assert!(simulation.machine.is_idle());
}

#[test]
fn a_new_wait_does_not_wait_for_a_poll_to_be_answered_and_shares_the_next() {
    let mut simulation = Simulation::new();
    simulation.holds_back = true;
    simulation.wait(0, TIMEOUT);
    simulation.run_for(READY);
    for number in 1..30 {
        simulation.wait(number, TIMEOUT);
        simulation.run_for(ms(150));
        assert_eq!(simulation.streams.len(), 1, "a small poll is taken over");
        assert!(simulation.streams.values().all(|poll| poll.codes.len() > number as usize));
    }
    simulation.cancel(7);
    simulation.run_for(ms(150));
    assert!(simulation.streams.values().all(|poll| !poll.codes.contains(&token_of(7).code())));
}

#[test]
fn polls_are_answered_and_asked_again_and_a_stream_is_tried_later() {
    let mut simulation = Simulation::new();
    simulation.holds_back = true;
    simulation.wait(0, TIMEOUT);
    simulation.run_for(READY + Duration::from_secs(95));
    assert_eq!((simulation.opened, simulation.polled), (5, 4), "a poll of 25 s after the other");
    // The fifth poll ends beyond the 100 s: the next is a stream, and what begins meanwhile is polled for.
    simulation.run_for(Duration::from_secs(6));
    assert_eq!(simulation.opened - simulation.polled, 2);
    simulation.wait(1, TIMEOUT);
    simulation.run_for(ms(200));
    assert_eq!(simulation.opened - simulation.polled, 2, "one stream is tried at a time");
    simulation.verify(1);
    assert!(simulation.outcomes[&1].is_ok());
    simulation.holds_back = false;
    simulation.run_for(Duration::from_secs(110));
    assert_eq!(simulation.opened - simulation.polled, 3);
    let polls = simulation.polled;
    simulation.wait(2, TIMEOUT);
    simulation.run_for(Duration::from_secs(60));
    assert_eq!(simulation.polled, polls, "streams come through again");
    simulation.verify(0);
    simulation.verify(2);
    assert!(simulation.machine.is_idle());
}

#[test]
fn a_poll_takes_the_place_of_no_stream_that_works() {
    let mut simulation = Simulation::new();
    simulation.wait(0, TIMEOUT);
    simulation.run_for(ms(500));
    let stream = simulation.ready_streams()[0];
    simulation.holds_back = true;
    simulation.wait(1, TIMEOUT);
    simulation.run_for(READY + ms(100));
    assert_eq!(simulation.polled, 1);
    assert_eq!(simulation.ready_streams().len(), 2);
    assert!(simulation.ready_streams().contains(&stream));
}

#[test]
fn a_network_that_changes_is_given_a_stream_at_once() {
    let mut simulation = Simulation::new();
    simulation.holds_back = true;
    simulation.wait(0, TIMEOUT);
    simulation.run_for(READY);
    assert_eq!(simulation.polled, 1);
    simulation.holds_back = false;
    simulation.resume();
    simulation.run_for(ms(100));
    assert_eq!((simulation.opened, simulation.polled), (3, 1));
}

#[test]
fn a_poll_that_is_empty_at_once_backs_off() {
    let mut simulation = Simulation::new();
    simulation.holds_back = true;
    simulation.wait(0, TIMEOUT);
    simulation.run_for(READY);
    let end = simulation.now + Duration::from_secs(60);
    while simulation.now < end {
        for poll in simulation.ready_streams() {
            simulation.lose(poll, Closed::Answered);
        }
        simulation.run_for(ms(10));
    }
    assert!(simulation.opened < 80, "{} openings in a minute", simulation.opened);
}

/// Opens streams for a minute, each of which is lost so long after it is ready.
fn openings_in_a_minute(life: Duration) -> usize {
    let mut simulation = Simulation::new();
    simulation.wait(0, TIMEOUT);
    let end = simulation.now + Duration::from_secs(60);
    let mut ready_since = None;
    while simulation.now < end {
        simulation.run_for(ms(1));
        let Some(&stream) = simulation.ready_streams().first() else { continue };
        let since = *ready_since.get_or_insert(simulation.now);
        if simulation.now >= since + life {
            simulation.lose(stream, Closed::Dropped { pause: None });
            ready_since = None;
        }
    }
    simulation.opened
}

#[test]
fn a_stream_that_is_cut_right_after_ready_is_not_opened_again_at_once() {
    let opened = openings_in_a_minute(Duration::ZERO);
    // Delays of up to 1.5 s, with a mean of half of it.
    assert!((40..150).contains(&opened), "{opened} openings");
}

#[test]
fn a_stream_that_lived_or_told_something_ends_the_outage() {
    // Each loss is the first of its outage: back within 250 ms.
    assert!((5..=7).contains(&openings_in_a_minute(Duration::from_secs(10))));
    let mut simulation = Simulation::new();
    simulation.wait(0, TIMEOUT);
    for number in 1..200 {
        simulation.wait(number, TIMEOUT);
        simulation.run_for(ms(400));
        simulation.verify(number);
        assert!(simulation.outcomes[&(number as usize)].is_ok(), "wait {number} is told of within 400 ms");
        simulation.lose(simulation.ready_streams()[0], Closed::Dropped { pause: None });
    }
}

fn step() -> impl Strategy<Value = Step> {
    let token = 0..steps::TOKENS;
    prop_oneof![
        6 => (token.clone(), 1..400_000_u64).prop_map(|(token, patience)| Step::Wait { token, patience: ms(patience) }),
        1 => (token.clone(), 1..steps::MAX_BURST).prop_map(|(first, count)| Step::Burst { first, count }),
        2 => any::<usize>().prop_map(Step::Cancel),
        2 => token.clone().prop_map(Step::Verify),
        1 => token.clone().prop_map(Step::Expire),
        1 => (any::<usize>(), token).prop_map(|(stream, token)| Step::Repeat { stream, token }),
        2 => (any::<usize>(), proptest::option::of(0..5_000_u64))
            .prop_map(|(stream, pause)| Step::Lose { stream, pause: pause.map(ms) }),
        1 => any::<usize>().prop_map(Step::Refuse),
        1 => any::<bool>().prop_map(Step::Server),
        1 => any::<bool>().prop_map(Step::HoldBack),
        2 => any::<bool>().prop_map(Step::Suspended),
        3 => (0..steps::TOKENS, prop_oneof![
            Just(Progress::MessageReceived),
            Just(Progress::AwaitingConfirmation),
            Just(novel()),
        ]).prop_map(|(token, progress)| Step::Advance(token, progress)),
        1 => (0..8_000_u64).prop_map(|latency| Step::Latency(ms(latency))),
        4 => (0..3_000_u64).prop_map(|span| Step::Pass(ms(span))),
        1 => (0..400_000_u64).prop_map(|span| Step::Sleep(ms(span))),
        1 => (0..400_000_u64).prop_map(|span| Step::Pass(ms(span))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_happens_every_wait_settles_exactly_once(
        steps in proptest::collection::vec(step(), 1..100),
        max_tokens in prop_oneof![Just(usize::MAX), Just(MAX_TOKENS_WITHOUT_KEY)],
    ) {
        steps::run(max_tokens, steps);
    }

    #[test]
    fn any_bytes_are_steps(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        steps::run_bytes(&bytes);
    }
}

/// What fuzzing found worth keeping.
#[test]
fn the_corpus_keeps_the_law() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/waits");
    let inputs = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    assert!(inputs.map(|input| steps::run_bytes(&input)).count() > 0);
}
