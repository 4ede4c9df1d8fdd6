//! Rounds of sign-ins through several servers, while one of them or their database fails by seed. What every client was
//! told is kept, and then held against what clients are promised.

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use loggin::{Loggin, Pending, Session, Token};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

use super::{
    History, House,
    fault::{Fault, Inflicted, pass},
    history::{Login, Outcome, Wait},
};
use crate::TEST_TIMEOUT;

/// Programs of the app, which wait for logins side by side.
const CLIENTS: usize = 4;

/// Logins that one client waits for each.
const WAITED: usize = 10;

/// Logins that all clients wait for, of whom one shall have the session.
const RACED: usize = 3;

/// Logins whose message nobody sends.
const UNSENT: usize = 2;

/// Messages that WhatsApp delivers again when all is over.
const REDELIVERED: usize = 2;

/// How many times each, at the same moment.
pub(super) const TIMES: usize = 3;

/// When something is done to the servers, at the latest.
const FAULT: Duration = Duration::from_millis(600);

/// For how long people sign in. Waits begin within two thirds of it.
const LOAD: Duration = Duration::from_millis(1_800);

/// What a round showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was done.
    pub fault: Fault,
    /// What every client was told.
    pub history: History,
    /// Calls beside the waits: webhooks, once and again, and what was redeemed when all was over.
    pub others: usize,
    /// Waits that went on until whatever was done was undone.
    pub outlasted: usize,
}

/// What happens in a round, beside what the script says.
enum Event {
    Acknowledged(usize, String),
    Ended { login: usize, client: usize, outcome: Outcome },
    Inflicted(Inflicted),
}

type Stamped = (Instant, Event);

/// What the script says.
enum Act {
    Wait(usize),
    Send(usize),
}

/// Runs a round, in which whatever the seed says is done.
pub fn run(house: &House, seed: u64) -> Report {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let fault = Fault::drawn(&mut random, house.nodes.len());
    run_through(house, fault, random)
}

/// Runs a round in which this is done; the seed says the rest.
pub fn run_with(house: &House, fault: Fault, seed: u64) -> Report {
    run_through(house, fault, Xoshiro256PlusPlus::seed_from_u64(seed))
}

fn run_through(house: &House, fault: Fault, mut random: Xoshiro256PlusPlus) -> Report {
    let fault_at = random.random_range(Duration::ZERO..FAULT);
    let script = script(&mut random);
    let balancer = house.balancer();
    let clients: Vec<Loggin> = (0..CLIENTS).map(|_| house.client(&balancer.url())).collect();
    let (event, events) = mpsc::channel();
    let mut round = Round::new(house, &clients, event, events);
    thread::scope(|scope| {
        let event = round.event.clone();
        scope.spawn(move || {
            pass(fault_at);
            let inflicted = fault.inflict(house);
            // Nobody listens any more where the round has failed.
            let _ = event.send((Instant::now(), Event::Inflicted(inflicted)));
        });
        for (moment, act) in script {
            round.collect_until(moment);
            match act {
                Act::Wait(login) => round.wait(login),
                Act::Send(login) => {
                    let (event, phone) = (round.event.clone(), round.history.logins[login].phone.clone());
                    let (phone, text) = (phone.expect("whoever sends"), round.tokens[login].code().expose());
                    round.history.logins[login].sent = Some(round.began.elapsed());
                    scope.spawn(move || {
                        let id = house.send(&phone, &text);
                        let _ = event.send((Instant::now(), Event::Acknowledged(login, id)));
                    });
                }
            }
        }
        round.collect_all();
    });
    round.look_back();
    let outlasted = round.history.logins.iter().flat_map(|login| &login.waits);
    let outlasted =
        outlasted.filter(|wait| wait.end.as_ref().is_some_and(|(at, _)| *at > round.history.undone));
    let outlasted = outlasted.count();
    let others = WAITED + RACED + REDELIVERED * TIMES + round.history.logins.len();
    Report { fault, others, outlasted, history: round.history }
}

/// What happens when: messages come also before their waits.
fn script(random: &mut Xoshiro256PlusPlus) -> Vec<(Duration, Act)> {
    let mut moment = |until: Duration| random.random_range(Duration::ZERO..until);
    let mut script = Vec::new();
    for login in 0..WAITED + RACED + UNSENT {
        script.push((moment(LOAD * 2 / 3), Act::Wait(login)));
        if login < WAITED + RACED {
            script.push((moment(LOAD), Act::Send(login)));
        }
    }
    script.sort_by_key(|(at, _)| *at);
    script
}

struct Round<'a> {
    house: &'a House,
    clients: &'a [Loggin],
    tokens: Vec<Token>,
    /// Ids of the messages, once they are taken.
    messages: Vec<Option<String>>,
    history: History,
    inflicted: bool,
    began: Instant,
    /// Dropping them would cancel.
    pending: Vec<Pending<Session>>,
    event: Sender<Stamped>,
    events: Receiver<Stamped>,
}

impl<'a> Round<'a> {
    fn new(
        house: &'a House,
        clients: &'a [Loggin],
        event: Sender<Stamped>,
        events: Receiver<Stamped>,
    ) -> Self {
        let logins = (0..WAITED + RACED + UNSENT).map(|login| Login {
            phone: (login < WAITED + RACED).then(|| house.new_phone()),
            ..Login::default()
        });
        let history = History { logins: logins.collect(), ..History::default() };
        let tokens: Vec<Token> = history.logins.iter().map(|_| house.new_token()).collect();
        let messages = vec![None; tokens.len()];
        let (inflicted, pending) = (false, Vec::new());
        Self {
            house,
            clients,
            tokens,
            messages,
            history,
            inflicted,
            began: Instant::now(),
            pending,
            event,
            events,
        }
    }

    /// Has a login waited for: by one client, or by all of them.
    fn wait(&mut self, login: usize) {
        let is_raced = (WAITED..WAITED + RACED).contains(&login);
        let waiting = if is_raced { 0..CLIENTS } else { login % CLIENTS..login % CLIENTS + 1 };
        for (client, program) in self.clients[waiting].iter().enumerate() {
            let wait = program.wait_for_verify_async(self.tokens[login]);
            let event = self.event.clone();
            wait.on_settle(move |result| {
                let outcome = match result {
                    Ok(session) => Outcome::Verified(session.phone.expose().to_owned()),
                    Err(error) => Outcome::Refused(error.code()),
                };
                let _ = event.send((Instant::now(), Event::Ended { login, client, outcome }));
            });
            let began = self.began.elapsed();
            self.history.logins[login].waits.push(Wait { began, end: None, ends: 0 });
            self.pending.push(wait);
        }
    }

    /// Takes in what happens until this moment of the round.
    fn collect_until(&mut self, moment: Duration) {
        loop {
            let left = (self.began + moment).saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => unreachable!("one sender is here"),
            }
        }
    }

    fn collect_all(&mut self) {
        while !self.is_over() {
            match self.events.recv_timeout(TEST_TIMEOUT) {
                Ok(event) => self.take(event),
                // What is missing is found in the history.
                Err(_) => return,
            }
        }
    }

    fn is_over(&self) -> bool {
        let sent = self.history.logins.iter().filter(|login| login.phone.is_some());
        let mut waits = sent.clone().flat_map(|login| &login.waits);
        self.inflicted
            && waits.all(|wait| wait.ends > 0)
            && sent.into_iter().all(|login| login.acknowledged.is_some())
    }

    fn take(&mut self, (at, event): Stamped) {
        let at = at.duration_since(self.began);
        match event {
            Event::Acknowledged(login, id) => {
                self.history.logins[login].acknowledged = Some(at);
                self.messages[login] = Some(id);
            }
            Event::Ended { login, client, outcome } => {
                let wait = &mut self.history.logins[login].waits[client];
                wait.ends += 1;
                wait.end = Some((at, outcome));
            }
            Event::Inflicted(inflicted) => {
                self.inflicted = true;
                self.history.undone = inflicted.undone.duration_since(self.began);
                self.history.ready = inflicted.ready.duration_since(self.began);
                self.history.lies = inflicted.lies;
            }
        }
    }

    /// What is told when all is over, at one server after the other: messages that come again change nothing.
    fn look_back(&mut self) {
        for id in self.messages.iter().flatten().take(REDELIVERED) {
            if !self.house.redeliver(id) {
                self.history.lies.push("a message that came again was not taken");
            }
        }
        for (number, login) in self.history.logins.iter_mut().enumerate() {
            login.redeemed_late = Some(self.house.redeem(number, &self.tokens[number]));
            login.messages = login.phone.as_ref().map_or(0, |phone| self.house.messages_to(phone));
        }
        while let Ok(event) = self.events.try_recv() {
            self.take(event);
        }
    }
}
