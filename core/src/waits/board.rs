//! Who waits for which login, until when, and what ended logins came to.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    mem, slice,
    time::Duration,
};

use super::{Outcome, StreamId};
use crate::token::{Code, Token};

/// How long an outcome is remembered for waits that come after it: as long as the server keeps a result.
const OUTCOME_KEPT: Duration = Duration::from_secs(300);

/// Most outcomes remembered; beyond it the oldest goes, and a late wait asks the server.
const MAX_OUTCOMES: usize = 10_000;

/// When the server has surely ended a login by itself, short of the exact 300 s: a wait that times out that late
/// leaves nothing behind that would have to be taken off its stream.
const SERVER_LIFETIME: Duration = Duration::from_secs(295);

/// Names one wait of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitId {
    code: Code,
    number: u64,
}

/// A login that somebody waits for.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) token: Token,
    /// The stream that carries it; none while it is gathered for one.
    pub(super) carrier: Option<StreamId>,
    /// A stream being opened that will carry it once it is ready.
    pub(super) next_carrier: Option<StreamId>,
    since: Moment,
}

impl Login {
    /// Whether the server has ended the login by itself, or is about to.
    pub(super) fn is_over_at_server(&self, now: Duration) -> bool {
        now.saturating_sub(self.since.into()) >= SERVER_LIFETIME
    }
}

/// A time since the machine began, in half the room of a `Duration`: there is one in each wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    microseconds: u64,
}

impl Moment {
    /// Rounded up: what is due at a moment is never done before it.
    fn of(time: Duration) -> Self {
        let microseconds = time.as_nanos().div_ceil(1_000);
        Self { microseconds: u64::try_from(microseconds).unwrap_or(u64::MAX) }
    }
}

impl From<Moment> for Duration {
    fn from(moment: Moment) -> Self {
        Self::from_micros(moment.microseconds)
    }
}

struct Wait<W> {
    number: u64,
    deadline: Moment,
    waiter: W,
}

/// The waits for one login: nearly always a single one.
enum Waits<W> {
    One(Wait<W>),
    Many(Vec<Wait<W>>),
}

struct Entry<W> {
    login: Login,
    waits: Waits<W>,
}

pub(super) struct Board<W> {
    entries: HashMap<Code, Entry<W>>,
    /// One entry for each deadline of a login, whatever the number of waits that share it.
    deadlines: BTreeSet<(Moment, Code)>,
    outcomes: HashMap<Code, (Duration, Outcome)>,
    /// Codes of `outcomes` with the moment each is forgotten, oldest first.
    outcome_ages: VecDeque<(Duration, Code)>,
    next_number: u64,
}

impl<W> Board<W> {
    pub(super) fn new() -> Self {
        Self {
            entries: HashMap::new(),
            deadlines: BTreeSet::new(),
            outcomes: HashMap::new(),
            outcome_ages: VecDeque::new(),
            next_number: 0,
        }
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a wait; the flag tells whether it is the login's first.
    pub(super) fn add(
        &mut self,
        now: Duration,
        token: Token,
        code: Code,
        deadline: Duration,
        waiter: W,
    ) -> (WaitId, bool) {
        let id = self.unused_id(code);
        let deadline = Moment::of(deadline);
        let wait = Wait { number: id.number, deadline, waiter };
        self.deadlines.insert((deadline, code));
        if let Some(entry) = self.entries.get_mut(&code) {
            entry.waits.push(wait);
            return (id, false);
        }
        let login = Login { token, carrier: None, next_carrier: None, since: Moment::of(now) };
        self.entries.insert(code, Entry { login, waits: Waits::One(wait) });
        (id, true)
    }

    /// An id that no wait has.
    pub(super) fn unused_id(&mut self, code: Code) -> WaitId {
        self.next_number += 1;
        WaitId { code, number: self.next_number }
    }

    /// Removes one wait. The login comes along when this was the last wait for it.
    pub(super) fn remove(&mut self, id: WaitId) -> Option<(W, Option<Login>)> {
        let entry = self.entries.get_mut(&id.code)?;
        let wait = entry.waits.remove(|wait| wait.number == id.number)?;
        Some(self.removed(id.code, wait))
    }

    /// Removes the wait whose deadline has passed for the longest time.
    pub(super) fn pop_overdue(&mut self, now: Duration) -> Option<(W, Option<Login>)> {
        let &(deadline, code) = self.deadlines.first()?;
        if Duration::from(deadline) > now {
            return None;
        }
        let wait = self.entries.get_mut(&code)?.waits.remove(|wait| wait.deadline == deadline)?;
        Some(self.removed(code, wait))
    }

    /// Clears up after a wait that was taken out of its entry.
    fn removed(&mut self, code: Code, wait: Wait<W>) -> (W, Option<Login>) {
        let left = self.entries.get(&code).map_or(&[][..], |entry| entry.waits.as_slice());
        if left.iter().all(|other| other.deadline != wait.deadline) {
            self.deadlines.remove(&(wait.deadline, code));
        }
        let login = if left.is_empty() { self.entries.remove(&code).map(|entry| entry.login) } else { None };
        (wait.waiter, login)
    }

    /// Removes a login with all its waits.
    pub(super) fn take(&mut self, code: &Code) -> Option<(Vec<W>, Login)> {
        let entry = self.entries.remove(code)?;
        let waits = entry.waits.into_vec();
        for wait in &waits {
            self.deadlines.remove(&(wait.deadline, *code));
        }
        Some((waits.into_iter().map(|wait| wait.waiter).collect(), entry.login))
    }

    /// Removes everything that waits.
    pub(super) fn drain(&mut self) -> Vec<W> {
        self.deadlines.clear();
        let entries = mem::take(&mut self.entries);
        entries.into_values().flat_map(|entry| entry.waits.into_vec()).map(|wait| wait.waiter).collect()
    }

    pub(super) fn login(&self, code: &Code) -> Option<&Login> {
        self.entries.get(code).map(|entry| &entry.login)
    }

    pub(super) fn login_mut(&mut self, code: &Code) -> Option<&mut Login> {
        self.entries.get_mut(code).map(|entry| &mut entry.login)
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|&(deadline, _)| deadline.into())
    }

    /// What a login came to, where that is known and still worth telling.
    pub(super) fn settled(&mut self, now: Duration, code: &Code) -> Option<&Outcome> {
        self.forget_outcomes(now);
        self.outcomes.get(code).map(|(_, outcome)| outcome)
    }

    /// Keeps what a login came to. The first outcome stays.
    pub(super) fn remember(&mut self, now: Duration, code: Code, outcome: Outcome) {
        self.forget_outcomes(now);
        let until = now + OUTCOME_KEPT;
        if self.outcomes.contains_key(&code) {
            return;
        }
        self.outcomes.insert(code, (until, outcome));
        self.outcome_ages.push_back((until, code));
    }

    fn forget_outcomes(&mut self, now: Duration) {
        while let Some(&(until, code)) = self.outcome_ages.front() {
            if until > now && self.outcome_ages.len() <= MAX_OUTCOMES {
                break;
            }
            self.outcome_ages.pop_front();
            self.outcomes.remove(&code);
        }
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn logins(&self) -> impl Iterator<Item = (&Code, &Login)> {
        self.entries.iter().map(|(code, entry)| (code, &entry.login))
    }
}

impl<W> Waits<W> {
    fn push(&mut self, wait: Wait<W>) {
        let mut waits = mem::replace(self, Self::Many(Vec::new())).into_vec();
        waits.push(wait);
        *self = Self::Many(waits);
    }

    /// Takes out one wait of this kind.
    fn remove(&mut self, is_it: impl Fn(&Wait<W>) -> bool) -> Option<Wait<W>> {
        let position = self.as_slice().iter().position(is_it)?;
        let mut waits = mem::replace(self, Self::Many(Vec::new())).into_vec();
        let wait = waits.swap_remove(position);
        *self = Self::Many(waits);
        Some(wait)
    }

    fn as_slice(&self) -> &[Wait<W>] {
        match self {
            Self::One(wait) => slice::from_ref(wait),
            Self::Many(waits) => waits,
        }
    }

    fn into_vec(self) -> Vec<Wait<W>> {
        match self {
            Self::One(wait) => vec![wait],
            Self::Many(waits) => waits,
        }
    }
}
