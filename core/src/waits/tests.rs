//! The machine against a simulated server, over a lossy transport, in virtual time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, SystemTime},
};

use proptest::prelude::*;

use super::*;
use crate::{
    token::{AppKey, PhoneNumber},
    wire::{MAX_TOKENS_WITHOUT_KEY, ReadyEvent, SessionBody, Timestamp, VerifiedEvent},
};

/// From a request to the answer's first event.
const LATENCY: Duration = Duration::from_millis(3);
/// Waits last this long unless a test says otherwise.
const PATIENCE: Duration = Duration::from_secs(300);

/// A server that knows what became of each login, and the driver between it and the machine.
struct World {
    machine: Machine<usize>,
    now: Duration,
    /// Streams that the machine holds, with their tokens; ready ones are told of results.
    streams: BTreeMap<StreamId, (Vec<Code>, Option<Duration>)>,
    verified: BTreeSet<Code>,
    outcomes: HashMap<usize, Outcome>,
    waits: Vec<(WaitId, Code)>,
    /// Tokens sent so far, for the price of merging.
    sent: usize,
    opened: usize,
    most_streams: usize,
    steps: usize,
    is_up: bool,
    max_tokens: usize,
    random: u64,
}

impl World {
    fn new() -> Self {
        Self {
            machine: Machine::new(),
            now: Duration::ZERO,
            streams: BTreeMap::new(),
            verified: BTreeSet::new(),
            outcomes: HashMap::new(),
            waits: Vec::new(),
            sent: 0,
            opened: 0,
            most_streams: 0,
            steps: 0,
            is_up: true,
            max_tokens: usize::MAX,
            random: 1,
        }
    }

    fn wait(&mut self, token: u32, patience: Duration) -> usize {
        let token = token_of(token);
        let waiter = self.waits.len();
        let id = self.machine.handle_wait(self.now, token, self.now + patience, waiter);
        self.waits.push((id, token.code()));
        self.perform();
        waiter
    }

    fn cancel(&mut self, waiter: usize) {
        let (id, _) = self.waits[waiter];
        if self.machine.handle_cancel(self.now, id) == Some(waiter) {
            let error = Error::new(ErrorCode::Closed, "cancelled");
            assert!(self.outcomes.insert(waiter, Err(error)).is_none(), "a settled wait was cancelled");
        }
        self.perform();
    }

    fn verify(&mut self, token: u32) {
        let code = token_of(token).code();
        self.verified.insert(code);
        let told: Vec<_> = self
            .streams
            .iter()
            .filter(|(_, (codes, due))| due.is_none() && codes.contains(&code))
            .map(|(&id, _)| id)
            .collect();
        for id in told {
            self.machine.handle_event(self.now, id, verified(code));
        }
        self.perform();
    }

    fn lose(&mut self, id: StreamId, closed: Closed) {
        if self.streams.remove(&id).is_some() {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            self.machine.handle_closed(self.now, id, closed, self.random);
        }
        self.perform();
    }

    /// Does what the machine asks for, and checks its law.
    fn perform(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Open { stream, tokens } => {
                    self.sent += tokens.len();
                    self.opened += 1;
                    let codes = tokens.iter().map(Token::code).collect();
                    assert!(self.streams.insert(stream, (codes, Some(self.now + LATENCY))).is_none());
                }
                Action::Close { stream } => assert!(self.streams.remove(&stream).is_some(), "closed twice"),
                Action::Settle { waiter, outcome } => {
                    assert!(self.outcomes.insert(waiter, outcome).is_none(), "settled twice");
                }
            }
        }
        assert_eq!(self.machine.streams.count(), self.streams.len());
        self.most_streams = self.most_streams.max(self.streams.len());
        // With thousands of logins the books are read now and then, so that the test stays linear.
        self.steps += 1;
        if self.steps.is_multiple_of(1 + self.waits.len() / 4) {
            self.machine.streams.check(&self.machine.board);
        }
    }

    /// Lets time pass until `end`, one event after the other.
    fn run_until(&mut self, end: Duration) {
        loop {
            let answer = self.streams.iter().filter_map(|(&id, (_, due))| due.map(|due| (due, id))).min();
            let timer = self.machine.poll_deadline();
            let next = answer.map(|(due, _)| due).into_iter().chain(timer).min().filter(|&next| next <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            match answer {
                Some((due, id)) if due <= self.now => self.answer(id),
                _ => {
                    self.machine.handle_timeout(self.now);
                    self.perform();
                }
            }
        }
        self.now = self.now.max(end);
    }

    fn run_for(&mut self, span: Duration) {
        self.run_until(self.now + span);
    }

    fn answer(&mut self, id: StreamId) {
        let (codes, due) = self.streams.get_mut(&id).unwrap();
        *due = None;
        if !self.is_up {
            return self.lose(id, Closed::Dropped { pause: None });
        }
        if codes.len() > self.max_tokens {
            let error = Error::new(ErrorCode::InvalidRequest, "too many tokens");
            return self.lose(id, Closed::Refused(error));
        }
        let done: Vec<_> = codes.iter().filter(|code| self.verified.contains(code)).copied().collect();
        self.machine.handle_event(
            self.now,
            id,
            TokenEvent::Ready(ReadyEvent { pending: codes.len() - done.len() }),
        );
        for code in done {
            self.machine.handle_event(self.now, id, verified(code));
        }
        self.perform();
    }

    fn ready_streams(&self) -> Vec<StreamId> {
        self.streams.iter().filter(|(_, (_, due))| due.is_none()).map(|(&id, _)| id).collect()
    }

    fn settled_with(&self, waiter: usize) -> Option<ErrorCode> {
        self.outcomes.get(&waiter).and_then(|outcome| outcome.as_ref().err()).map(Error::code)
    }
}

fn token_of(number: u32) -> Token {
    let mut secret = [0; Token::SECRET_BYTES];
    secret[..4].copy_from_slice(&number.to_be_bytes());
    Token::from_secret(AppKey::parse("8XKPQ2WN").unwrap(), secret)
}

fn verified(code: Code) -> TokenEvent {
    let session = SessionBody {
        app_key: code.app_key(),
        phone: Some(PhoneNumber::parse("919876543210").unwrap()),
        user_id: None,
        verified_at: Timestamp(SystemTime::UNIX_EPOCH),
    };
    TokenEvent::Verified(VerifiedEvent { code, session })
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

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
    assert!(world.streams.values().all(|(codes, _)| codes.len() == 4 && !codes.contains(&gone)));
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
    let refused = *world.streams.iter().find(|(_, (_, due))| due.is_some()).unwrap().0;
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
    assert!(world.streams.values().all(|(codes, due)| due.is_none() && codes.len() <= 100));
    for number in 0..350 {
        world.verify(number);
    }
    assert!((0..350).all(|waiter| world.outcomes[&waiter].is_ok()));
}

#[test]
fn shutting_down_settles_everything_with_closed() {
    let mut world = World::new();
    for number in 0..300 {
        world.wait(number, PATIENCE);
        world.run_for(ms(1));
    }
    world.machine.handle_shutdown();
    world.perform();
    assert!((0..300).all(|waiter| world.settled_with(waiter) == Some(ErrorCode::Closed)));
    assert!(world.machine.is_idle() && world.streams.is_empty());
}

#[test]
fn a_malformed_token_is_answered_by_its_position() {
    let mut world = World::new();
    world.wait(1, PATIENCE);
    world.wait(2, PATIENCE);
    world.run_for(LATENCY);
    let (&id, (codes, _)) = world.streams.iter().next().unwrap();
    let second = codes[1];
    let event =
        TokenEvent::parse("rejected", r#"{"token_index":1,"error":"invalid_token"}"#).unwrap().unwrap();
    world.machine.handle_event(world.now, id, event);
    world.perform();
    let waiter = world.waits.iter().position(|(_, code)| *code == second).unwrap();
    assert_eq!(world.settled_with(waiter), Some(ErrorCode::InvalidToken));
    assert_eq!(world.outcomes.len(), 1);
}

#[derive(Clone, Debug)]
enum Step {
    Wait(u32, u64),
    Cancel(usize),
    Verify(u32),
    Lose(usize, Option<u64>),
    Refuse(usize),
    Server(bool),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..200_u32, 1..400_000_u64).prop_map(|(token, patience)| Step::Wait(token, patience)),
        2 => any::<usize>().prop_map(Step::Cancel),
        2 => (0..200_u32).prop_map(Step::Verify),
        2 => (any::<usize>(), proptest::option::of(0..5_000_u64)).prop_map(|(pick, pause)| Step::Lose(pick, pause)),
        1 => any::<usize>().prop_map(Step::Refuse),
        1 => any::<bool>().prop_map(Step::Server),
        4 => (0..3_000_u64).prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The law is checked after every step by `perform`; at the end nothing may be left unsettled.
    #[test]
    fn whatever_happens_every_wait_settles_exactly_once(
        steps in proptest::collection::vec(step(), 1..200),
        max_tokens in prop_oneof![Just(usize::MAX), Just(MAX_TOKENS_WITHOUT_KEY)],
    ) {
        let mut world = World::new();
        world.max_tokens = max_tokens;
        for step in steps {
            match step {
                Step::Wait(token, patience) => drop(world.wait(token, ms(patience))),
                Step::Cancel(pick) if !world.waits.is_empty() => world.cancel(pick % world.waits.len()),
                Step::Verify(token) => world.verify(token),
                Step::Lose(pick, pause) => {
                    if let Some(&id) = world.streams.keys().nth(pick % world.streams.len().max(1)) {
                        world.lose(id, Closed::Dropped { pause: pause.map(ms) });
                    }
                }
                Step::Refuse(pick) => {
                    if let Some(&id) = world.streams.keys().nth(pick % world.streams.len().max(1)) {
                        world.lose(id, Closed::Refused(Error::new(ErrorCode::Unauthorized, "")));
                    }
                }
                Step::Server(is_up) => world.is_up = is_up,
                Step::Pass(milliseconds) => world.run_for(ms(milliseconds)),
                Step::Cancel(_) => {}
            }
        }
        world.is_up = true;
        for token in 0..200 {
            world.verify(token);
        }
        world.run_for(Duration::from_secs(30));
        prop_assert_eq!(world.outcomes.len(), world.waits.len());
        prop_assert!(world.machine.is_idle() && world.streams.is_empty());
    }
}
