//! A login that is watched: how far it has come, and in the end who signed in.

use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use super::{
    hub::Hub,
    pending::Pending,
    waiter::Told,
    watched::{Teller, Watched},
};
use loggin_protocol::{Error, Observed, Token, wire::Progress};

/// What is new about a watched login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update<T = Observed> {
    /// It has come further, and has no result yet.
    Progress(Progress),
    /// The person has signed in: the last update.
    Verified(T),
}

/// A login that is watched: by [`crate::Loggin::watch`], which redeems it, or by [`crate::Observer::watch`]. Dropping it
/// ends the wait.
///
/// ```no_run
/// # async fn example() -> Result<(), loggin::Error> {
/// use loggin::{Loggin, Update};
///
/// let client = Loggin::from_env()?;
/// let login = client.create_token("8XKPQ2WN")?;
/// let watch = client.watch(login.token, None);
/// let session = loop {
///     match watch.next().await? {
///         Update::Progress(progress) => println!("{}", progress.as_str()),
///         Update::Verified(session) => break session,
///     }
/// };
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it ends the wait"]
pub struct Watch<T: Clone = Observed> {
    watched: Arc<Watched<T>>,
    pending: Pending<T>,
}

impl Hub {
    /// Begins a wait of somebody who wants to know how far the login has come.
    pub(crate) fn watch<T: Told>(self: &Arc<Self>, token: Token, timeout: Duration) -> Watch<T> {
        let watched = Watched::new();
        let id = self.add_wait(token, timeout, Arc::<Watched<T>>::clone(&watched));
        let pending = Pending::of_wait(Arc::clone(&watched.slot), self, id);
        Watch::new(watched, pending)
    }
}

impl<T: Clone> Watch<T> {
    fn new(watched: Arc<Watched<T>>, pending: Pending<T>) -> Self {
        Self { watched, pending }
    }

    /// A watch that has ended before it began.
    #[doc(hidden)]
    pub fn failed(error: Error) -> Self {
        Self::new(Watched::new(), Pending::settled(Err(error)))
    }

    /// Waits for what is new: each step of progress at most once, then the result, which stays. Steps that follow
    /// each other faster than they are asked for are told as one. One task or thread at a time may wait.
    ///
    /// # Errors
    /// Those of [`crate::Loggin::wait_for_verify`], or of [`crate::Observer::start_wait`].
    pub async fn next(&self) -> Result<Update<T>, Error> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The same, blocking this thread.
    ///
    /// # Errors
    /// Those of [`Watch::next`].
    pub fn wait_next(&self) -> Result<Update<T>, Error> {
        loop {
            if let Some(update) = self.wait_next_timeout(Duration::MAX) {
                return update;
            }
        }
    }

    /// The same for at most `patience`; `None` where nothing is new by then.
    pub fn wait_next_timeout(&self, patience: Duration) -> Option<Result<Update<T>, Error>> {
        let deadline = Instant::now().checked_add(patience);
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(update) = self.poll_next(&mut context) {
                return Some(update);
            }
            match deadline {
                None => thread::park(),
                Some(deadline) => {
                    let left =
                        deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
                    thread::park_timeout(left);
                }
            }
        }
    }

    /// Has `tell` called with each step and then with the result, on threads of the client or, where there is news
    /// already, on this one. It must be quick and must not block: other waits stand behind it. A step may come in while
    /// the result does. Nothing is left for [`Watch::next`] but the result.
    pub fn on_update(&self, tell: impl Fn(Result<Update<T>, Error>) + Send + Sync + 'static) {
        let tell = Arc::new(tell);
        let tell_end = Arc::clone(&tell);
        if let Err(error) = self.pending.check_process() {
            return tell(Err(error));
        }
        let teller: Teller = Arc::new(move |progress| tell(Ok(Update::Progress(progress))));
        self.watched.tell_each(&teller);
        self.pending.on_settle(move |outcome| tell_end(outcome.map(Update::Verified)));
    }

    /// Ends the wait with `closed`, and wakes whoever waits for what is new.
    pub fn cancel(&self) {
        self.pending.cancel();
    }

    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Result<Update<T>, Error>> {
        // In a forked child a thread that is not there may hold the lock.
        self.pending.check_process()?;
        if let Poll::Ready(progress) = self.watched.poll_progress(context.waker()) {
            return Poll::Ready(Ok(Update::Progress(progress)));
        }
        self.pending.poll_as_owner(context).map(|outcome| outcome.map(Update::Verified))
    }
}

impl<T: Clone> fmt::Debug for Watch<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// Wakes a thread that waits for what is new.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loggin_protocol::ErrorCode;
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn watch() -> (Arc<Watched<Observed>>, Watch) {
        let watched = Watched::new();
        let pending = Pending::unowned(Arc::clone(&watched.slot));
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

    #[test]
    fn a_thread_that_waits_is_told_too_and_not_for_longer_than_it_wants() {
        let (watched, watch) = watch();
        assert_eq!(watch.wait_next_timeout(Duration::ZERO), None);
        watched.advance(Progress::MessageReceived);
        let (told, heard) = mpsc::channel();
        let thread = thread::spawn(move || {
            for _ in 0..2 {
                told.send(watch.wait_next()).unwrap();
            }
        });
        assert_eq!(heard.recv().unwrap(), Ok(Update::Progress(Progress::MessageReceived)));
        watched.slot.settle(Err(Error::new(ErrorCode::Expired, "")));
        assert_eq!(heard.recv().unwrap().unwrap_err().code(), ErrorCode::Expired);
        thread.join().unwrap();
    }

    #[test]
    fn who_is_told_by_a_call_misses_nothing_and_may_panic() {
        let (watched, watch) = watch();
        watched.advance(Progress::MessageReceived);
        let (told, heard) = mpsc::channel();
        watch.on_update(move |update| {
            told.send(update).unwrap();
            panic!("as it may");
        });
        watched.advance(Progress::AwaitingConfirmation);
        watched.slot.settle(Err(Error::new(ErrorCode::Denied, "")));
        let progress = |progress| Ok(Update::Progress(progress));
        assert_eq!(heard.recv().unwrap(), progress(Progress::MessageReceived));
        assert_eq!(heard.recv().unwrap(), progress(Progress::AwaitingConfirmation));
        assert_eq!(heard.recv().unwrap().unwrap_err().code(), ErrorCode::Denied);
        assert_eq!(watch.wait_next().unwrap_err().code(), ErrorCode::Denied);
    }
}
