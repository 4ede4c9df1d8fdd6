//! The machine that waits: which tokens wait, on which stream, until when.
//!
//! It is a value without I/O, clock, thread or randomness: time (since any fixed moment) and random bits come in
//! as arguments, actions come out of [`Machine::poll_action`]. Its law:
//!
//! *A pending token is always carried by an open stream or by one being opened, and a wait settles exactly once.*
//!
//! Between [`Machine::handle_suspend`] and [`Machine::handle_resume`] there are no streams: tokens keep their waits and
//! their deadlines, and the next stream carries them all.
//!
//! Where something on the way keeps event streams back, the tokens are carried by long polls: streams that answer once.
//!
//! Time goes on while the computer sleeps, as it does at the server. Where a second clock says that it was asleep, all
//! tokens are carried anew: no stream is known to have outlived that.
//!
//! A driver polls actions to exhaustion and then feeds the next input; when [`Machine::poll_deadline`] has come it
//! calls [`Machine::handle_clock`], where it has two clocks, and then [`Machine::handle_timeout`].

mod board;
mod course;
mod pace;
mod sleep;
mod stream;
mod streams;
#[cfg(any(test, fuzzing))]
mod tests;

use std::{collections::VecDeque, time::Duration};

use crate::{
    error::{Error, ErrorCode},
    token::{Code, Token},
    wire::{Progress, ProgressEvent, RejectedEvent, SessionBody, TokenEvent, VerifiedEvent},
};
pub use board::WaitId;
use board::{Board, LoginId};
pub use course::Course;
use sleep::Sleep;
pub use streams::StreamId;
use streams::Streams;

/// How a wait ends: as the server told it, of which a redeemer and an observer make what each may know.
pub type Outcome = Result<SessionBody, Error>;

/// What the driver has to do.
#[derive(Debug)]
pub enum Action<W> {
    /// Open a stream for these tokens.
    Open {
        /// What the stream is called from now on.
        stream: StreamId,
        /// The tokens that it carries, in the order of the request.
        tokens: Vec<Token>,
        /// What it is opened as.
        form: Form,
    },
    /// Close a stream; nothing is expected of it any more.
    Close {
        /// The stream.
        stream: StreamId,
    },
    /// Tell a waiter how far its login has come.
    Tell {
        /// Whom to tell.
        waiter: W,
        /// How far the login has come.
        progress: Progress,
    },
    /// Hand a wait's outcome to its waiter.
    Settle {
        /// Whose wait it is.
        waiter: W,
        /// How it ended.
        outcome: Outcome,
    },
}

/// What a stream is opened as.
#[derive(Debug)]
pub enum Form {
    /// An event stream.
    Events,
    /// A long poll: a stream that answers once, for networks that keep event streams back. Its caller knows this
    /// progress of its tokens.
    Poll {
        /// How far logins have come, as far as the caller knows.
        known: Vec<(Code, Progress)>,
    },
}

/// Why a stream is no more.
#[derive(Debug)]
pub enum Closed {
    /// It ended or failed in a way that passes; the server may have asked for a pause.
    Dropped {
        /// How long the server asked the client to wait before it connects again.
        pause: Option<Duration>,
    },
    /// A long poll was answered; what it told came before.
    Answered,
    /// It was not ready in time: something between client and server keeps event streams back.
    KeptBack,
    /// The server refused it for good.
    Refused(Error),
}

/// All waits of one client.
pub struct Machine<W> {
    board: Board<W>,
    streams: Streams,
    sleep: Sleep,
    actions: VecDeque<Action<W>>,
}

impl<W: Clone> Default for Machine<W> {
    /// A machine in which nothing waits.
    fn default() -> Self {
        Self {
            board: Board::new(),
            streams: Streams::new(),
            sleep: Sleep::default(),
            actions: VecDeque::new(),
        }
    }
}

impl<W: Clone> Machine<W> {
    /// Begins a wait that lasts until `deadline` at most.
    pub fn handle_wait(&mut self, now: Duration, token: Token, deadline: Duration, waiter: W) -> WaitId {
        let code = token.code();
        if let Some(outcome) = self.board.settled(now, &code) {
            let outcome = outcome.clone();
            self.actions.push_back(Action::Settle { waiter, outcome });
            return WaitId::settled();
        }
        let (id, new_login) = self.board.add(now, token, code, deadline, waiter.clone());
        if let Some(login) = new_login {
            self.streams.gather(now, login);
        } else if let Some(progress) = self.board.find(&code).and_then(|login| self.board.progress(login)) {
            self.actions.push_back(Action::Tell { waiter, progress });
        }
        id
    }

    /// Ends a wait without an outcome: its waiter is gone.
    ///
    /// Returns the waiter, or `None` where the wait had settled before.
    pub fn handle_cancel(&mut self, now: Duration, id: WaitId) -> Option<W> {
        let (waiter, left) = self.board.remove(id)?;
        if let Some(login) = left {
            self.streams.leave(now, &login, true);
            self.close_idle_streams();
        }
        Some(waiter)
    }

    /// Takes in an event of a stream.
    pub fn handle_event(&mut self, now: Duration, stream: StreamId, event: TokenEvent) {
        match event {
            TokenEvent::Ready(_) => self.streams.ready(now, stream, &mut self.board),
            TokenEvent::Progress(event) => {
                if self.tell(&event) {
                    self.streams.delivered(now, stream);
                }
            }
            TokenEvent::Verified(VerifiedEvent { code, session }) => {
                self.end(now, stream, code, session.of_app(code.app_key()));
            }
            TokenEvent::Rejected(event) => {
                if let Some(code) = event.code.or_else(|| self.code_at(stream, event.token_index?)) {
                    self.end(now, stream, code, Err(rejection(&event)));
                }
            }
        }
        self.close_idle_streams();
    }

    /// Takes note that a stream is no more. `random` spreads the reconnects of many clients.
    pub fn handle_closed(&mut self, now: Duration, stream: StreamId, cause: Closed, random: u64) {
        let Some(orphans) = self.streams.close(now, stream, &cause, random, &mut self.board) else {
            return;
        };
        if let Closed::Refused(error) = cause {
            for login in orphans {
                self.settle_waits(login, &Err(error.clone()));
            }
        }
        self.close_idle_streams();
    }

    /// Compares `now` with a clock that stands still while the computer sleeps; whether it was asleep since the last
    /// time. Then every pending token is carried anew, unless the machine is suspended.
    ///
    /// To be called before what else there is to do at `now`: nothing that happened before the sleep is blamed on the
    /// server.
    pub fn handle_clock(&mut self, now: Duration, awake: Duration) -> bool {
        let has_slept = self.sleep.look(now, awake);
        if has_slept && !self.streams.is_suspended() {
            self.handle_resume(now);
        }
        has_slept
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Duration) {
        while let Some((waiter, left)) = self.board.pop_overdue(now) {
            let error = Error::new(ErrorCode::Timeout, "Nobody signed in before the wait's deadline.");
            self.actions.push_back(Action::Settle { waiter, outcome: Err(error) });
            if let Some(login) = left {
                self.streams.leave(now, &login, !login.is_over_at_server(now));
            }
        }
        while let Some(stream) = self.streams.kept_back(now) {
            self.actions.push_back(Action::Close { stream });
            self.handle_closed(now, stream, Closed::KeptBack, 0);
        }
        self.close_idle_streams();
        for (stream, tokens, form) in self.streams.open_due(now, &mut self.board) {
            self.actions.push_back(Action::Open { stream, tokens, form });
        }
        // A long poll carries its tokens from the start.
        self.close_idle_streams();
    }

    /// Closes every stream and opens none until [`Machine::handle_resume`]; the waits go on. For a program that is
    /// about to be frozen.
    pub fn handle_suspend(&mut self, now: Duration) {
        for stream in self.streams.suspend(now, &mut self.board) {
            self.actions.push_back(Action::Close { stream });
        }
    }

    /// Has every pending token on a new stream, at once, whatever was lost before. For a program that was frozen, or
    /// whose network has changed: an old stream may be dead without knowing.
    pub fn handle_resume(&mut self, now: Duration) {
        self.handle_suspend(now);
        self.streams.resume(now);
    }

    /// Ends every wait with an error, and every stream.
    pub fn handle_shutdown(&mut self, error: &Error) {
        for waiter in self.board.drain() {
            self.actions.push_back(Action::Settle { waiter, outcome: Err(error.clone()) });
        }
        for stream in self.streams.drain() {
            self.actions.push_back(Action::Close { stream });
        }
    }

    /// The next thing to do; `None` when all is done for now.
    pub fn poll_action(&mut self) -> Option<Action<W>> {
        self.actions.pop_front()
    }

    /// When the clock is to be told next, if nothing else happens.
    pub fn poll_deadline(&self) -> Option<Duration> {
        let wait = self.board.next_deadline();
        let look = wait.and(self.sleep.next_look());
        [wait, self.streams.next_open(), self.streams.next_kept_back(), look].into_iter().flatten().min()
    }

    /// Whether nothing waits and no stream is there.
    #[cfg(any(test, fuzzing))]
    pub fn is_idle(&self) -> bool {
        self.board.is_empty() && self.streams.is_empty()
    }

    /// Tells all waits for a code how far it has come; whether that is news. What a stream that is being replaced says
    /// late is none.
    fn tell(&mut self, event: &ProgressEvent) -> bool {
        let Some(login) = self.board.find(&event.code) else { return false };
        let is_news = self.board.advance(login, event.status);
        for waiter in self.board.waiters(login).filter(|_| is_news) {
            self.actions.push_back(Action::Tell { waiter: waiter.clone(), progress: event.status });
        }
        is_news
    }

    /// A stream tells the end of a login.
    fn end(&mut self, now: Duration, stream: StreamId, code: Code, outcome: Outcome) {
        if self.board.find(&code).is_some() {
            self.streams.delivered(now, stream);
        }
        self.settle(now, code, outcome);
    }

    /// Settles all waits for a code, for good: a later wait is told the same.
    fn settle(&mut self, now: Duration, code: Code, outcome: Outcome) {
        if let Some(login) = self.board.find(&code) {
            self.settle_waits(login, &outcome);
        }
        self.board.remember(now, code, outcome);
    }

    fn settle_waits(&mut self, login: LoginId, outcome: &Outcome) {
        let Some((waiters, login)) = self.board.take(login) else {
            return;
        };
        self.streams.settled(login.carrier);
        for waiter in waiters {
            self.actions.push_back(Action::Settle { waiter, outcome: outcome.clone() });
        }
    }

    /// The code at a position of a stream's request, while somebody waits for it.
    fn code_at(&self, stream: StreamId, index: usize) -> Option<Code> {
        let login = self.streams.login_at(stream, index)?;
        self.board.login(login).map(|login| login.code)
    }

    fn close_idle_streams(&mut self) {
        while let Some(stream) = self.streams.pop_idle() {
            self.actions.push_back(Action::Close { stream });
        }
    }
}

/// Runs the operations that these bytes stand for against a simulated server, and asserts the machine's law after
/// each of them.
#[cfg(fuzzing)]
pub fn assert_law(bytes: &[u8]) {
    tests::steps::run_bytes(bytes);
}

fn rejection(event: &RejectedEvent) -> Error {
    Error::from_server(&event.error, &event.message)
}
