//! A login that is watched: how far it has come, and in the end who signed in.

use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{
    pending::{Pending, Slot},
    unwound,
};
use crate::{error::Error, session::Observed, waits::Course, wire::Progress};

/// What is new about a watched login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// It has come further, and has no result yet.
    Progress(Progress),
    /// The person has signed in: the last update.
    Verified(Observed),
}

/// Where a watched login's progress and result are put.
pub(super) struct Watched {
    pub(super) slot: Arc<Slot<Observed>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    course: Course,
    /// What the watcher has not picked up.
    news: Option<Progress>,
    waker: Option<Waker>,
}

impl Watched {
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
        state.news = Some(progress);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            // A panic of its own must not end the thread, on which others depend.
            unwound(|| waker.wake());
        }
    }

    fn poll_progress(&self, waker: &Waker) -> Poll<Progress> {
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

/// A login that is watched. Dropping it ends the wait.
///
/// ```no_run
/// # async fn example() -> Result<(), loggin::Error> {
/// use loggin::{Loggin, Update};
///
/// let client = Loggin::builder().base_url("https://login.example").build_observer()?;
/// let login = client.create_token("8XKPQ2WN")?;
/// let watch = client.watch(login.token, None);
/// while let Update::Progress(progress) = watch.next().await? {
///     println!("{progress:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it ends the wait"]
pub struct Watch {
    watched: Arc<Watched>,
    pending: Pending<Observed>,
}

impl Watch {
    pub(super) fn new(watched: Arc<Watched>, pending: Pending<Observed>) -> Self {
        Self { watched, pending }
    }

    /// A watch that has ended before it began.
    #[doc(hidden)]
    pub fn failed(error: Error) -> Self {
        Self::new(Watched::new(), Pending::settled(Err(error)))
    }

    /// Waits for what is new: each step of progress at most once, then the result, which stays. Steps that follow
    /// each other faster than they are asked for are told as one. One task at a time may wait.
    ///
    /// # Errors
    /// Those of [`crate::Observer::start_wait`].
    pub async fn next(&self) -> Result<Update, Error> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Ends the wait with `closed`, and wakes whoever waits for what is new.
    pub fn cancel(&self) {
        self.pending.cancel();
    }

    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Result<Update, Error>> {
        if let Poll::Ready(progress) = self.watched.poll_progress(context.waker()) {
            return Poll::Ready(Ok(Update::Progress(progress)));
        }
        self.pending.poll_as_owner(context).map(|outcome| outcome.map(Update::Verified))
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watch").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
    };

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn watch() -> (Arc<Watched>, Watch) {
        let watched = Watched::new();
        let pending = Pending::new(Arc::clone(&watched.slot), None);
        (Arc::clone(&watched), Watch::new(watched, pending))
    }

    #[test]
    fn each_step_is_told_once_and_wakes_once_and_the_result_stays() {
        let (watched, watch) = watch();
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        assert!(watch.poll_next(&mut context).is_pending());
        watched.advance(Progress::MessageReceived);
        watched.advance(Progress::MessageReceived);
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        let progress = |progress| Poll::Ready(Ok(Update::Progress(progress)));
        assert_eq!(watch.poll_next(&mut context), progress(Progress::MessageReceived));
        assert!(watch.poll_next(&mut context).is_pending());
        watched.advance(Progress::AwaitingConfirmation);
        watched.advance(Progress::MessageReceived);
        watched.slot.settle(Err(Error::new(ErrorCode::Expired, "")));
        assert_eq!(watch.poll_next(&mut context), progress(Progress::AwaitingConfirmation));
        for _ in 0..2 {
            let Poll::Ready(Err(error)) = watch.poll_next(&mut context) else { panic!("it has ended") };
            assert_eq!(error.code(), ErrorCode::Expired);
        }
    }

    #[test]
    fn the_result_wakes_who_waits_for_progress() {
        let (watched, watch) = watch();
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        assert!(watch.poll_next(&mut Context::from_waker(&waker)).is_pending());
        watched.slot.settle(Err(Error::new(ErrorCode::Denied, "")));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }
}
