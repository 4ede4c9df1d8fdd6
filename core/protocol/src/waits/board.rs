//! Who waits for which login, until when, and what ended logins came to.
//!
//! Logins are many, and each takes room for as long as it is pending: they stand in one table, and everything else
//! that speaks of them (the index by code, the deadlines, the streams) holds their eight bytes of a [`LoginId`].

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    mem, slice,
    time::Duration,
};

use hashbrown::HashTable;
use slotmap::{SlotMap, SparseSecondaryMap};

use super::{Outcome, StreamId, course::Course};
use crate::{
    token::{Code, Token},
    wire::Progress,
};

/// How long an outcome is remembered for waits that come after it: as long as the server keeps a result.
const OUTCOME_KEPT: Duration = Duration::from_secs(300);

/// Most outcomes remembered; beyond it the oldest goes, and a late wait asks the server.
const MAX_OUTCOMES: usize = 10_000;

/// When the server has surely ended a login by itself, short of the exact 300 s: a wait that times out that late
/// leaves nothing behind that would have to be taken off its stream.
const SERVER_LIFETIME: Duration = Duration::from_secs(295);

slotmap::new_key_type! {
    /// Names a login of a board; one that has left the board is never meant by another's name.
    pub(super) struct LoginId;
}

/// Names one wait of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitId {
    login: LoginId,
    number: u64,
}

impl WaitId {
    /// The name of a wait that had settled when it began: there is nothing to end.
    pub(super) fn settled() -> Self {
        Self { login: LoginId::default(), number: 0 }
    }
}

/// A login that somebody waits for.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) token: Token,
    /// The token's code, which costs a hash to work out.
    pub(super) code: Code,
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
    entries: SlotMap<LoginId, Entry<W>>,
    by_code: HashTable<LoginId>,
    /// How far logins have come, as the server told it: few of those that wait.
    courses: SparseSecondaryMap<LoginId, Course>,
    /// Codes come from outside: nobody is to choose them so that they collide.
    hasher: RandomState,
    /// One entry for each deadline of a login, whatever the number of waits that share it.
    deadlines: BTreeSet<(Moment, LoginId)>,
    outcomes: HashMap<Code, (Duration, Outcome)>,
    /// Codes of `outcomes` with the moment each is forgotten, oldest first.
    outcome_ages: VecDeque<(Duration, Code)>,
    last_number: u64,
}

impl<W> Board<W> {
    pub(super) fn new() -> Self {
        Self {
            entries: SlotMap::with_key(),
            by_code: HashTable::new(),
            courses: SparseSecondaryMap::new(),
            hasher: RandomState::new(),
            deadlines: BTreeSet::new(),
            outcomes: HashMap::new(),
            outcome_ages: VecDeque::new(),
            last_number: 0,
        }
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.by_code.is_empty()
            && self.deadlines.is_empty()
            && self.courses.is_empty()
    }

    /// Adds a wait; the login is named where this is its first.
    pub(super) fn add(
        &mut self,
        now: Duration,
        token: Token,
        code: Code,
        deadline: Duration,
        waiter: W,
    ) -> (WaitId, Option<LoginId>) {
        self.last_number += 1;
        let (number, deadline) = (self.last_number, Moment::of(deadline));
        let wait = Wait { number, deadline, waiter };
        let known = self.find(&code);
        let login = match known.and_then(|login| Some((login, self.entries.get_mut(login)?))) {
            Some((login, entry)) => {
                entry.waits.push(wait);
                login
            }
            None => self.insert(now, token, code, wait),
        };
        self.deadlines.insert((deadline, login));
        (WaitId { login, number }, known.is_none().then_some(login))
    }

    fn insert(&mut self, now: Duration, token: Token, code: Code, wait: Wait<W>) -> LoginId {
        let login = Login { token, code, carrier: None, next_carrier: None, since: Moment::of(now) };
        let id = self.entries.insert(Entry { login, waits: Waits::One(wait) });
        let Self { entries, by_code, hasher, .. } = self;
        let hash_of = |id: &LoginId| entries.get(*id).map_or(0, |entry| hasher.hash_one(entry.login.code));
        by_code.insert_unique(hasher.hash_one(code), id, hash_of);
        id
    }

    /// The pending login with this code.
    pub(super) fn find(&self, code: &Code) -> Option<LoginId> {
        let is_it = |id: &LoginId| self.entries.get(*id).is_some_and(|entry| entry.login.code == *code);
        self.by_code.find(self.hasher.hash_one(code), is_it).copied()
    }

    /// Takes a login off the board; its deadlines are left.
    fn take_entry(&mut self, id: LoginId) -> Option<Entry<W>> {
        let entry = self.entries.remove(id)?;
        self.courses.remove(id);
        let hash = self.hasher.hash_one(entry.login.code);
        if let Ok(place) = self.by_code.find_entry(hash, |known| *known == id) {
            place.remove();
        }
        Some(entry)
    }

    /// Removes one wait. The login comes along when this was the last wait for it.
    pub(super) fn remove(&mut self, id: WaitId) -> Option<(W, Option<Login>)> {
        let entry = self.entries.get_mut(id.login)?;
        let wait = entry.waits.remove(|wait| wait.number == id.number)?;
        Some(self.removed(id.login, wait))
    }

    /// Removes the wait whose deadline has passed for the longest time.
    pub(super) fn pop_overdue(&mut self, now: Duration) -> Option<(W, Option<Login>)> {
        let &(deadline, login) = self.deadlines.first()?;
        if Duration::from(deadline) > now {
            return None;
        }
        let wait = self.entries.get_mut(login)?.waits.remove(|wait| wait.deadline == deadline)?;
        Some(self.removed(login, wait))
    }

    /// Clears up after a wait that was taken out of its entry.
    fn removed(&mut self, id: LoginId, wait: Wait<W>) -> (W, Option<Login>) {
        let left = self.entries.get(id).map_or(&[][..], |entry| entry.waits.as_slice());
        if left.iter().all(|other| other.deadline != wait.deadline) {
            self.deadlines.remove(&(wait.deadline, id));
        }
        let login = if left.is_empty() { self.take_entry(id).map(|entry| entry.login) } else { None };
        (wait.waiter, login)
    }

    /// Removes a login with all its waits.
    pub(super) fn take(&mut self, id: LoginId) -> Option<(Vec<W>, Login)> {
        let entry = self.take_entry(id)?;
        let waits = entry.waits.into_vec();
        for wait in &waits {
            self.deadlines.remove(&(wait.deadline, id));
        }
        Some((waits.into_iter().map(|wait| wait.waiter).collect(), entry.login))
    }

    /// Removes everything that waits.
    pub(super) fn drain(&mut self) -> Vec<W> {
        self.deadlines.clear();
        self.by_code.clear();
        self.courses.clear();
        let entries = mem::take(&mut self.entries);
        let waits = entries.into_iter().flat_map(|(_, entry)| entry.waits.into_vec());
        waits.map(|wait| wait.waiter).collect()
    }

    pub(super) fn login(&self, id: LoginId) -> Option<&Login> {
        self.entries.get(id).map(|entry| &entry.login)
    }

    pub(super) fn login_mut(&mut self, id: LoginId) -> Option<&mut Login> {
        self.entries.get_mut(id).map(|entry| &mut entry.login)
    }

    /// How far a login has come.
    pub(super) fn progress(&self, id: LoginId) -> Option<Progress> {
        self.courses.get(id)?.last()
    }

    /// Notes how far a login has come; whether that is news.
    pub(super) fn advance(&mut self, id: LoginId, progress: Progress) -> bool {
        self.courses.entry(id).is_some_and(|course| course.or_default().advance(progress))
    }

    /// Who waits for a login.
    pub(super) fn waiters(&self, id: LoginId) -> impl Iterator<Item = &W> {
        let waits = self.entries.get(id).map_or(&[][..], |entry| entry.waits.as_slice());
        waits.iter().map(|wait| &wait.waiter)
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
    pub(super) fn logins(&self) -> impl Iterator<Item = (LoginId, &Login)> {
        self.entries.iter().map(|(id, entry)| (id, &entry.login))
    }

    /// Whether the books are right: every login is found by its code, and has its deadlines.
    #[cfg(any(test, fuzzing))]
    pub(super) fn check(&self) {
        assert_eq!(self.by_code.len(), self.entries.len());
        let mut deadlines = BTreeSet::new();
        for (id, entry) in &self.entries {
            assert_eq!(self.find(&entry.login.code), Some(id));
            assert!(!entry.waits.as_slice().is_empty(), "a login that nobody waits for");
            deadlines.extend(entry.waits.as_slice().iter().map(|wait| (wait.deadline, id)));
        }
        assert_eq!(self.deadlines, deadlines);
        assert!(self.courses.keys().all(|id| self.entries.contains_key(id)), "progress of nobody");
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
