//! A queue, and a thread that hands all that is in it to Python at once.
//!
//! The threads of the core never attach to Python: a busy interpreter would stall every waiter. They leave what Python
//! is to have here.

use std::{
    io, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use pyo3::prelude::*;

/// Stack of the thread: room for the Python code of an event loop that is not asyncio's own, or of a log handler.
const STACK_SIZE: usize = 1 << 20;

/// How long the exit of the interpreter waits for a batch that is being handed over.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) struct Courier<T> {
    name: &'static str,
    deliver: fn(Python<'_>, Vec<T>),
    state: Mutex<State<T>>,
    has_changed: Condvar,
}

struct State<T> {
    queue: Vec<T>,
    has_thread: bool,
    is_stopping: bool,
}

impl<T: Send + 'static> Courier<T> {
    /// Starts nothing yet. The name is the thread's.
    pub(crate) fn new(name: &'static str, deliver: fn(Python<'_>, Vec<T>)) -> Arc<Self> {
        let state = State { queue: Vec::new(), has_thread: false, is_stopping: false };
        Arc::new(Self { name, deliver, state: Mutex::new(state), has_changed: Condvar::new() })
    }

    /// Starts the thread, unless there is one.
    pub(crate) fn start(self: &Arc<Self>) -> io::Result<()> {
        let mut state = self.lock();
        if !state.has_thread {
            let runner = Arc::clone(self);
            let thread = thread::Builder::new().name(self.name.into()).stack_size(STACK_SIZE);
            thread.spawn(move || runner.run())?;
            state.has_thread = true;
        }
        Ok(())
    }

    /// Queues something; called on threads of the core. Nothing is taken any more once it stops.
    pub(crate) fn push(&self, item: T) {
        let mut state = self.lock();
        if !state.is_stopping {
            state.queue.push(item);
            self.has_changed.notify_all();
        }
    }

    /// How much is in the queue.
    pub(crate) fn len(&self) -> usize {
        self.lock().queue.len()
    }

    /// Hands batches over until the thread is stopped or the interpreter is gone.
    fn run(&self) {
        while let Some(batch) = self.next_batch() {
            if Python::try_attach(|py| (self.deliver)(py, batch)).is_none() {
                break;
            }
        }
        self.lock().has_thread = false;
        self.has_changed.notify_all();
    }

    /// Everything that is there; waits for something. `None` once it is to stop and nothing is left.
    fn next_batch(&self) -> Option<Vec<T>> {
        let is_idle = |state: &mut State<T>| state.queue.is_empty() && !state.is_stopping;
        let mut state =
            self.has_changed.wait_while(self.lock(), is_idle).unwrap_or_else(PoisonError::into_inner);
        (!state.queue.is_empty()).then(|| mem::take(&mut state.queue))
    }

    /// Ends the thread, and waits until it can touch no Python object any more.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.is_stopping = true;
        self.has_changed.notify_all();
        // Whether it ended in time makes no difference: the interpreter exits in either case.
        let _ = self.has_changed.wait_timeout_while(state, STOP_TIMEOUT, |state| state.has_thread);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
