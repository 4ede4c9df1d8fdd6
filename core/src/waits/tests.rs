//! The machine against a simulated server, over a lossy transport, in virtual time.

use std::{fs, path::Path, time::Duration};

use proptest::prelude::*;

use super::{
    steps::{self, Step},
    world::{LATENCY, World, ms, novel, token_of},
    *,
};
use crate::wire::MAX_TOKENS_WITHOUT_KEY;

/// Waits last this long unless a test says otherwise.
const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn a_wait_after_idle_opens_its_stream_at_once() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    assert_eq!(world.machine.poll_deadline(), Some(Duration::ZERO));
    world.run_for(LATENCY);
    world.verify(1);
    assert!(world.outcomes[&0].is_ok());
    assert!(world.machine.is_idle(), "nothing waits, so no stream is held");
}

#[test]
fn all_waits_for_one_token_get_the_result_also_later_ones() {
    let mut world = World::new();
    let early: Vec<_> = (0..3).map(|_| world.wait(7, PATIENCE)).collect();
    world.run_for(ms(50));
    world.verify(7);
    let late = world.wait(7, PATIENCE);
    for waiter in early.into_iter().chain([late]) {
        assert!(world.outcomes[&waiter].is_ok());
    }
    assert_eq!(world.opened, 1);
}

#[test]
fn a_result_that_came_before_the_wait_is_told_by_the_new_stream() {
    let mut world = World::new();
    world.verify(1);
    world.wait(1, PATIENCE);
    world.run_for(ms(10));
    assert!(world.outcomes[&0].is_ok());
}

#[test]
fn a_trickle_shares_streams() {
    let mut world = World::new();
    for number in 0..4_000 {
        world.wait(number, PATIENCE);
        world.run_for(Duration::from_micros(2_500));
    }
    assert!(world.opened <= 4_000 / 20, "{} streams for 4,000 waits", world.opened);
    assert!(world.most_streams <= 10, "{} at a time", world.most_streams);
    assert!(world.sent <= 4_000 * 24, "each token sent {} times", world.sent / 4_000);
}

#[test]
fn fifty_thousand_waits_need_ten_streams() {
    let mut world = World::new();
    for number in 0..50_000 {
        world.wait(number, PATIENCE);
        if number % 500 == 0 {
            world.run_for(ms(4));
        }
    }
    world.run_for(Duration::from_secs(5));
    assert!(world.most_streams <= 10, "{} at a time", world.most_streams);
    assert!(world.sent <= 50_000 * 16, "each token sent {} times", world.sent / 50_000);
}

#[test]
fn a_stream_is_retired_only_when_its_successor_is_ready() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    world.run_for(ms(500));
    let first = world.ready_streams();
    world.wait(2, PATIENCE);
    world.run_for(ms(0));
    assert_eq!(world.streams.len(), 2, "the old stream carries on while the new one is opened");
    world.lose(first[0], Closed::Dropped { pause: None });
    world.run_for(LATENCY);
    assert_eq!(world.opened, 2, "the new stream had the old one's token already");
    world.verify(1);
    assert!(world.outcomes[&0].is_ok());
}

#[test]
fn a_cancelled_token_leaves_its_stream_within_one_gathering_pause() {
    let mut world = World::new();
    for number in 0..5 {
        world.wait(number, PATIENCE);
    }
    world.run_for(ms(500));
    world.cancel(2);
    world.run_for(ms(100) + LATENCY);
    let gone = token_of(2).code();
    assert_eq!(world.streams.len(), 1);
    assert!(world.streams.values().all(|stream| stream.codes.len() == 4 && !stream.codes.contains(&gone)));
}

#[test]
fn tokens_cancelled_one_after_the_other_leave_their_stream_too() {
    let mut world = World::new();
    for number in 0..5 {
        world.wait(number, PATIENCE);
    }
    world.run_for(ms(500));
    world.cancel(0);
    // The next stream is being opened, without the first token and with the second.
    world.run_for(ms(0));
    assert_eq!(world.streams.len(), 2);
    world.cancel(1);
    world.run_for(ms(100) + LATENCY * 2);
    assert_eq!(world.streams.len(), 1);
    assert!(world.streams.values().all(|stream| stream.codes.len() == 3));
}

#[test]
fn cancelling_the_last_wait_closes_the_stream_also_while_it_is_opened() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    world.run_for(ms(0));
    assert_eq!(world.streams.len(), 1);
    world.cancel(0);
    assert!(world.streams.is_empty() && world.machine.is_idle());
}

#[test]
fn a_wait_ends_at_its_deadline_whatever_the_server_does() {
    let mut world = World::new();
    world.is_up = false;
    world.wait(1, ms(7_000));
    world.run_for(ms(6_999));
    assert!(world.outcomes.is_empty());
    world.run_for(ms(1));
    assert_eq!(world.settled_with(0), Some(ErrorCode::Timeout));
}

#[test]
fn an_outage_is_survived_and_costs_few_requests() {
    let mut world = World::new();
    for number in 0..100 {
        world.wait(number, PATIENCE);
    }
    world.run_for(ms(500));
    world.is_up = false;
    for id in world.ready_streams() {
        world.lose(id, Closed::Dropped { pause: None });
    }
    let before = world.opened;
    world.run_for(Duration::from_secs(50));
    assert!((25..200).contains(&(world.opened - before)), "{} tries in 50 s", world.opened - before);
    world.is_up = true;
    for number in 0..100 {
        world.verify(number);
    }
    world.run_for(ms(2_100));
    assert!((0..100).all(|waiter| world.outcomes[&waiter].is_ok()));
}

#[test]
fn a_pause_that_the_server_asked_for_is_kept() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    world.run_for(ms(0));
    let asked = Closed::Dropped { pause: Some(Duration::from_secs(20)) };
    world.lose(*world.streams.keys().next().unwrap(), asked);
    world.wait(2, PATIENCE);
    world.run_for(ms(19_999));
    assert_eq!(world.opened, 1);
    world.run_for(ms(4_001));
    assert_eq!(world.opened, 2);
}

#[test]
fn a_refusal_ends_the_waits_of_that_stream_and_no_others() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    world.run_for(ms(500));
    world.wait(2, PATIENCE);
    world.run_for(ms(0));
    let refused = *world.streams.iter().find(|(_, stream)| stream.answer_due.is_some()).unwrap().0;
    world.lose(refused, Closed::Refused(Error::new(ErrorCode::Unauthorized, "")));
    assert_eq!(world.settled_with(1), Some(ErrorCode::Unauthorized));
    world.verify(1);
    assert!(world.outcomes[&0].is_ok());
}

#[test]
fn a_smaller_limit_of_the_server_is_learnt() {
    let mut world = World::new();
    world.max_tokens = MAX_TOKENS_WITHOUT_KEY;
    for number in 0..350 {
        world.wait(number, PATIENCE);
    }
    world.run_for(Duration::from_secs(3));
    assert!(world.outcomes.is_empty());
    assert!(world.streams.values().all(|stream| stream.answer_due.is_none() && stream.codes.len() <= 100));
    for number in 0..350 {
        world.verify(number);
    }
    assert!((0..350).all(|waiter| world.outcomes[&waiter].is_ok()));
}

#[test]
fn progress_reaches_every_wait_once_and_in_order() {
    let mut world = World::new();
    let first = world.wait(1, PATIENCE);
    world.run_for(ms(500));
    world.advance(1, Progress::MessageReceived);
    assert_eq!(world.told.get(&first), Some(&Progress::MessageReceived));
    let late = world.wait(1, PATIENCE);
    assert_eq!(world.told.get(&late), Some(&Progress::MessageReceived), "a stream need not say it again");
    let other = world.wait(2, PATIENCE);
    world.advance(1, Progress::AwaitingConfirmation);
    // The next stream is told all of it anew, which is no news.
    world.resume();
    world.run_for(ms(500));
    let again = TokenEvent::Progress(ProgressEvent {
        code: world.waits[first].code,
        status: Progress::MessageReceived,
    });
    world.send(world.ready_streams()[0], again);
    assert_eq!(world.told.get(&late), Some(&Progress::AwaitingConfirmation));
    assert_eq!(world.told.get(&other), None);
    world.verify(1);
    assert!(world.outcomes[&first].is_ok() && world.outcomes[&late].is_ok());
}

#[test]
fn while_suspended_there_is_no_stream_and_the_waits_go_on() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    world.wait(2, ms(2_000));
    world.run_for(ms(500));
    world.suspend();
    let during = world.wait(3, PATIENCE);
    world.verify(1);
    world.run_for(ms(1_499));
    assert!(world.streams.is_empty() && world.outcomes.is_empty());
    world.run_for(ms(1));
    assert_eq!(world.settled_with(1), Some(ErrorCode::Timeout), "its deadline holds");
    assert_eq!(world.opened, 1);
    world.resume();
    world.run_for(LATENCY);
    assert!(world.outcomes[&0].is_ok(), "what happened meanwhile is told at once");
    world.verify(3);
    assert!(world.outcomes[&during].is_ok());
    assert!(world.machine.is_idle());
}

#[test]
fn resuming_opens_at_once_whatever_the_outage_before() {
    let mut world = World::new();
    world.is_up = false;
    world.wait(1, PATIENCE);
    world.run_for(Duration::from_secs(120));
    world.suspend();
    let before = world.opened;
    world.run_for(Duration::from_secs(30));
    assert_eq!(world.opened, before, "nobody tries while suspended");
    world.is_up = true;
    world.verify(1);
    world.resume();
    assert_eq!(world.machine.poll_deadline(), Some(world.now));
    world.run_for(LATENCY);
    assert!(world.outcomes[&0].is_ok());
}

#[test]
fn resuming_replaces_streams_that_may_be_dead() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    world.run_for(ms(500));
    let dead = world.ready_streams();
    world.resume();
    world.run_for(LATENCY);
    assert_eq!(world.ready_streams().len(), 1);
    assert_ne!(world.ready_streams(), dead);
    world.report_closed(dead[0], Closed::Dropped { pause: None });
    world.verify(1);
    assert!(world.outcomes[&0].is_ok());
}

#[test]
fn a_pause_that_the_server_asked_for_outlives_suspending() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    world.run_for(ms(0));
    let asked = Closed::Dropped { pause: Some(Duration::from_secs(20)) };
    world.lose(*world.streams.keys().next().unwrap(), asked);
    world.suspend();
    world.resume();
    world.run_for(ms(19_999));
    assert_eq!(world.opened, 1);
    world.run_for(ms(4_001));
    assert_eq!(world.opened, 2);
}

#[test]
fn a_client_can_be_shut_down_while_suspended() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    world.run_for(ms(500));
    world.suspend();
    world.shut_down();
    assert_eq!(world.settled_with(0), Some(ErrorCode::Closed));
    assert!(world.machine.is_idle() && world.streams.is_empty());
}

#[test]
fn shutting_down_settles_everything_with_closed() {
    let mut world = World::new();
    for number in 0..300 {
        world.wait(number, PATIENCE);
        world.run_for(ms(1));
    }
    world.shut_down();
    assert!((0..300).all(|waiter| world.settled_with(waiter) == Some(ErrorCode::Closed)));
    assert!(world.machine.is_idle() && world.streams.is_empty());
}

#[test]
fn a_malformed_token_is_answered_by_its_position() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    world.wait(2, PATIENCE);
    world.run_for(LATENCY);
    let (&id, stream) = world.streams.iter().next().unwrap();
    let second = stream.codes[1];
    let event = TokenEvent::parse("rejected", r#"{"token_index":1,"error":"invalid_token"}"#).unwrap();
    world.send(id, event);
    let waiter = world.waits.iter().position(|wait| wait.code == second).unwrap();
    assert_eq!(world.settled_with(waiter), Some(ErrorCode::InvalidToken));
    assert_eq!(world.outcomes.len(), 1);
}

/// The time in which a stream has to be ready, with room for some tokens.
const READY: Duration = Duration::from_millis(5_100);

#[test]
fn where_streams_are_kept_back_long_polls_take_their_place() {
    let mut world = World::new();
    world.holds_back = true;
    for number in 0..20 {
        world.wait(number, PATIENCE);
    }
    world.run_for(ms(4_900));
    assert_eq!((world.opened, world.polled), (1, 0));
    world.run_for(ms(200) + LATENCY);
    assert_eq!((world.opened, world.polled), (2, 1));
    world.advance(3, Progress::MessageReceived);
    world.run_for(ms(200));
    assert_eq!(world.told[&3], Progress::MessageReceived);
    assert_eq!(world.polled, 2, "the next poll knows it, and is not answered for it again");
    for number in 0..20 {
        world.verify(number);
        world.run_for(ms(200));
        assert!(world.outcomes[&(number as usize)].is_ok(), "wait {number}");
    }
    assert!(world.machine.is_idle());
}

#[test]
fn a_new_wait_does_not_wait_for_a_poll_to_be_answered_and_shares_the_next() {
    let mut world = World::new();
    world.holds_back = true;
    world.wait(0, PATIENCE);
    world.run_for(READY);
    for number in 1..30 {
        world.wait(number, PATIENCE);
        world.run_for(ms(150));
        assert_eq!(world.streams.len(), 1, "a small poll is taken over");
        assert!(world.streams.values().all(|poll| poll.codes.len() > number as usize));
    }
    world.cancel(7);
    world.run_for(ms(150));
    assert!(world.streams.values().all(|poll| !poll.codes.contains(&token_of(7).code())));
}

#[test]
fn polls_are_answered_and_asked_again_and_a_stream_is_tried_later() {
    let mut world = World::new();
    world.holds_back = true;
    world.wait(0, PATIENCE);
    world.run_for(READY + Duration::from_secs(95));
    assert_eq!((world.opened, world.polled), (5, 4), "a poll of 25 s after the other");
    // The fifth poll ends beyond the 100 s: the next is a stream, and what begins meanwhile is polled for.
    world.run_for(Duration::from_secs(6));
    assert_eq!(world.opened - world.polled, 2);
    world.wait(1, PATIENCE);
    world.run_for(ms(200));
    assert_eq!(world.opened - world.polled, 2, "one stream is tried at a time");
    world.verify(1);
    assert!(world.outcomes[&1].is_ok());
    world.holds_back = false;
    world.run_for(Duration::from_secs(110));
    assert_eq!(world.opened - world.polled, 3);
    let polls = world.polled;
    world.wait(2, PATIENCE);
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.polled, polls, "streams come through again");
    world.verify(0);
    world.verify(2);
    assert!(world.machine.is_idle());
}

#[test]
fn a_poll_takes_the_place_of_no_stream_that_works() {
    let mut world = World::new();
    world.wait(0, PATIENCE);
    world.run_for(ms(500));
    let stream = world.ready_streams()[0];
    world.holds_back = true;
    world.wait(1, PATIENCE);
    world.run_for(READY + ms(100));
    assert_eq!(world.polled, 1);
    assert_eq!(world.ready_streams().len(), 2);
    assert!(world.ready_streams().contains(&stream));
}

#[test]
fn a_network_that_changes_is_given_a_stream_at_once() {
    let mut world = World::new();
    world.holds_back = true;
    world.wait(0, PATIENCE);
    world.run_for(READY);
    assert_eq!(world.polled, 1);
    world.holds_back = false;
    world.resume();
    world.run_for(ms(100));
    assert_eq!((world.opened, world.polled), (3, 1));
}

#[test]
fn a_poll_that_is_empty_at_once_backs_off() {
    let mut world = World::new();
    world.holds_back = true;
    world.wait(0, PATIENCE);
    world.run_for(READY);
    let end = world.now + Duration::from_secs(60);
    while world.now < end {
        for poll in world.ready_streams() {
            world.lose(poll, Closed::Answered);
        }
        world.run_for(ms(10));
    }
    assert!(world.opened < 80, "{} openings in a minute", world.opened);
}

/// Opens streams for a minute, each of which is lost so long after it is ready.
fn openings_in_a_minute(life: Duration) -> usize {
    let mut world = World::new();
    world.wait(0, PATIENCE);
    let end = world.now + Duration::from_secs(60);
    let mut ready_since = None;
    while world.now < end {
        world.run_for(ms(1));
        let Some(&stream) = world.ready_streams().first() else { continue };
        let since = *ready_since.get_or_insert(world.now);
        if world.now >= since + life {
            world.lose(stream, Closed::Dropped { pause: None });
            ready_since = None;
        }
    }
    world.opened
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
    let mut world = World::new();
    world.wait(0, PATIENCE);
    for number in 1..200 {
        world.wait(number, PATIENCE);
        world.run_for(ms(400));
        world.verify(number);
        assert!(world.outcomes[&(number as usize)].is_ok(), "wait {number} is told of within 400 ms");
        world.lose(world.ready_streams()[0], Closed::Dropped { pause: None });
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/waits");
    let inputs = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    assert!(inputs.map(|input| steps::run_bytes(&input)).count() > 0);
}
