//! A result that comes later: a std `Future`, a blocking wait, or a callback.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use super::{
    fork,
    hub::Hub,
    in_flight::{self, CallId},
    slot::Slot,
    waiter::Told,
};
use loggin_protocol::{Error, ErrorCode, Token, waits::WaitId};

/// A result that is not there yet. Awaiting it needs no particular runtime.
///
/// Dropping it ends what it stands for. Only a call that has a callback goes on, and its callback is still told.
///
/// It may be waited for in several ways at once: blocked threads, tasks that await `&Pending`, and callbacks are all told.
///
/// ```no_run
/// # async fn example() -> Result<(), loggin::Error> {
/// let client = loggin::Loggin::from_env()?;
/// let login = client.create_token("8XKPQ2WN")?;
/// let session = client.wait_for_verify_async(login.token).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it ends a wait or a call"]
pub struct Pending<T: Clone> {
    slot: Arc<Slot<T>>,
    /// What ends when this is dropped.
    under_way: Option<(Arc<Hub>, UnderWay)>,
    generation: u64,
}

/// What a result is the result of.
#[derive(Clone, Copy)]
enum UnderWay {
    Wait(WaitId),
    Call(CallId),
}

impl Hub {
    /// Begins a wait that ends with `timeout` after the given time.
    pub(crate) fn wait<T: Told>(self: &Arc<Self>, token: Token, timeout: Duration) -> Pending<T> {
        let slot = Slot::new();
        let id = self.add_wait(token, timeout, Arc::<Slot<T>>::clone(&slot));
        Pending::of_wait(slot, self, id)
    }
}

impl<T: Clone> Pending<T> {
    /// A wait, which has no id where the client is closed.
    pub(super) fn of_wait(slot: Arc<Slot<T>>, hub: &Arc<Hub>, id: Option<WaitId>) -> Self {
        match id {
            Some(id) => Self::new(slot, Some((Arc::clone(hub), UnderWay::Wait(id)))),
            None => Self::settled(Err(in_flight::closed())),
        }
    }

    fn new(slot: Arc<Slot<T>>, under_way: Option<(Arc<Hub>, UnderWay)>) -> Self {
        Self { slot, under_way, generation: fork::generation() }
    }

    pub(super) fn of_call(slot: Arc<Slot<T>>, hub: &Arc<Hub>, id: CallId) -> Self {
        Self::new(slot, Some((Arc::clone(hub), UnderWay::Call(id))))
    }

    /// A result that is there already.
    pub(crate) fn settled(result: Result<T, Error>) -> Self {
        let slot = Slot::new();
        slot.settle(result);
        Self::new(slot, None)
    }

    /// A result that nothing but the slot stands for.
    #[cfg(test)]
    pub(super) fn unowned(slot: Arc<Slot<T>>) -> Self {
        Self::new(slot, None)
    }

    /// What failed before it began.
    #[doc(hidden)]
    pub fn failed(error: Error) -> Self {
        Self::settled(Err(error))
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

    /// Ends a wait or a call with `closed`, and wakes whoever waits for its result. What has a result keeps it; what a
    /// call has brought about at the server stays.
    pub fn cancel(&self) {
        if let (Ok(()), Some((hub, under_way))) = (self.check_process(), &self.under_way) {
            under_way.end(hub);
            self.slot.settle(Err(Error::new(ErrorCode::Closed, "It was cancelled.")));
        }
    }

    /// Polls for the one task that the result is for.
    pub(super) fn poll_as_owner(&self, context: &Context<'_>) -> Poll<Result<T, Error>> {
        match self.check_process() {
            Ok(()) => self.slot.poll(context.waker(), true),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// # Errors
    /// `closed` in a forked child, where what its parent began cannot go on.
    pub(super) fn check_process(&self) -> Result<(), Error> {
        if self.generation == fork::generation() { Ok(()) } else { Err(closed()) }
    }
}

fn closed() -> Error {
    Error::new(ErrorCode::Closed, "The wait began before this process was forked.")
}

impl<T: Clone> Future for Pending<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_as_owner(context)
    }
}

/// Any number of tasks may await a shared result: all of them are woken.
impl<T: Clone> Future for &Pending<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.check_process() {
            Ok(()) => self.slot.poll(context.waker(), false),
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl<T: Clone> Drop for Pending<T> {
    fn drop(&mut self) {
        // In a forked child the hub's lock may be held by a thread that is not there.
        if self.check_process().is_err() {
            mem::forget(self.under_way.take());
        } else if let Some((hub, under_way)) = self.under_way.take() {
            let is_wait = matches!(under_way, UnderWay::Wait(_));
            if is_wait || !self.slot.has_callback() {
                under_way.end(&hub);
            }
        }
    }
}

impl UnderWay {
    fn end(self, hub: &Arc<Hub>) {
        match self {
            Self::Wait(id) => hub.cancel(id),
            Self::Call(id) => hub.in_flight().cancel(id),
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
    use super::{super::slot::MAX_WATCHERS, *};
    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering},
            mpsc,
        },
        task::{Wake, Waker},
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
        let mut pending = Pending::unowned(Arc::clone(&slot));
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
        let pending = Pending::unowned(Arc::clone(&slot));
        let thread = thread::spawn(move || pending.wait());
        slot.settle(Ok("here"));
        assert_eq!(thread.join().unwrap(), Ok("here"));
    }

    fn counted() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count(AtomicUsize::new(0)));
        (Arc::clone(&count), Waker::from(count))
    }

    #[test]
    fn everybody_is_told_however_ways_of_waiting_are_mixed() {
        let slot = Slot::new();
        let mut pending = Pending::unowned(Arc::clone(&slot));
        let (sender, told) = mpsc::channel();
        let wakers: Vec<_> = (0..3).map(|_| counted()).collect();
        thread::scope(|scope| {
            let blocked = scope.spawn(|| pending.wait_timeout(Duration::from_secs(30)));
            for (_, waker) in &wakers {
                let mut context = Context::from_waker(waker);
                assert!(Pin::new(&mut &pending).poll(&mut context).is_pending());
                assert!(Pin::new(&mut &pending).poll(&mut context).is_pending());
                let sender = sender.clone();
                pending.on_settle(move |result| sender.send(result).unwrap());
            }
            let began = Instant::now();
            slot.settle(Ok(5));
            assert_eq!(blocked.join().unwrap(), Some(Ok(5)));
            assert!(began.elapsed() < Duration::from_secs(10), "the blocked thread is told at once");
        });
        assert!(wakers.iter().all(|(count, _)| count.0.load(Ordering::SeqCst) == 1));
        drop(sender);
        assert_eq!(told.iter().collect::<Vec<_>>(), [Ok(5), Ok(5), Ok(5)]);
        assert!(Pin::new(&mut pending).poll(&mut Context::from_waker(&wakers[0].1)).is_ready());
    }

    #[test]
    fn the_owner_moves_from_task_to_task_and_wakers_do_not_pile_up() {
        let slot = Slot::<()>::new();
        let mut pending = Pending::unowned(Arc::clone(&slot));
        let owners: Vec<_> = (0..3).map(|_| counted()).collect();
        for (_, waker) in &owners {
            assert!(Pin::new(&mut pending).poll(&mut Context::from_waker(waker)).is_pending());
        }
        let tasks: Vec<_> = (0..=MAX_WATCHERS).map(|_| counted()).collect();
        for (_, waker) in &tasks {
            assert!(Pin::new(&mut &pending).poll(&mut Context::from_waker(waker)).is_pending());
        }
        let woken = |counts: &[(Arc<Count>, Waker)]| {
            counts.iter().filter(|(count, _)| count.0.load(Ordering::SeqCst) > 0).count()
        };
        assert_eq!(woken(&tasks), 2, "who has no room is woken, and asks again");
        slot.settle(Ok(()));
        assert_eq!((woken(&owners), woken(&tasks)), (1, tasks.len()));
        assert_eq!(owners[2].0.0.load(Ordering::SeqCst), 1, "the last that asked");
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
        let early = Pending::unowned(Arc::clone(&slot));
        let to_early = sender.clone();
        early.on_settle(move |result| to_early.send(result).unwrap());
        slot.settle(Ok(1));
        early.on_settle(move |result| sender.send(result).unwrap());
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [Ok(1), Ok(1)]);
        let slot = Slot::new();
        Pending::unowned(Arc::clone(&slot))
            .on_settle(|_: Result<u8, Error>| std::panic::resume_unwind(Box::new(())));
        slot.settle(Ok(2));
    }
}
