//! A result that comes later: a std `Future`, a blocking wait, or a callback.

use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use super::{fork, hub::Hub};
use crate::{
    error::{Error, ErrorCode},
    waits::WaitId,
};

type Callback<T> = Box<dyn FnOnce(Result<T, Error>) + Send>;

/// Where a result is put and picked up.
pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
    is_done: Condvar,
}

enum State<T> {
    Waiting,
    Watched(Waker),
    Called(Callback<T>),
    /// Boxed, as most slots are empty for most of their life.
    Done(Box<Result<T, Error>>),
}

impl<T: Clone> Slot<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::Waiting), is_done: Condvar::new() })
    }

    /// Puts the result in, and wakes whoever waits for it with no lock held. The first result stays.
    pub(crate) fn settle(&self, result: Result<T, Error>) {
        let mut state = self.lock();
        if matches!(*state, State::Done(_)) {
            return;
        }
        let before = std::mem::replace(&mut *state, State::Done(Box::new(result.clone())));
        drop(state);
        match before {
            State::Waiting | State::Done(_) => self.is_done.notify_all(),
            State::Watched(waker) => waker.wake(),
            State::Called(callback) => call(callback, result),
        }
    }

    fn result(&self) -> Option<Result<T, Error>> {
        match &*self.lock() {
            State::Done(result) => Some(Result::clone(result)),
            _ => None,
        }
    }

    fn poll(&self, waker: &Waker) -> Poll<Result<T, Error>> {
        let mut state = self.lock();
        if let State::Done(result) = &*state {
            return Poll::Ready(Result::clone(result));
        }
        if !matches!(&*state, State::Watched(known) if known.will_wake(waker)) {
            let old = std::mem::replace(&mut *state, State::Watched(waker.clone()));
            drop(state);
            drop(old);
        }
        Poll::Pending
    }

    fn wait_until(&self, deadline: Option<Instant>) -> Option<Result<T, Error>> {
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

    fn on_settle(&self, callback: Callback<T>) {
        let mut state = self.lock();
        if let State::Done(result) = &*state {
            let result = Result::clone(result);
            drop(state);
            return call(callback, result);
        }
        *state = State::Called(callback);
    }

    /// A panic while the lock is held is not possible, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a callback on a thread that others depend on: its panic must not end that thread.
fn call<T>(callback: Callback<T>, result: Result<T, Error>) {
    // The panic hook has reported the panic; the callback is gone, and nothing it touched is ours.
    let _ = catch_unwind(AssertUnwindSafe(|| callback(result)));
}

/// A result that is not there yet. Awaiting it needs no particular runtime.
///
/// Dropping it ends a wait. A call that was begun goes on, and its callback is still told.
///
/// Use one way of waiting for each: `.await`, [`Pending::wait`], or [`Pending::on_settle`].
///
/// ```no_run
/// # async fn example() -> Result<(), loggin::Error> {
/// let client = loggin::Loggin::from_env()?;
/// let login = client.create_token("8XKPQ2WN")?;
/// let session = client.wait_for_verify_async(login.token).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it ends a wait"]
pub struct Pending<T: Clone> {
    slot: Arc<Slot<T>>,
    /// The wait that ends when this is dropped.
    wait: Option<(Arc<Hub>, WaitId)>,
    generation: u64,
}

impl<T: Clone> Pending<T> {
    pub(crate) fn new(slot: Arc<Slot<T>>, wait: Option<(Arc<Hub>, WaitId)>) -> Self {
        Self { slot, wait, generation: fork::generation() }
    }

    /// A result that is there already.
    pub(crate) fn settled(result: Result<T, Error>) -> Self {
        let slot = Slot::new();
        slot.settle(result);
        Self::new(slot, None)
    }

    /// Blocks this thread until the result is there.
    ///
    /// # Errors
    /// Those of the call that began it; `closed` in a forked child, where the wait of its parent cannot go on.
    pub fn wait(self) -> Result<T, Error> {
        self.check_process()?;
        self.slot.wait_until(None).unwrap_or_else(|| Err(closed()))
    }

    /// Blocks this thread for at most `patience`; `None` where the result is not there by then.
    pub fn wait_timeout(&self, patience: Duration) -> Option<Result<T, Error>> {
        if let Err(error) = self.check_process() {
            return Some(Err(error));
        }
        match Instant::now().checked_add(patience) {
            Some(deadline) => self.slot.wait_until(Some(deadline)),
            None => self.slot.wait_until(None),
        }
    }

    /// The result, where it is there.
    pub fn result(&self) -> Option<Result<T, Error>> {
        match self.check_process() {
            Ok(()) => self.slot.result(),
            Err(error) => Some(Err(error)),
        }
    }

    /// Has `callback` run once the result is there, on a thread of the client or, where it is there already, on this
    /// one. It must be quick and must not block: other waits stand behind it.
    pub fn on_settle(&self, callback: impl FnOnce(Result<T, Error>) + Send + 'static) {
        match self.check_process() {
            Ok(()) => self.slot.on_settle(Box::new(callback)),
            Err(error) => callback(Err(error)),
        }
    }

    /// Ends a wait with `closed`, and wakes whoever waits for its result. What has a result keeps it; a call goes on.
    pub fn cancel(&self) {
        if let (Ok(()), Some((hub, id))) = (self.check_process(), &self.wait) {
            hub.cancel(*id);
            self.slot.settle(Err(Error::new(ErrorCode::Closed, "The wait was cancelled.")));
        }
    }

    fn check_process(&self) -> Result<(), Error> {
        if self.generation == fork::generation() { Ok(()) } else { Err(closed()) }
    }
}

fn closed() -> Error {
    Error::new(ErrorCode::Closed, "The wait began before this process was forked.")
}

impl<T: Clone> Future for Pending<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut &*self).poll(context)
    }
}

/// One task at a time may await a shared result: the last one is woken.
impl<T: Clone> Future for &Pending<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.check_process() {
            Ok(()) => self.slot.poll(context.waker()),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl<T: Clone> Drop for Pending<T> {
    fn drop(&mut self) {
        // In a forked child the hub's lock may be held by a thread that is not there.
        if self.check_process().is_err() {
            std::mem::forget(self.wait.take());
        } else if let Some((hub, id)) = self.wait.take() {
            hub.cancel(id);
        }
    }
}

impl<T: Clone> fmt::Debug for Pending<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pending").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        task::Wake,
        thread,
    };

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_future_is_woken_once_and_stays_ready() {
        let slot = Slot::new();
        let mut pending = Pending::new(Arc::clone(&slot), None);
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        assert!(Pin::new(&mut pending).poll(&mut context).is_pending());
        slot.settle(Ok(5));
        slot.settle(Ok(6));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        for _ in 0..2 {
            assert_eq!(Pin::new(&mut pending).poll(&mut context), Poll::Ready(Ok(5)));
        }
    }

    #[test]
    fn a_blocked_thread_gets_the_result() {
        let slot = Slot::new();
        let pending = Pending::new(Arc::clone(&slot), None);
        let thread = thread::spawn(move || pending.wait());
        slot.settle(Ok("here"));
        assert_eq!(thread.join().unwrap(), Ok("here"));
    }

    #[test]
    fn patience_ends() {
        let pending = Pending::<()>::new(Slot::new(), None);
        assert_eq!(pending.wait_timeout(Duration::ZERO), None);
        assert_eq!(pending.result(), None);
    }

    #[test]
    fn callbacks_run_before_and_after_and_their_panics_stay_theirs() {
        let (sender, receiver) = mpsc::channel();
        let slot = Slot::new();
        let early = Pending::new(Arc::clone(&slot), None);
        let to_early = sender.clone();
        early.on_settle(move |result| to_early.send(result).unwrap());
        slot.settle(Ok(1));
        early.on_settle(move |result| sender.send(result).unwrap());
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [Ok(1), Ok(1)]);
        let slot = Slot::new();
        Pending::new(Arc::clone(&slot), None)
            .on_settle(|_: Result<u8, Error>| std::panic::resume_unwind(Box::new(())));
        slot.settle(Ok(2));
    }
}
