//! Fault rounds: many waits over a network that misbehaves by seed, until it is healed. Then every wait must have
//! ended exactly once, with the session of whoever signed in.

use std::{
    ops::Range,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use loggin::{Error, Loggin, Pending, Session, Token};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

use crate::{
    Environment, TEST_TIMEOUT,
    environment::{MESSAGES_PER_PHONE, client_of},
    new_tokens,
    proxy::{Ending, Fate, Proxy},
};

/// How long the network is foul: some reconnects with growing pauses fit in.
const FOUL: Duration = Duration::from_millis(1_200);

/// Waits of one round.
pub const WAITS: usize = 200;

/// What a round showed.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// The longest time from the moment when the network was fair and the login verified to the end of its wait.
    pub longest: Duration,
    /// Connections that the client opened.
    pub connections: usize,
    /// Waits that ended while the network was foul.
    pub ended_early: usize,
}

/// What is done at some moment of a round.
enum Act {
    Wait(Range<usize>),
    Send(usize),
    CutAll(Ending),
    Heal,
}

/// What became of one wait.
type End = (usize, Instant, Result<Session, Error>);

/// Runs a round; panics where a wait is lost, ends otherwise than it should, or leaves something behind.
pub fn run(environment: &Environment, seed: u64) -> Report {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let proxy = Proxy::start(environment.address());
    proxy.disturb(move |number| Fate::drawn(seed, number));
    let client = client_of(&proxy.url());
    let tokens = new_tokens(WAITS);
    let mut round = Round::new(environment, &proxy, &client, tokens);
    for (moment, act) in script(&mut random) {
        round.collect_until(moment);
        round.perform(act);
    }
    round.collect_all();
    let report = round.report();
    // Nothing waits any more, so nothing may be held.
    proxy.until_idle();
    report
}

/// What happens when: waits begin and messages are sent at random moments, messages also before their waits and after
/// the network is healed.
fn script(random: &mut Xoshiro256PlusPlus) -> Vec<(Duration, Act)> {
    let mut moment = |until: Duration| random.random_range(Duration::ZERO..until);
    let mut script = vec![(FOUL, Act::Heal)];
    let step = WAITS / 20;
    script.extend((0..WAITS).step_by(step).map(|first| (moment(FOUL), Act::Wait(first..first + step))));
    script.extend((0..WAITS).map(|number| (moment(FOUL.mul_f32(1.2)), Act::Send(number))));
    let cuts: Vec<_> = (0..3).map(|_| moment(FOUL)).collect();
    script.extend(cuts.into_iter().map(|at| (at, Act::CutAll(Ending::drawn(random)))));
    script.sort_by_key(|(at, _)| *at);
    script
}

struct Round<'a> {
    environment: &'a Environment,
    proxy: &'a Proxy,
    client: &'a Loggin,
    tokens: Vec<Token>,
    /// The people who sign in, each as often as one sender may in a minute.
    phones: Vec<String>,
    began: Instant,
    healed: Option<Instant>,
    /// When each login was verified at the latest.
    verified: Vec<Option<Instant>>,
    waits: Vec<Pending<Session>>,
    ends: Receiver<End>,
    end: mpsc::Sender<End>,
    ended: Vec<Option<Instant>>,
}

impl<'a> Round<'a> {
    fn new(environment: &'a Environment, proxy: &'a Proxy, client: &'a Loggin, tokens: Vec<Token>) -> Self {
        let (end, ends) = mpsc::channel();
        let phones = (0..tokens.len().div_ceil(MESSAGES_PER_PHONE)).map(|_| environment.new_phone());
        Self {
            phones: phones.collect(),
            began: Instant::now(),
            healed: None,
            verified: vec![None; tokens.len()],
            waits: Vec::with_capacity(tokens.len()),
            ended: vec![None; tokens.len()],
            environment,
            proxy,
            client,
            tokens,
            ends,
            end,
        }
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::Wait(range) => range.for_each(|number| {
                let wait = self.client.wait_for_verify_async(self.tokens[number]);
                let end = self.end.clone();
                wait.on_settle(move |result| {
                    // Nobody listens any more where another wait has failed the round.
                    let _ = end.send((number, Instant::now(), result));
                });
                self.waits.push(wait);
            }),
            Act::Send(number) => {
                self.environment.send_from(self.phone(number), &self.tokens[number].code().expose());
                self.verified[number] = Some(Instant::now());
            }
            Act::CutAll(ending) => self.proxy.cut_all(ending),
            Act::Heal => {
                self.proxy.heal();
                self.healed = Some(Instant::now());
            }
        }
    }

    /// Who signs in to this login.
    fn phone(&self, number: usize) -> &str {
        &self.phones[number / MESSAGES_PER_PHONE]
    }

    /// Takes in what ends until this moment of the round.
    fn collect_until(&mut self, moment: Duration) {
        loop {
            let left = (self.began + moment).saturating_duration_since(Instant::now());
            match self.ends.recv_timeout(left) {
                Ok(end) => self.take(end),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => unreachable!("one sender is here"),
            }
        }
    }

    fn collect_all(&mut self) {
        while self.ended.iter().any(Option::is_none) {
            let end = self.ends.recv_timeout(TEST_TIMEOUT);
            let lost = self.ended.iter().filter(|end| end.is_none()).count();
            self.take(end.unwrap_or_else(|_| panic!("{lost} waits are lost")));
        }
    }

    fn take(&mut self, (number, at, result): End) {
        let session = result.unwrap_or_else(|error| panic!("wait {number} failed: {:?}", error.code()));
        assert_eq!(session.phone.expose(), self.phone(number));
        assert!(self.ended[number].replace(at).is_none(), "wait {number} ended twice");
    }

    fn report(&self) -> Report {
        let healed = self.healed.expect("the script heals");
        let late = self.ended.iter().zip(&self.verified).map(|(ended, verified)| {
            let possible = verified.expect("the script sends each message").max(healed);
            ended.expect("all have ended").saturating_duration_since(possible)
        });
        Report {
            longest: late.max().unwrap_or_default(),
            connections: self.proxy.connections().len(),
            ended_early: self.ended.iter().filter(|ended| ended.is_some_and(|at| at < healed)).count(),
        }
    }
}
