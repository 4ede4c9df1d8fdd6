//! Where the progress and the result of a watched login are put, and picked up.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use super::{slot::Slot, thread::unwound};
use loggin_protocol::{waits::Course, wire::Progress};

/// Where a watched login's progress and result are put.
pub(super) struct Watched<T> {
    pub(super) slot: Arc<Slot<T>>,
    state: Mutex<State>,
}

pub(super) type Teller = Arc<dyn Fn(Progress) + Send + Sync>;

#[derive(Default)]
struct State {
    course: Course,
    /// What the watcher has not picked up.
    news: Option<Progress>,
    waker: Option<Waker>,
    /// Who is told at once, in place of a watcher who asks.
    teller: Option<Teller>,
}

impl<T: Clone> Watched<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { slot: Slot::new(), state: Mutex::default() })
    }

    /// Puts progress in, and wakes the watcher with no lock held. Threads may come in any order: a login does not go
    /// back.
    pub(super) fn advance(&self, progress: Progress) {
        let mut state = self.lock();
        if !state.course.advance(progress) {
            return;
        }
        let teller = state.teller.clone();
        if teller.is_none() {
            state.news = Some(progress);
        }
        let waker = state.waker.take();
        drop(state);
        // A panic of theirs must not end the thread, on which others depend.
        if let Some(teller) = teller {
            unwound(|| teller(progress));
        }
        if let Some(waker) = waker {
            unwound(|| waker.wake());
        }
    }

    /// Has `teller` called with each step, first with one that was not picked up.
    pub(super) fn tell_each(&self, teller: &Teller) {
        let mut state = self.lock();
        state.teller = Some(Arc::clone(teller));
        let missed = state.news.take();
        drop(state);
        if let Some(progress) = missed {
            unwound(|| teller(progress));
        }
    }

    pub(super) fn poll_progress(&self, waker: &Waker) -> Poll<Progress> {
        let mut state = self.lock();
        if let Some(progress) = state.news.take() {
            return Poll::Ready(progress);
        }
        let old = state.waker.replace(waker.clone());
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// A panic while the lock is held is not possible, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
