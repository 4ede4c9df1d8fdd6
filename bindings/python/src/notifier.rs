//! Hands settled waits to the asyncio loops that wait for them.
//!
//! The threads of the core put what settled into the queue of a loop and wake it by its pipe. For loops that can have none, such as the one of
//! Windows, there is a queue of the process, and a thread that takes all of it at once, so that ten thousand logins that settle together
//! wake a loop once.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use loggin::Error;
use pyo3::{prelude::*, sync::PyOnceLock};

#[cfg(unix)]
use crate::wakeup_pipe::{Queue, WakeupPipe};
use crate::{
    courier::Courier,
    results::Fields,
    settled::{Settled, Target, outcomes},
};

/// Locked only by threads that are attached to Python, and never while they call it: so nobody holds it at a fork.
static CURRENT: Mutex<Option<Arc<Notifier>>> = Mutex::new(None);

/// What settled for loops, and the thread that tells them.
type Notifier = Courier<(Arc<Py<PyAny>>, Settled)>;

/// How a loop is told.
enum Way {
    #[cfg(unix)]
    Pipe(Arc<Queue>),
    Thread(Arc<Notifier>, Arc<Py<PyAny>>),
}

/// The duty to settle a future.
pub(crate) struct Promise {
    future: Py<PyAny>,
    way: Way,
}

impl Promise {
    /// Promises something to a future of the running loop, which is woken by its pipe if it has one.
    pub(crate) fn new(wakeup: &Bound<'_, PyAny>, future: Py<PyAny>) -> PyResult<Self> {
        Ok(Self { future, way: Way::to(wakeup)? })
    }

    /// Queues the result; called on threads of the core.
    pub(crate) fn settle(self, result: Result<Fields, Error>) {
        self.way.send(Settled { future: Target::Once(self.future), result });
    }
}

/// The duty to tell something that is settled as a future is, as often as there is news.
pub(crate) struct Telling {
    listener: Arc<Py<PyAny>>,
    way: Way,
}

impl Telling {
    /// Promises news to a listener on the running loop.
    pub(crate) fn new(wakeup: &Bound<'_, PyAny>, listener: Py<PyAny>) -> PyResult<Self> {
        Ok(Self { listener: Arc::new(listener), way: Way::to(wakeup)? })
    }

    /// Queues the news; called on threads of the core.
    pub(crate) fn tell(&self, result: Result<Fields, Error>) {
        self.way.send(Settled { future: Target::Often(Arc::clone(&self.listener)), result });
    }
}

impl Way {
    fn to(wakeup: &Bound<'_, PyAny>) -> PyResult<Self> {
        #[cfg(unix)]
        if let Ok(pipe) = wakeup.cast::<WakeupPipe>() {
            return Ok(Self::Pipe(pipe.get().queue()));
        }
        let notifier = of_this_process(wakeup.py())?;
        Ok(Self::Thread(notifier, Arc::new(wakeup.clone().unbind())))
    }

    fn send(&self, settled: Settled) {
        match self {
            #[cfg(unix)]
            Self::Pipe(queue) => queue.push(settled),
            Self::Thread(notifier, event_loop) => notifier.push((Arc::clone(event_loop), settled)),
        }
    }
}

/// The notifier of this process, started at its first use.
fn of_this_process(_py: Python<'_>) -> PyResult<Arc<Notifier>> {
    let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(notifier) = &*current {
        return Ok(Arc::clone(notifier));
    }
    let notifier = Notifier::new("loggin-notifier", deliver);
    notifier.start()?;
    *current = Some(Arc::clone(&notifier));
    Ok(notifier)
}

/// Wakes each loop once, with all that settled for it.
fn deliver(py: Python<'_>, batch: Vec<(Arc<Py<PyAny>>, Settled)>) {
    let mut batches: HashMap<_, (Arc<Py<PyAny>>, Vec<Settled>)> = HashMap::new();
    for (event_loop, settled) in batch {
        batches.entry(event_loop.as_ptr()).or_insert_with(|| (event_loop, Vec::new())).1.push(settled);
    }
    for (event_loop, batch) in batches.into_values() {
        let event_loop = event_loop.bind(py);
        if let Err(error) = wake(event_loop, batch) {
            report(error, event_loop);
        }
    }
}

fn wake(event_loop: &Bound<'_, PyAny>, batch: Vec<Settled>) -> PyResult<()> {
    static SETTLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = event_loop.py();
    let settle = SETTLE.import(py, "loggin._event_loops", "settle")?;
    event_loop.call_method1("call_soon_threadsafe", (settle, outcomes(py, batch)?))?;
    Ok(())
}

/// A closed loop waits for nothing any more; any other failure is nobody's to catch, so Python's hook is told.
fn report(error: PyErr, event_loop: &Bound<'_, PyAny>) {
    let is_closed = event_loop.call_method0("is_closed").and_then(|closed| closed.is_truthy());
    if !is_closed.unwrap_or(false) {
        error.write_unraisable(event_loop.py(), Some(event_loop));
    }
}

/// Ends the notifier before the interpreter does; a later wait starts another.
#[pyfunction]
pub(crate) fn stop_notifier(py: Python<'_>) {
    let notifier = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(notifier) = notifier {
        py.detach(|| notifier.stop());
    }
}

/// Lets go of the notifier of the parent, in a forked child, where its thread is not there.
#[pyfunction]
pub(crate) fn forget_notifier(_py: Python<'_>) {
    mem::forget(CURRENT.lock().unwrap_or_else(PoisonError::into_inner).take());
}
