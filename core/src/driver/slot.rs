//! Where a result is put by whoever has it, and picked up by threads, tasks and callbacks.

use std::{
    mem, slice,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Instant,
};

use super::thread::unwound;
use loggin_protocol::Error;

pub(super) type Callback<T> = Box<dyn FnOnce(Result<T, Error>) + Send>;

/// Where a result is put and picked up.
pub(super) struct Slot<T> {
    state: Mutex<State<T>>,
    is_done: Condvar,
}

enum State<T> {
    Open(Watchers<T>),
    /// Boxed, as most slots are empty for most of their life.
    Done(Box<Result<T, Error>>),
}

/// Who is to be told, besides the threads that are blocked: nearly always one.
enum Watchers<T> {
    None,
    One(Watcher<T>),
    Many(Vec<Watcher<T>>),
}

enum Watcher<T> {
    /// The task that owns the result: it is the last that asked.
    Owner(Waker),
    /// A task that shares the result.
    Task(Waker),
    Callback(Callback<T>),
}

/// Most tasks that share a result. The oldest beyond it is woken, and asks again.
pub(super) const MAX_WATCHERS: usize = 1_000;

impl<T> Watchers<T> {
    fn into_vec(self) -> Vec<Watcher<T>> {
        match self {
            Self::None => Vec::new(),
            Self::One(watcher) => vec![watcher],
            Self::Many(watchers) => watchers,
        }
    }

    fn as_slice(&self) -> &[Watcher<T>] {
        match self {
            Self::None => &[],
            Self::One(watcher) => slice::from_ref(watcher),
            Self::Many(watchers) => watchers,
        }
    }

    /// Adds one. Returns a task that it takes the place of.
    fn push(&mut self, watcher: Watcher<T>) -> Option<Watcher<T>> {
        let mut watchers = mem::replace(self, Self::None).into_vec();
        let is_owner = |watcher: &Watcher<T>| matches!(watcher, Watcher::Owner(_));
        let owner = watchers.iter().position(is_owner).filter(|_| is_owner(&watcher));
        let is_task = |watcher: &Watcher<T>| matches!(watcher, Watcher::Task(_));
        let oldest = watchers.iter().position(is_task).filter(|_| watchers.len() >= MAX_WATCHERS);
        let before = owner.or(oldest).map(|position| watchers.remove(position));
        *self = if watchers.is_empty() {
            Self::One(watcher)
        } else {
            watchers.push(watcher);
            Self::Many(watchers)
        };
        before
    }
}

impl<T: Clone> Slot<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::Open(Watchers::None)), is_done: Condvar::new() })
    }

    /// Puts the result in, and wakes whoever waits for it with no lock held. The first result stays.
    pub(super) fn settle(&self, result: Result<T, Error>) {
        let mut state = self.lock();
        if matches!(*state, State::Done(_)) {
            return;
        }
        let before = mem::replace(&mut *state, State::Done(Box::new(result)));
        drop(state);
        self.is_done.notify_all();
        let State::Open(watchers) = before else { return };
        for watcher in watchers.into_vec() {
            // A panic of theirs must not end the thread, on which others depend.
            match watcher {
                Watcher::Owner(waker) | Watcher::Task(waker) => _ = unwound(|| waker.wake()),
                Watcher::Callback(callback) => _ = unwound(|| self.result().map(callback)),
            }
        }
    }

    pub(super) fn result(&self) -> Option<Result<T, Error>> {
        match &*self.lock() {
            State::Done(result) => Some(Result::clone(result)),
            State::Open(_) => None,
        }
    }

    /// The result, or a promise to wake: the task that owns it, or one of those that share it.
    pub(super) fn poll(&self, waker: &Waker, is_owner: bool) -> Poll<Result<T, Error>> {
        let mut state = self.lock();
        let watchers = match &mut *state {
            State::Done(result) => return Poll::Ready(Result::clone(result)),
            State::Open(watchers) => watchers,
        };
        let is_known = |watcher: &Watcher<T>| match watcher {
            Watcher::Owner(known) => is_owner && known.will_wake(waker),
            Watcher::Task(known) => !is_owner && known.will_wake(waker),
            Watcher::Callback(_) => false,
        };
        if !watchers.as_slice().iter().any(is_known) {
            let waker = waker.clone();
            let before = watchers.push(if is_owner { Watcher::Owner(waker) } else { Watcher::Task(waker) });
            drop(state);
            if let Some(Watcher::Task(oldest)) = before {
                oldest.wake();
            }
        }
        Poll::Pending
    }

    pub(super) fn wait_until(&self, deadline: Option<Instant>) -> Option<Result<T, Error>> {
        let mut state = self.lock();
        loop {
            if let State::Done(result) = &*state {
                return Some(Result::clone(result));
            }
            state = match deadline {
                None => self.is_done.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left =
                        deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
                    self.is_done.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    pub(super) fn on_settle(&self, callback: Callback<T>) {
        let mut state = self.lock();
        let result = match &mut *state {
            State::Open(watchers) => {
                let before = watchers.push(Watcher::Callback(callback));
                drop(state);
                if let Some(Watcher::Task(oldest)) = before {
                    oldest.wake();
                }
                return;
            }
            State::Done(result) => Result::clone(result),
        };
        drop(state);
        unwound(|| callback(result));
    }

    pub(super) fn has_callback(&self) -> bool {
        let is_one = |watcher: &Watcher<T>| matches!(watcher, Watcher::Callback(_));
        matches!(&*self.lock(), State::Open(watchers) if watchers.as_slice().iter().any(is_one))
    }

    /// A panic while the lock is held is not possible, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
