//! Which streams carry which tokens: opening, merging, retiring.
//!
//! New tokens gather until the pace allows an opening. The new stream also takes over what small streams carry, like
//! the levels of an LSM tree, and streams that hold tokens nobody waits for any more. The old streams carry on until
//! the new one is ready; only then are they closed.
//!
//! Where streams are kept back on the way, long polls take their place: they carry their tokens from the start, as nothing
//! is heard of them before their response.
//!
//! While suspended there is no stream at all: every token is gathered, and nothing is opened.

use std::{collections::BTreeMap, mem, num::NonZeroU32, time::Duration};

use super::{
    Closed, Form,
    board::{Board, Login, LoginId},
    pace::Pace,
    stream::Stream,
};
use crate::{
    error::ErrorCode,
    token::Token,
    wire::{MAX_TOKENS, MAX_TOKENS_WITHOUT_KEY},
};

/// Most streams being opened at a time: a server that is slow to answer gets few requests, not many.
const MAX_OPENING: usize = 2;

/// Streams that may be open beyond the full ones before the smallest of them are taken over.
const MAX_PARTIAL: usize = 2;

/// A stream is taken over by one that already has this part of its size, so that a token moves O(log N) times.
const GROWTH: usize = 3;

/// A stream this small is always taken over: sending its tokens again costs less than holding its connection.
const SMALL: usize = 32;

/// How long long polls take the place of streams before one is tried again: what kept it back may have passed.
const KEPT_BACK: Duration = Duration::from_secs(100);

/// Most tokens of a long poll: all of them are sent again when one of them has news.
const MAX_POLLED: usize = 1_000;

/// A long poll that is answered sooner, and with nothing new, was not waiting.
const SHORTEST_POLL: Duration = Duration::from_secs(1);

/// Names one stream of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(NonZeroU32);

pub(super) struct Streams {
    open: BTreeMap<StreamId, Stream>,
    opening: usize,
    gathered: Vec<LoginId>,
    /// When the next streams are to be opened, where there is reason to.
    due: Option<Duration>,
    /// Streams that carry nothing, to be closed.
    idle: Vec<StreamId>,
    is_suspended: bool,
    /// Streams are kept back: until then long polls take their place, and after it all but one that is tried.
    polls_until: Option<Duration>,
    pace: Pace,
    /// Most tokens of one stream, as far as the server has let us know.
    limit: usize,
    last_id: NonZeroU32,
}

impl Streams {
    pub(super) fn new() -> Self {
        Self {
            open: BTreeMap::new(),
            opening: 0,
            gathered: Vec::new(),
            due: None,
            idle: Vec::new(),
            is_suspended: false,
            polls_until: None,
            pace: Pace::new(),
            limit: MAX_TOKENS,
            last_id: NonZeroU32::MAX,
        }
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.is_suspended
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// When [`Streams::open_due`] is to be called.
    pub(super) fn next_open(&self) -> Option<Duration> {
        self.due.filter(|_| !self.is_suspended && self.opening < MAX_OPENING)
    }

    /// When [`Streams::kept_back`] is to be called.
    pub(super) fn next_kept_back(&self) -> Option<Duration> {
        // Nearly always all streams are ready.
        let opening = self.open.values().filter(|stream| self.opening > 0 && !stream.is_ready());
        opening.map(Stream::ready_by).min()
    }

    /// A stream that should have been ready by now.
    pub(super) fn kept_back(&self, now: Duration) -> Option<StreamId> {
        self.next_kept_back().filter(|due| *due <= now)?;
        let late = |(_, stream): &(_, &Stream)| !stream.is_ready() && stream.ready_by() <= now;
        self.open.iter().find(late).map(|(&id, _)| id)
    }

    /// A stream has told something that was not known before.
    pub(super) fn delivered(&mut self, now: Duration, id: StreamId) {
        if let Some(stream) = self.open.get_mut(&id) {
            stream.is_news = true;
            self.pace.well(now);
            if self.due.is_some() {
                self.due = Some(self.pace.next_opening(now));
            }
        }
    }

    /// The login at a position of a stream's request.
    pub(super) fn login_at(&self, stream: StreamId, index: usize) -> Option<LoginId> {
        self.open.get(&stream)?.logins.get(index).copied()
    }

    /// Takes in a token that no stream carries.
    pub(super) fn gather(&mut self, now: Duration, login: LoginId) {
        self.gathered.push(login);
        self.schedule(now);
    }

    /// A login that this stream carried has ended at the server.
    pub(super) fn settled(&mut self, carrier: Option<StreamId>) {
        if let Some(id) = carrier {
            self.drop_carried(id);
        }
    }

    /// Nobody waits for a login any more. `is_urgent` where the server would keep it for long.
    pub(super) fn leave(&mut self, now: Duration, login: &Login, is_urgent: bool) {
        self.settled(login.carrier);
        // A stream that is being opened for it has named it to the server as well.
        for id in [login.carrier, login.next_carrier].into_iter().flatten().filter(|_| is_urgent) {
            let Some(stream) = self.open.get_mut(&id) else {
                continue;
            };
            stream.is_stale = true;
            if stream.is_eligible() && stream.carried > 0 {
                self.schedule(now);
            }
        }
    }

    /// The stream has registered all its tokens: it takes over from its predecessors.
    pub(super) fn ready<W>(&mut self, now: Duration, id: StreamId, board: &mut Board<W>) {
        let Some(stream) = self.open.get_mut(&id) else {
            return;
        };
        if stream.ready_at.replace(now).is_some() {
            return;
        }
        if !stream.is_poll {
            self.polls_until = None;
        }
        self.opening -= 1;
        let logins = mem::take(&mut stream.logins);
        for &login in &logins {
            let Some(login) = board.login_mut(login).filter(|login| login.next_carrier == Some(id)) else {
                continue;
            };
            login.next_carrier = None;
            if let Some(old) = login.carrier.replace(id) {
                self.drop_carried(old);
            }
            self.add_carried(id);
        }
        if let Some(stream) = self.open.get_mut(&id) {
            stream.logins = logins;
        }
        self.release_predecessors(now, id);
        self.close_if_idle(id);
        if self.open.get(&id).is_some_and(|stream| stream.is_stale && stream.carried > 0) {
            self.schedule(now);
        }
    }

    /// The stream is lost. Returns the logins it carried where the server refused them for good; all others are
    /// carried on. `None` for a stream that is not ours any more.
    pub(super) fn close<W>(
        &mut self,
        now: Duration,
        id: StreamId,
        cause: &Closed,
        random: u64,
        board: &mut Board<W>,
    ) -> Option<Vec<LoginId>> {
        self.release_predecessors(now, id);
        let stream = self.open.remove(&id)?;
        if !stream.is_ready() {
            self.opening -= 1;
        }
        self.learn_network(now, &stream, cause, random);
        let refused = match cause {
            Closed::Refused(error) => !self.learn_limit(error.code(), stream.logins.len()),
            Closed::Dropped { .. } | Closed::Answered | Closed::KeptBack => false,
        };
        let mut orphans = Vec::new();
        for login_id in stream.logins {
            let Some(login) = board.login_mut(login_id) else {
                continue;
            };
            if login.next_carrier == Some(id) {
                login.next_carrier = None;
            }
            if login.carrier != Some(id) {
                continue;
            }
            if refused {
                orphans.push(login_id);
                continue;
            }
            login.carrier = login.next_carrier.take();
            match login.carrier {
                Some(next) => self.add_carried(next),
                None => self.gathered.push(login_id),
            }
        }
        if self.due.is_some() || !self.gathered.is_empty() {
            self.due = Some(self.pace.next_opening(now));
        }
        Some(orphans)
    }

    /// What the end of a stream says of the server, and of the way to it.
    fn learn_network(&mut self, now: Duration, stream: &Stream, cause: &Closed, random: u64) {
        let hint = match cause {
            Closed::KeptBack => {
                self.polls_until = Some(now + KEPT_BACK);
                return;
            }
            Closed::Answered => {
                if stream.is_news || now.saturating_sub(stream.opened_at) >= SHORTEST_POLL {
                    self.pace.well(now);
                    return;
                }
                None
            }
            Closed::Dropped { pause } => *pause,
            Closed::Refused(error) => error.retry_after(),
        };
        if stream.is_poll {
            // Polls do no better than a stream would.
            self.polls_until = Some(now);
        }
        let since = self.pace.last_failure();
        let mut streams = self.open.values().chain([stream]);
        if streams.any(|stream| stream.is_proved(now) && since.is_none_or(|since| stream.opened_at >= since))
        {
            self.pace.well(now);
        }
        self.pace.lost(now, stream.opened_at, hint, random);
    }

    /// Whether the next opening is a long poll. One stream at a time tries whether they still have to be.
    fn is_polling(&self, now: Duration) -> bool {
        let is_tried = self.open.values().any(|stream| !stream.is_poll && !stream.is_ready());
        self.polls_until.is_some_and(|until| now < until || is_tried)
    }

    /// Opens what is due, and names the tokens of each new stream.
    pub(super) fn open_due<W>(
        &mut self,
        now: Duration,
        board: &mut Board<W>,
    ) -> Vec<(StreamId, Vec<Token>, Form)> {
        if self.next_open().is_none_or(|due| due > now) {
            return Vec::new();
        }
        self.due = None;
        let is_poll = self.is_polling(now);
        let limit = if is_poll { self.limit.min(MAX_POLLED) } else { self.limit };
        let mut batch = self.take_gathered(board);
        let predecessors = self.take_over(&mut batch, is_poll, limit, board);
        if batch.is_empty() {
            return Vec::new();
        }
        self.pace.opened(now);
        let room = match self.polls_until {
            Some(_) if !is_poll => limit,
            Some(_) => limit * MAX_OPENING,
            None => limit * (MAX_OPENING - self.opening),
        };
        if batch.len() > room {
            let rest = batch.split_off(room);
            self.gathered.extend(rest.into_iter().filter(|login| !is_carried(board, *login)));
            self.due = Some(self.pace.next_opening(now));
        }
        let opened: Vec<_> =
            batch.chunks(limit).map(|logins| self.open(now, logins, is_poll, &predecessors, board)).collect();
        for (id, ..) in opened.iter().filter(|_| is_poll) {
            self.ready(now, *id, board);
        }
        opened
    }

    /// A stream that carries nothing, to be closed.
    pub(super) fn pop_idle(&mut self) -> Option<StreamId> {
        self.idle.pop()
    }

    /// Forgets all streams, and names them.
    pub(super) fn drain(&mut self) -> Vec<StreamId> {
        self.gathered.clear();
        self.idle.clear();
        (self.due, self.opening) = (None, 0);
        mem::take(&mut self.open).into_keys().collect()
    }

    /// Lets go of all streams and opens none until [`Streams::resume`]. Names the streams; what they carried is
    /// gathered.
    pub(super) fn suspend<W>(&mut self, now: Duration, board: &mut Board<W>) -> Vec<StreamId> {
        self.is_suspended = true;
        for login_id in self.open.values().flat_map(|stream| &stream.logins) {
            let Some(login) = board.login_mut(*login_id) else {
                continue;
            };
            login.next_carrier = None;
            if login.carrier.take().is_some() {
                self.gathered.push(*login_id);
            }
        }
        self.opening = 0;
        if !self.gathered.is_empty() {
            self.schedule(now);
        }
        mem::take(&mut self.open).into_keys().collect()
    }

    /// Opens streams again: at once, unless the server itself has asked for a pause.
    pub(super) fn resume(&mut self, now: Duration) {
        self.is_suspended = false;
        self.polls_until = None;
        self.pace.renew(now);
        if self.due.is_some() {
            self.due = Some(self.pace.next_opening(now));
        }
    }

    fn schedule(&mut self, now: Duration) {
        if self.due.is_none() {
            self.due = Some(self.pace.next_opening(now));
        }
    }

    /// The gathered tokens that somebody still waits for, each once.
    fn take_gathered<W>(&mut self, board: &Board<W>) -> Vec<LoginId> {
        let mut gathered = mem::take(&mut self.gathered);
        gathered.sort_unstable();
        gathered.dedup();
        gathered.retain(|login| board.login(*login).is_some_and(|login| login.carrier.is_none()));
        gathered
    }

    /// Adds to the batch what other streams carry and the new ones are to take over; names those streams. A long poll
    /// takes the place of no stream that works.
    fn take_over<W>(
        &mut self,
        batch: &mut Vec<LoginId>,
        is_poll: bool,
        limit: usize,
        board: &Board<W>,
    ) -> Vec<StreamId> {
        let is_inferior = |stream: &Stream| stream.is_poll || stream.is_stale || !is_poll;
        let eligible = self.open.iter().filter(|(_, stream)| stream.is_eligible() && is_inferior(stream));
        let mut candidates: Vec<_> =
            eligible.map(|(&id, stream)| (!stream.is_stale, stream.carried, id)).collect();
        candidates.sort_unstable();
        let total: usize = batch.len() + self.open.values().map(|stream| stream.carried).sum::<usize>();
        let allowed = total / limit + MAX_PARTIAL;
        let mut left = candidates.len();
        let mut taken = Vec::new();
        for (is_clean, carried, id) in candidates {
            let room = limit.saturating_sub(batch.len());
            let is_worth_it = carried <= (batch.len() * GROWTH).max(SMALL) || left >= allowed;
            if is_clean && (!is_worth_it || room == 0 || batch.is_empty()) {
                break;
            }
            left -= 1;
            let wanted = if is_clean { room } else { usize::MAX };
            let logins = self.open.get(&id).map_or(&[][..], |stream| &stream.logins);
            let carried_here =
                |login: &&LoginId| board.login(**login).is_some_and(|login| login.carrier == Some(id));
            batch.extend(logins.iter().filter(carried_here).take(wanted));
            taken.push(id);
        }
        taken
    }

    fn open<W>(
        &mut self,
        now: Duration,
        logins: &[LoginId],
        is_poll: bool,
        predecessors: &[StreamId],
        board: &mut Board<W>,
    ) -> (StreamId, Vec<Token>, Form) {
        let id = self.next_id();
        let mut stream = Stream {
            logins: logins.to_vec(),
            opened_at: now,
            ready_at: None,
            is_poll,
            is_news: false,
            carried: 0,
            is_stale: false,
            successors: 0,
            predecessors: predecessors.to_vec(),
        };
        let mut tokens = Vec::with_capacity(logins.len());
        for login in logins {
            let Some(login) = board.login_mut(*login) else {
                continue;
            };
            tokens.push(login.token);
            if login.carrier.is_some() {
                login.next_carrier = Some(id);
            } else {
                login.carrier = Some(id);
                stream.carried += 1;
            }
        }
        for predecessor in predecessors {
            if let Some(old) = self.open.get_mut(predecessor) {
                old.successors += 1;
            }
        }
        self.open.insert(id, stream);
        self.opening += 1;
        if !is_poll {
            return (id, tokens, Form::Events);
        }
        let known = |login: &LoginId| Some((board.login(*login)?.code, board.progress(*login)?));
        (id, tokens, Form::Poll { known: logins.iter().filter_map(known).collect() })
    }

    fn next_id(&mut self) -> StreamId {
        self.last_id = self.last_id.checked_add(1).unwrap_or(NonZeroU32::MIN);
        StreamId(self.last_id)
    }

    /// The stream's predecessors may be taken over by others, or be closed.
    fn release_predecessors(&mut self, now: Duration, id: StreamId) {
        let Some(stream) = self.open.get_mut(&id) else {
            return;
        };
        for predecessor in mem::take(&mut stream.predecessors) {
            let Some(old) = self.open.get_mut(&predecessor) else {
                continue;
            };
            old.successors -= 1;
            if old.is_stale && old.is_eligible() && old.carried > 0 {
                self.schedule(now);
            }
        }
    }

    fn add_carried(&mut self, id: StreamId) {
        if let Some(stream) = self.open.get_mut(&id) {
            stream.carried += 1;
        }
    }

    fn drop_carried(&mut self, id: StreamId) {
        if let Some(stream) = self.open.get_mut(&id) {
            stream.carried -= 1;
        }
        self.close_if_idle(id);
    }

    /// Retires a stream on which nothing depends. One being opened is let go as well, unless it is to take over.
    fn close_if_idle(&mut self, id: StreamId) {
        let Some(stream) = self.open.get(&id) else {
            return;
        };
        if stream.carried > 0 || !stream.predecessors.is_empty() {
            return;
        }
        if !stream.is_ready() {
            self.opening -= 1;
        }
        self.open.remove(&id);
        self.idle.push(id);
    }

    /// Whether the refusal means that the stream had too many tokens for a client without a secret key.
    fn learn_limit(&mut self, code: ErrorCode, sent: usize) -> bool {
        let is_too_large = matches!(code, ErrorCode::InvalidRequest | ErrorCode::PayloadTooLarge);
        if !is_too_large || sent <= MAX_TOKENS_WITHOUT_KEY {
            return false;
        }
        self.limit = MAX_TOKENS_WITHOUT_KEY;
        true
    }

    /// Whether the books are right: every pending token has its carrier, and every count is true.
    #[cfg(any(test, fuzzing))]
    pub(super) fn check<W>(&self, board: &Board<W>) {
        let sent: BTreeMap<_, _> =
            self.open.iter().map(|(id, stream)| (id, sorted(&stream.logins))).collect();
        let is_sent = |id: StreamId, login| {
            sent.get(&id).is_some_and(|logins: &Vec<_>| logins.binary_search(&login).is_ok())
        };
        let gathered = sorted(&self.gathered);
        let mut carried: BTreeMap<StreamId, usize> = BTreeMap::new();
        board.check();
        assert!(!self.is_suspended || self.open.is_empty(), "a stream while suspended");
        for (login_id, login) in board.logins() {
            if let Some(id) = login.carrier {
                assert!(is_sent(id, login_id), "lost token");
                *carried.entry(id).or_default() += 1;
            } else {
                let is_gathered = gathered.binary_search(&login_id).is_ok();
                assert!(is_gathered && self.due.is_some(), "token without a stream");
            }
            if let Some(next) = login.next_carrier {
                assert!(is_sent(next, login_id) && !self.open[&next].is_ready());
            }
        }
        for (id, stream) in &self.open {
            assert!(sent[id].windows(2).all(|pair| pair[0] < pair[1]), "a token twice on {id:?}");
            assert_eq!(stream.carried, carried.get(id).copied().unwrap_or(0), "wrong count of {id:?}");
            let successors = self.open.values().filter(|other| other.predecessors.contains(id)).count();
            assert_eq!(stream.successors, successors);
            assert!(stream.carried > 0 || !stream.predecessors.is_empty(), "idle stream {id:?}");
            assert!(
                !stream.is_stale || !stream.is_eligible() || self.due.is_some(),
                "a stale stream that nothing replaces"
            );
        }
        assert_eq!(self.opening, self.open.values().filter(|stream| !stream.is_ready()).count());
        assert!(self.open.values().all(|stream| stream.logins.len() <= MAX_TOKENS));
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }
}

fn is_carried<W>(board: &Board<W>, login: LoginId) -> bool {
    board.login(login).is_some_and(|login| login.carrier.is_some())
}

#[cfg(any(test, fuzzing))]
fn sorted(logins: &[LoginId]) -> Vec<LoginId> {
    let mut logins = logins.to_vec();
    logins.sort_unstable();
    logins
}
