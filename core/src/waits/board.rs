//! Who waits for which login, until when, and what ended logins came to.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    mem,
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
    since: Duration,
}

impl Login {
    /// Whether the server has ended the login by itself, or is about to.
    pub(super) fn is_over_at_server(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) >= SERVER_LIFETIME
    }
}

struct Wait<W> {
    number: u64,
    deadline: Duration,
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
    deadlines: BTreeMap<(Duration, u64), Code>,
    outcomes: HashMap<Code, (Duration, Outcome)>,
    /// Codes of `outcomes` with the moment each is forgotten, oldest first.
    outcome_ages: VecDeque<(Duration, Code)>,
    next_number: u64,
}

impl<W> Board<W> {
    pub(super) fn new() -> Self {
        Self {
            entries: HashMap::new(),
            deadlines: BTreeMap::new(),
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
        let wait = Wait { number: id.number, deadline, waiter };
        self.deadlines.insert((deadline, id.number), code);
        if let Some(entry) = self.entries.get_mut(&code) {
            entry.waits.push(wait);
            return (id, false);
        }
        let login = Login { token, carrier: None, next_carrier: None, since: now };
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
        let (wait, was_last) = entry.waits.remove(id.number)?;
        self.deadlines.remove(&(wait.deadline, wait.number));
        let login = if was_last { self.entries.remove(&id.code).map(|entry| entry.login) } else { None };
        Some((wait.waiter, login))
    }

    /// Removes the wait whose deadline has passed for the longest time.
    pub(super) fn pop_overdue(&mut self, now: Duration) -> Option<(W, Option<Login>)> {
        let (&(deadline, number), &code) = self.deadlines.first_key_value()?;
        if deadline > now {
            return None;
        }
        self.remove(WaitId { code, number })
    }

    /// Removes a login with all its waits.
    pub(super) fn take(&mut self, code: &Code) -> Option<(Vec<W>, Login)> {
        let entry = self.entries.remove(code)?;
        let waits = entry.waits.into_vec();
        for wait in &waits {
            self.deadlines.remove(&(wait.deadline, wait.number));
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
        self.deadlines.first_key_value().map(|(&(deadline, _), _)| deadline)
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

    /// Removes a wait; the flag tells whether none is left.
    fn remove(&mut self, number: u64) -> Option<(Wait<W>, bool)> {
        let mut waits = mem::replace(self, Self::Many(Vec::new())).into_vec();
        let found =
            waits.iter().position(|wait| wait.number == number).map(|position| waits.swap_remove(position));
        let is_empty = waits.is_empty();
        *self = Self::Many(waits);
        found.map(|wait| (wait, is_empty))
    }

    fn into_vec(self) -> Vec<Wait<W>> {
        match self {
            Self::One(wait) => vec![wait],
            Self::Many(waits) => waits,
        }
    }
}
