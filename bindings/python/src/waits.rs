//! Waits as Python sees them: blocking with an ear for signals, and as a handle that cancels.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use loggin::{Error, ErrorCode, Pending};
use pyo3::prelude::*;

use crate::{
    errors::Failure,
    results::{self, AnySession, UpdateFields},
};

/// How long the main thread blocks before it looks for signals: Ctrl-C takes effect within it, unnoticed by a person.
const SLICE: Duration = Duration::from_millis(50);

/// The same for any other thread, which looks whether the program has come to its end: the interpreter joins it then.
const LONG_SLICE: Duration = Duration::from_millis(250);

/// Blocks until the result is there, with other threads running. A signal's exception ends it on the main thread:
/// Python runs signal handlers nowhere else. On any other thread the end of the main thread does, with `closed`.
#[allow(clippy::needless_pass_by_value, reason = "however this ends, the wait ends with it")]
pub(crate) fn block_on<T: Clone + Send>(
    py: Python<'_>,
    pending: Pending<T>,
    is_main_thread: bool,
) -> PyResult<T> {
    block(py, is_main_thread, |slice| pending.wait_timeout(slice))
}

/// The same for anything that is waited for in slices of time.
fn block<T: Send>(
    py: Python<'_>,
    is_main_thread: bool,
    wait: impl Fn(Duration) -> Option<Result<T, Error>> + Sync,
) -> PyResult<T> {
    let slice = if is_main_thread { SLICE } else { LONG_SLICE };
    loop {
        match py.detach(|| wait(slice)) {
            Some(result) => return result.map_err(|error| Failure::from(error).into()),
            None => look_around(py, is_main_thread)?,
        }
    }
}

/// Whether there is a reason to end a wait.
fn look_around(py: Python<'_>, is_main_thread: bool) -> PyResult<()> {
    if is_main_thread {
        return py.check_signals();
    }
    if runs_on(py)? {
        return Ok(());
    }
    Err(Failure::from(Error::new(ErrorCode::Closed, "The program has come to its end.")).into())
}

/// Whether the program's main thread goes on. Threads of a pool are joined before it counts as ended, when the module is
/// shutting down already.
fn runs_on(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    if threading.getattr("_SHUTTING_DOWN").is_ok_and(|flag| flag.is_truthy().unwrap_or(false)) {
        return Ok(false);
    }
    threading.call_method0("main_thread")?.call_method0("is_alive")?.extract()
}

/// A login that is watched by whoever blocks. Letting go of it ends the wait.
#[pyclass(frozen, module = "loggin._native")]
pub(crate) struct Watch(pub(crate) loggin::Watch<AnySession>);

#[pymethods]
impl Watch {
    /// Blocks until something is new.
    fn next(&self, py: Python<'_>, is_main_thread: bool) -> PyResult<UpdateFields> {
        block(py, is_main_thread, |slice| self.0.wait_next_timeout(slice)).map(results::update)
    }

    /// Ends the wait; does nothing when it has ended.
    fn cancel(&self, py: Python<'_>) {
        py.detach(|| self.0.cancel());
    }
}

/// A wait or a call that an asyncio future stands for.
#[pyclass(frozen, module = "loggin._native")]
pub(crate) struct Wait(Mutex<Option<Cancel>>);

type Cancel = Box<dyn FnOnce() + Send>;

impl Wait {
    pub(crate) fn new<T: Clone + Send + 'static>(pending: Pending<T>) -> Self {
        Self(Mutex::new(Some(Box::new(move || pending.cancel()))))
    }

    pub(crate) fn of_watch(watch: loggin::Watch<AnySession>) -> Self {
        Self(Mutex::new(Some(Box::new(move || watch.cancel()))))
    }
}

#[pymethods]
impl Wait {
    /// Ends it; does nothing when it has ended.
    fn cancel(&self) {
        let cancel = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(cancel) = cancel {
            cancel();
        }
    }
}
