//! Who waits for which login on this node.
//!
//! A stream has one [`Slot`], whatever the number of its tokens: a small queue of what happened, and a `Notify`. Between
//! two events it costs neither a timer nor a task of its own here; the heartbeats of all streams come from one tick.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use loggin_protocol::Code;
use tokio::sync::Notify;

use crate::store::Login;

/// How often the wheel turns by one place.
pub(crate) const TICK: Duration = Duration::from_secs(1);

/// Places on the wheel: a stream's heartbeat comes once a turn, and must come every 15 s.
const PLACES: usize = 14;

/// All that wait here.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    by_code: Mutex<HashMap<Code, Waiting>>,
    wheel: [Mutex<Vec<Weak<Slot>>>; PLACES],
    place: AtomicUsize,
    /// Where the next stream is put: those that come together, as after a restart, are spread over all places.
    next_place: AtomicUsize,
}

/// Those that wait for one login, and the version that they were told of last: what is told twice, or late, counts once.
#[derive(Debug)]
struct Waiting {
    told: i64,
    slots: Slots,
}

/// Nearly always one.
#[derive(Debug)]
enum Slots {
    One(Arc<Slot>),
    // Boxed, as there is one of these for each login that is waited for.
    #[expect(clippy::box_collection, reason = "a vector is three times as large")]
    Many(Box<Vec<Arc<Slot>>>),
}

/// One stream or long poll.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// What happened to its logins since it was last asked: each of them at most once for each of its states.
    news: Mutex<Vec<Arc<Login>>>,
    heartbeat: AtomicBool,
    notify: Notify,
}

/// What a slot has to tell.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) logins: Vec<Arc<Login>>,
    /// Whether it is time for a sign of life.
    pub(crate) heartbeat: bool,
}

impl Waiters {
    /// Begins to wait for these logins, whose codes must differ. What they are by now is to be read afterwards.
    pub(crate) fn register(&self, codes: &[Code]) -> Arc<Slot> {
        let slot = Arc::new(Slot::default());
        let place = self.next_place.fetch_add(1, Ordering::Relaxed) % PLACES;
        lock(&self.wheel[place]).push(Arc::downgrade(&slot));
        let mut by_code = lock(&self.by_code);
        for &code in codes {
            match by_code.entry(code) {
                Entry::Vacant(entry) => {
                    entry.insert(Waiting { told: 0, slots: Slots::One(Arc::clone(&slot)) });
                }
                Entry::Occupied(mut entry) => entry.get_mut().slots.add(Arc::clone(&slot)),
            }
        }
        slot
    }

    /// Ends a slot's wait for one login; tells whether it still waited.
    pub(crate) fn unregister(&self, slot: &Arc<Slot>, code: Code) -> bool {
        let mut by_code = lock(&self.by_code);
        let Entry::Occupied(mut entry) = by_code.entry(code) else {
            return false;
        };
        let (found, left) = entry.get_mut().slots.remove(slot);
        if left == 0 {
            entry.remove();
        }
        if by_code.len() < by_code.capacity() / 8 {
            // A burst of waits shall not keep its memory for ever.
            let twice = by_code.len() * 2;
            by_code.shrink_to(twice);
        }
        found
    }

    /// Whether a slot still waits for one login.
    pub(crate) fn is_registered(&self, slot: &Arc<Slot>, code: Code) -> bool {
        match lock(&self.by_code).get(&code).map(|waiting| &waiting.slots) {
            None => false,
            Some(Slots::One(only)) => Arc::ptr_eq(only, slot),
            Some(Slots::Many(slots)) => slots.iter().any(|one| Arc::ptr_eq(one, slot)),
        }
    }

    /// Tells everybody who waits for this login what it has become, unless they know.
    pub(crate) fn wake(&self, login: &Login) {
        self.wake_below(login.version, login);
    }

    /// Tells them where they do not know what it was before either. Another process has changed it then, and of a row only
    /// the last change is read.
    pub(crate) fn wake_who_missed(&self, login: &Login) {
        self.wake_below(login.version - 1, login);
    }

    /// Tells those who were told of no version as late as this one.
    fn wake_below(&self, version: i64, login: &Login) {
        let slots: Vec<Arc<Slot>> = match lock(&self.by_code).get_mut(&login.code) {
            Some(waiting) if waiting.told < version => {
                waiting.told = login.version;
                match &waiting.slots {
                    Slots::One(slot) => vec![Arc::clone(slot)],
                    Slots::Many(slots) => slots.to_vec(),
                }
            }
            _ => return,
        };
        let login = Arc::new(login.clone());
        for slot in slots {
            lock(&slot.news).push(Arc::clone(&login));
            slot.notify.notify_one();
        }
    }

    /// Turns the wheel by one place: the streams there send a sign of life.
    pub(crate) fn tick(&self) {
        let place = (self.place.fetch_add(1, Ordering::Relaxed) + 1) % PLACES;
        let mut slots = lock(&self.wheel[place]);
        slots.retain(|slot| {
            let Some(slot) = slot.upgrade() else { return false };
            slot.heartbeat.store(true, Ordering::Release);
            slot.notify.notify_one();
            true
        });
        if slots.len() < slots.capacity() / 8 {
            slots.shrink_to_fit();
        }
    }

    /// Turns the wheel for ever.
    pub(crate) async fn run_wheel(&self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.tick();
        }
    }

    /// How many wait for a login.
    #[cfg(test)]
    pub(crate) fn waiting_for(&self, code: Code) -> usize {
        match lock(&self.by_code).get(&code).map(|waiting| &waiting.slots) {
            None => 0,
            Some(Slots::One(_)) => 1,
            Some(Slots::Many(slots)) => slots.len(),
        }
    }

    /// How many logins are waited for.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        lock(&self.by_code).len()
    }
}

impl Slots {
    fn add(&mut self, slot: Arc<Slot>) {
        match self {
            Self::Many(slots) => slots.push(slot),
            Self::One(first) => *self = Self::Many(Box::new(vec![Arc::clone(first), slot])),
        }
    }

    /// Takes a slot out; tells whether it was there, and how many are left.
    fn remove(&mut self, slot: &Arc<Slot>) -> (bool, usize) {
        match self {
            Self::One(only) if Arc::ptr_eq(only, slot) => (true, 0),
            Self::One(_) => (false, 1),
            Self::Many(slots) => {
                let position = slots.iter().position(|one| Arc::ptr_eq(one, slot));
                if let Some(position) = position {
                    slots.swap_remove(position);
                }
                let left = slots.len();
                if let [last] = slots.as_slice() {
                    *self = Self::One(Arc::clone(last));
                }
                (position.is_some(), left)
            }
        }
    }
}

impl Slot {
    /// Waits until there is something to tell, and takes it.
    pub(crate) async fn news(&self) -> News {
        loop {
            let news = self.take();
            if news.heartbeat || !news.logins.is_empty() {
                return news;
            }
            self.notify.notified().await;
        }
    }

    /// Drops news that was read from the store meanwhile.
    pub(crate) fn forget_older(&self, read: &[Login]) {
        let mut news = lock(&self.news);
        if !news.is_empty() {
            let versions: HashMap<Code, i64> = read.iter().map(|login| (login.code, login.version)).collect();
            news.retain(|login| versions.get(&login.code).is_none_or(|version| login.version > *version));
        }
    }

    fn take(&self) -> News {
        News {
            logins: std::mem::take(&mut *lock(&self.news)),
            heartbeat: self.heartbeat.swap(false, Ordering::AcqRel),
        }
    }
}

/// These locks are held for a few instructions that do not panic; were one poisoned, its data would still be whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::UnixMillis,
        store::{State, Steps},
        tests::{START, token},
    };

    fn code(number: u8) -> Code {
        token(number).code()
    }

    fn login(number: u8, version: i64) -> Login {
        Login {
            code: code(number),
            state: State::Verified,
            version,
            deadline: UnixMillis(START.0 + 1),
            waited_for: true,
            phone: None,
            user_id: None,
            person: None,
            verified_at: None,
            claimed_by: None,
            confirmation: None,
            attempts_left: 0,
            reply_reference: None,
            language: None,
            confirm: loggin_protocol::Confirm::None,
            asker: None,
            steps: Steps::default(),
        }
    }

    fn told(slot: &Slot) -> Vec<(Code, i64)> {
        slot.take().logins.iter().map(|login| (login.code, login.version)).collect()
    }

    #[test]
    fn those_who_wait_are_told_and_nobody_else() {
        let waiters = Waiters::default();
        let slots: Vec<_> = (0..3).map(|_| waiters.register(&[code(1), code(2)])).collect();
        let other = waiters.register(&[code(2)]);
        waiters.wake(&login(1, 1));
        waiters.wake(&login(9, 1));
        for slot in &slots {
            assert_eq!(told(slot), [(code(1), 1)]);
        }
        assert_eq!(told(&other), []);
    }

    #[test]
    fn who_has_left_is_told_nothing_and_leaves_nothing() {
        let waiters = Waiters::default();
        let slots: Vec<_> = (0..3).map(|_| waiters.register(&[code(1)])).collect();
        let unregistered = Arc::new(Slot::default());
        assert!(!waiters.unregister(&unregistered, code(1)));
        for ((left, slot), version) in slots.iter().enumerate().zip(1..) {
            assert!(waiters.is_registered(slot, code(1)));
            assert!(waiters.unregister(slot, code(1)));
            assert!(!waiters.unregister(slot, code(1)));
            assert!(!waiters.is_registered(slot, code(1)));
            waiters.wake(&login(1, version));
            assert_eq!(told(slot), []);
            for other in &slots[left + 1..] {
                assert_eq!(told(other), [(code(1), version)]);
            }
        }
        assert_eq!(waiters.len(), 0);
    }

    #[test]
    fn what_is_told_twice_or_late_counts_once() {
        let waiters = Waiters::default();
        let slot = waiters.register(&[code(1)]);
        for version in [2, 2, 1, 3] {
            waiters.wake(&login(1, version));
        }
        assert_eq!(told(&slot), [(code(1), 2), (code(1), 3)]);
        waiters.wake(&login(1, 3));
        assert_eq!(told(&slot), []);
    }

    #[test]
    fn who_missed_a_version_is_told_of_the_next_and_others_are_not() {
        let waiters = Waiters::default();
        let slot = waiters.register(&[code(1)]);
        waiters.wake(&login(1, 2));
        waiters.wake_who_missed(&login(1, 3));
        assert_eq!(told(&slot), [(code(1), 2)]);
        waiters.wake_who_missed(&login(1, 5));
        assert_eq!(told(&slot), [(code(1), 5)]);
    }

    #[test]
    fn news_that_was_read_meanwhile_is_dropped() {
        let waiters = Waiters::default();
        let slot = waiters.register(&[code(1), code(2)]);
        for version in 1..=3 {
            waiters.wake(&login(1, version));
        }
        waiters.wake(&login(2, 1));
        slot.forget_older(&[login(1, 2)]);
        assert_eq!(told(&slot), [(code(1), 3), (code(2), 1)]);
    }

    #[test]
    fn a_turn_of_the_wheel_reaches_each_stream_once_and_is_short_enough() {
        let waiters = Waiters::default();
        let mut slots = Vec::new();
        for _ in 0..PLACES {
            slots.push(waiters.register(&[]));
            waiters.tick();
        }
        let beats = |slots: &[Arc<Slot>]| slots.iter().filter(|slot| slot.take().heartbeat).count();
        assert_eq!(beats(&slots), 1);
        for _ in 0..PLACES {
            waiters.tick();
            assert_eq!(beats(&slots), 1);
        }
        assert!(TICK * u32::try_from(PLACES).unwrap() < Duration::from_secs(15));
        drop(slots);
        for _ in 0..PLACES {
            waiters.tick();
        }
        assert!(waiters.wheel.iter().all(|place| lock(place).is_empty()));
    }

    #[test]
    fn streams_that_come_together_are_spread_over_the_wheel() {
        let waiters = Waiters::default();
        let slots: Vec<_> = (0..10 * PLACES).map(|_| waiters.register(&[])).collect();
        for _ in 0..2 * PLACES {
            waiters.tick();
            assert_eq!(slots.iter().filter(|slot| slot.take().heartbeat).count(), 10);
        }
    }

    #[test]
    fn a_burst_of_waits_does_not_keep_its_memory() {
        let waiters = Waiters::default();
        let codes: Vec<Code> = (0..100).map(code).collect();
        let slot = waiters.register(&codes);
        let most = lock(&waiters.by_code).capacity();
        for code in codes {
            waiters.unregister(&slot, code);
        }
        assert!(lock(&waiters.by_code).capacity() < most / 4);
    }

    #[tokio::test]
    async fn news_that_comes_before_the_wait_is_not_lost() {
        let waiters = Waiters::default();
        let slot = waiters.register(&[code(1)]);
        waiters.wake(&login(1, 1));
        assert_eq!(slot.news().await.logins.len(), 1);
        let waiting = Arc::clone(&slot);
        let waiting = tokio::spawn(async move { waiting.news().await.logins.len() });
        tokio::task::yield_now().await;
        waiters.wake(&login(1, 2));
        assert_eq!(waiting.await.unwrap(), 1);
    }
}
