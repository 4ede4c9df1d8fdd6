//! A simulated server and a lossy transport for the machine, in virtual time: for its tests and for fuzzing.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime},
};

use super::super::{Action, Closed, Course, Form, Machine, Outcome, StreamId, WaitId, sleep::SHORTEST};
use crate::{
    error::{Error, ErrorCode},
    token::{AppKey, Code, PhoneNumber, Token},
    wire::{
        Progress, ProgressEvent, ReadyEvent, RejectedEvent, SessionBody, Timestamp, TokenEvent, VerifiedEvent,
    },
};

/// From a request to the response's first event, unless a test says otherwise.
pub(in crate::waits) const LATENCY: Duration = Duration::from_millis(3);

/// How long the server keeps a poll that it has nothing for.
pub(in crate::waits) const POLL: Duration = Duration::from_secs(25);

/// A stream that the machine holds.
pub(in crate::waits) struct Carrier {
    /// The tokens in the order of the request.
    pub(in crate::waits) codes: Vec<Code>,
    /// When the server answers; it is told of results once it has. Also when a long poll has waited for long enough.
    pub(in crate::waits) answer_due: Option<Duration>,
    /// What the caller of a long poll knows.
    pub(in crate::waits) known: Option<HashMap<Code, Progress>>,
    /// The server has the request.
    is_there: bool,
    /// Something on the way keeps what the server says.
    is_held: bool,
}

impl Carrier {
    /// Whether the machine hears what the server says now.
    fn is_heard(&self) -> bool {
        self.is_there && !self.is_held
    }
}

/// A wait that was begun.
pub(in crate::waits) struct Begun {
    id: WaitId,
    pub(in crate::waits) code: Code,
    deadline: Duration,
}

/// A server that knows what became of each login, and the driver between it and the machine.
pub(in crate::waits) struct Simulation {
    pub(in crate::waits) machine: Machine<usize>,
    pub(in crate::waits) now: Duration,
    /// How much of that the computer was asleep.
    slept: Duration,
    pub(in crate::waits) streams: BTreeMap<StreamId, Carrier>,
    /// Logins that have ended at the server.
    ended: BTreeMap<Code, TokenEvent>,
    /// How far logins have come at the server.
    progress: BTreeMap<Code, Course>,
    /// What each waiter was told of that.
    pub(in crate::waits) told: HashMap<usize, Progress>,
    pub(in crate::waits) outcomes: HashMap<usize, Outcome>,
    pub(in crate::waits) waits: Vec<Begun>,
    /// Streams that are no more.
    pub(in crate::waits) past: Vec<StreamId>,
    /// Tokens sent so far, for the price of merging.
    pub(in crate::waits) sent: usize,
    pub(in crate::waits) opened: usize,
    /// Of these, long polls.
    pub(in crate::waits) polled: usize,
    pub(in crate::waits) most_streams: usize,
    performed: usize,
    pub(in crate::waits) is_up: bool,
    /// Something on the way keeps event streams back.
    pub(in crate::waits) holds_back: bool,
    pub(in crate::waits) latency: Duration,
    /// Most tokens of a stream that the server takes.
    pub(in crate::waits) max_tokens: usize,
    random: u64,
}

impl Simulation {
    pub(in crate::waits) fn new() -> Self {
        Self {
            machine: Machine::default(),
            now: Duration::ZERO,
            slept: Duration::ZERO,
            streams: BTreeMap::new(),
            ended: BTreeMap::new(),
            progress: BTreeMap::new(),
            told: HashMap::new(),
            outcomes: HashMap::new(),
            waits: Vec::new(),
            past: Vec::new(),
            sent: 0,
            opened: 0,
            polled: 0,
            most_streams: 0,
            performed: 0,
            is_up: true,
            holds_back: false,
            latency: LATENCY,
            max_tokens: usize::MAX,
            random: 1,
        }
    }

    pub(in crate::waits) fn wait(&mut self, token: u32, patience: Duration) -> usize {
        let token = token_of(token);
        let waiter = self.waits.len();
        let deadline = self.now + patience;
        let id = self.machine.handle_wait(self.now, token, deadline, waiter);
        self.waits.push(Begun { id, code: token.code(), deadline });
        self.perform();
        waiter
    }

    pub(in crate::waits) fn cancel(&mut self, waiter: usize) {
        if self.machine.handle_cancel(self.now, self.waits[waiter].id) == Some(waiter) {
            let error = Error::new(ErrorCode::Closed, "cancelled");
            assert!(self.outcomes.insert(waiter, Err(error)).is_none(), "a settled wait was cancelled");
        }
        self.perform();
    }

    /// A login moves on, never back, and every stream that has its token is told.
    pub(in crate::waits) fn advance(&mut self, token: u32, progress: Progress) {
        let code = token_of(token).code();
        if self.ended.contains_key(&code) {
            return;
        }
        let course = self.progress.entry(code).or_default();
        course.advance(progress);
        let Some(status) = course.last() else { return };
        let event = TokenEvent::Progress(ProgressEvent { code, status });
        self.send_to_all(code, &event);
    }

    /// Somebody signs in.
    pub(in crate::waits) fn verify(&mut self, token: u32) {
        let code = token_of(token).code();
        self.end(code, verified(code));
    }

    /// A login ends without a session.
    pub(in crate::waits) fn reject(&mut self, token: u32, error: ErrorCode) {
        let code = token_of(token).code();
        let event = RejectedEvent {
            code: Some(code),
            token_index: None,
            error: error.as_str().into(),
            message: "".into(),
        };
        self.end(code, TokenEvent::Rejected(event));
    }

    /// A login ends at the server, which tells every stream that has its token. What it came to first stays.
    fn end(&mut self, code: Code, event: TokenEvent) {
        let event = self.ended.entry(code).or_insert(event).clone();
        self.send_to_all(code, &event);
    }

    fn send_to_all(&mut self, code: Code, event: &TokenEvent) {
        let told: Vec<_> = self
            .streams
            .iter()
            .filter(|(_, stream)| stream.is_heard() && stream.codes.contains(&code))
            .map(|(&id, stream)| (id, stream.known.is_some()))
            .collect();
        for (id, is_poll) in told {
            self.machine.handle_event(self.now, id, event.clone());
            if is_poll {
                self.perform();
                self.lose(id, Closed::Answered);
            }
        }
        self.perform();
    }

    /// An event of any kind.
    #[cfg(test)]
    pub(in crate::waits) fn send(&mut self, id: StreamId, event: TokenEvent) {
        self.machine.handle_event(self.now, id, event);
        self.perform();
    }

    /// A stream says what is true of a login; the machine may have heard it, and may have closed the stream.
    pub(in crate::waits) fn repeat(&mut self, id: StreamId, token: u32) {
        if let Some(event) = self.ended.get(&token_of(token).code()) {
            self.machine.handle_event(self.now, id, event.clone());
            self.perform();
        }
    }

    pub(in crate::waits) fn lose(&mut self, id: StreamId, closed: Closed) {
        if self.streams.remove(&id).is_some() {
            self.past.push(id);
            self.report_closed(id, closed);
        }
    }

    /// The driver reports a stream's end, also of one that the machine had closed just before.
    pub(in crate::waits) fn report_closed(&mut self, id: StreamId, closed: Closed) {
        // Knuth's linear congruential generator: any spread will do.
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.machine.handle_closed(self.now, id, closed, self.random);
        self.perform();
    }

    pub(in crate::waits) fn suspend(&mut self) {
        self.machine.handle_suspend(self.now);
        self.perform();
    }

    pub(in crate::waits) fn resume(&mut self) {
        self.machine.handle_resume(self.now);
        self.perform();
    }

    /// The computer sleeps. What was connected is so no more after a while, which nobody tells the client; the server
    /// goes on.
    pub(in crate::waits) fn fall_asleep_for(&mut self, span: Duration) {
        self.now += span;
        self.slept += span;
        for stream in self.streams.values_mut().filter(|_| span >= SHORTEST) {
            (stream.is_held, stream.answer_due) = (true, None);
        }
        self.run_for(Duration::ZERO);
    }

    pub(in crate::waits) fn shut_down(&mut self) {
        self.machine.handle_shutdown(&Error::new(ErrorCode::Closed, ""));
        self.perform();
    }

    /// Does what the machine asks for, and checks its law.
    fn perform(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Open { stream, tokens, form } => {
                    self.sent += tokens.len();
                    self.opened += 1;
                    let known = match form {
                        Form::Events => None,
                        Form::Poll { known } => Some(known.into_iter().collect()),
                    };
                    self.polled += usize::from(known.is_some());
                    let carrier = Carrier {
                        codes: tokens.iter().map(Token::code).collect(),
                        answer_due: Some(self.now + self.latency),
                        is_held: self.holds_back && known.is_none(),
                        is_there: false,
                        known,
                    };
                    assert!(self.streams.insert(stream, carrier).is_none(), "opened twice");
                }
                Action::Close { stream } => {
                    assert!(self.streams.remove(&stream).is_some(), "closed twice");
                    self.past.push(stream);
                }
                Action::Tell { waiter, progress } => {
                    assert!(!self.outcomes.contains_key(&waiter), "told after the end");
                    let before = self.told.insert(waiter, progress);
                    assert_ne!(before, Some(progress), "told twice");
                    let ranks = before.and_then(|before| Some((before.rank()?, progress.rank()?)));
                    assert!(ranks.is_none_or(|(before, after)| before < after), "told backwards");
                    let at_server = self.progress.get(&self.waits[waiter].code);
                    assert_eq!(at_server.and_then(Course::last), Some(progress), "the login is elsewhere");
                }
                Action::Settle { waiter, outcome } => {
                    self.check_outcome(waiter, &outcome);
                    assert!(self.outcomes.insert(waiter, outcome).is_none(), "settled twice");
                }
            }
        }
        assert_eq!(self.machine.streams.count(), self.streams.len());
        self.most_streams = self.most_streams.max(self.streams.len());
        // With thousands of logins the books are read now and then, so that a test stays linear.
        self.performed += 1;
        if self.performed.is_multiple_of(1 + self.waits.len() / 4) {
            self.machine.streams.check(&self.machine.board);
        }
    }

    /// Whether a wait was told the truth. The errors of refusals and of the client's end need no event.
    fn check_outcome(&self, waiter: usize, outcome: &Outcome) {
        let wait = &self.waits[waiter];
        let ended = self.ended.get(&wait.code);
        match outcome.as_ref().map_err(Error::code) {
            Ok(_) => assert!(matches!(ended, Some(TokenEvent::Verified(_))), "nobody has signed in"),
            Err(ErrorCode::Timeout) => assert!(self.now >= wait.deadline, "the deadline has not come"),
            Err(ErrorCode::Expired) => assert!(matches!(ended, Some(TokenEvent::Rejected(_)))),
            Err(_) => {}
        }
    }

    /// Checks the law, that every wait whose deadline has passed is settled, and that all waits for a login know
    /// the same of it.
    pub(in crate::waits) fn check(&self) {
        self.machine.streams.check(&self.machine.board);
        let mut known = HashMap::new();
        for (waiter, wait) in self.waits.iter().enumerate() {
            if !self.outcomes.contains_key(&waiter) {
                let told = self.told.get(&waiter);
                assert_eq!(*known.entry(wait.code).or_insert(told), told, "one knows more than another");
            }
        }
        for (waiter, wait) in self.waits.iter().enumerate() {
            assert!(wait.deadline >= self.now || self.outcomes.contains_key(&waiter), "a wait is overdue");
        }
    }

    /// Lets time pass until `end`, one event after the other.
    fn run_until(&mut self, end: Duration) {
        loop {
            let answers = self.streams.iter().filter_map(|(&id, stream)| Some((stream.answer_due?, id)));
            let response = answers.min();
            let timer = self.machine.poll_deadline();
            let next =
                response.map(|(due, _)| due).into_iter().chain(timer).min().filter(|&next| next <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            match response {
                Some((due, id)) if due <= self.now => self.answer(id),
                _ => {
                    self.machine.handle_clock(self.now, self.now.saturating_sub(self.slept));
                    self.machine.handle_timeout(self.now);
                    self.perform();
                }
            }
        }
        self.now = self.now.max(end);
    }

    pub(in crate::waits) fn run_for(&mut self, span: Duration) {
        self.run_until(self.now + span);
    }

    fn answer(&mut self, id: StreamId) {
        let (is_up, now) = (self.is_up, self.now);
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.answer_due = None;
        if !is_up {
            return self.lose(id, Closed::Dropped { pause: None });
        }
        if stream.codes.len() > self.max_tokens {
            let error = Error::new(ErrorCode::InvalidRequest, "too many tokens");
            return self.lose(id, Closed::Refused(error));
        }
        if stream.is_held {
            return;
        }
        let has_waited = std::mem::replace(&mut stream.is_there, true);
        let done: Vec<_> = stream.codes.iter().filter_map(|code| self.ended.get(code).cloned()).collect();
        let pending = stream.codes.len() - done.len();
        let known = stream.known.clone();
        let moved = |code: &Code| self.progress.get(code).and_then(Course::last);
        let moved: Vec<_> = stream
            .codes
            .iter()
            .filter(|code| !self.ended.contains_key(code))
            .filter_map(|code| Some(ProgressEvent { code: *code, status: moved(code)? }))
            .filter(|event| known.as_ref().is_none_or(|known| known.get(&event.code) != Some(&event.status)))
            .collect();
        if known.is_none() {
            self.machine.handle_event(now, id, TokenEvent::Ready(ReadyEvent { pending }));
        }
        let is_empty = done.is_empty() && moved.is_empty();
        if known.is_some() && is_empty && !has_waited {
            stream.answer_due = Some(now + POLL);
            return;
        }
        for event in done.into_iter().chain(moved.into_iter().map(TokenEvent::Progress)) {
            self.machine.handle_event(now, id, event);
        }
        self.perform();
        if known.is_some() {
            self.lose(id, Closed::Answered);
        }
    }

    #[cfg(test)]
    pub(in crate::waits) fn ready_streams(&self) -> Vec<StreamId> {
        self.streams.iter().filter(|(_, stream)| stream.is_heard()).map(|(&id, _)| id).collect()
    }

    #[cfg(test)]
    pub(in crate::waits) fn settled_with(&self, waiter: usize) -> Option<ErrorCode> {
        self.outcomes.get(&waiter).and_then(|outcome| outcome.as_ref().err()).map(Error::code)
    }
}

pub(in crate::waits) fn token_of(number: u32) -> Token {
    let mut secret = [0; Token::SECRET_BYTES];
    secret[..4].copy_from_slice(&number.to_be_bytes());
    Token::from_secret(app_key(), secret)
}

pub(in crate::waits) fn verified(code: Code) -> TokenEvent {
    let Ok(phone) = PhoneNumber::parse("919876543210") else { panic!("it is well formed") };
    let session = SessionBody {
        confirmation: crate::Confirm::None,
        subject: crate::Subject::from_random([7; 20]),
        assurance: crate::Assurance::Normal,
        app_key: code.app_key(),
        phone: Some(phone),
        user_id: None,
        verified_at: Timestamp(SystemTime::UNIX_EPOCH),
    };
    TokenEvent::Verified(VerifiedEvent { code, session })
}

/// A status of a newer server.
pub(in crate::waits) fn novel() -> Progress {
    let Ok(progress) = serde_json::from_str(r#""scanned""#) else { panic!("it is well formed") };
    progress
}

fn app_key() -> AppKey {
    let Ok(app_key) = AppKey::parse("8XKPQ2WN") else { panic!("it is well formed") };
    app_key
}

pub(in crate::waits) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
