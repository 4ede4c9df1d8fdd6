//! Waits as Python sees them: blocking with an ear for signals, and as a handle that cancels.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use loggin::Pending;
use pyo3::prelude::*;

use crate::errors::Failure;

/// How long the main thread blocks before it looks for signals: Ctrl-C takes effect within it, unnoticed by a person.
const SLICE: Duration = Duration::from_millis(50);

/// Blocks until the result is there, with other threads running. A signal's exception ends it on the main thread:
/// Python runs signal handlers nowhere else, so the others sleep on.
pub(crate) fn block_on<T: Clone + Send>(
    py: Python<'_>,
    pending: Pending<T>,
    is_main_thread: bool,
) -> PyResult<T> {
    let settled = |result: Result<T, loggin::Error>| result.map_err(|error| Failure::from(error).into());
    if !is_main_thread {
        return settled(py.detach(|| pending.wait()));
    }
    loop {
        if let Some(result) = py.detach(|| pending.wait_timeout(SLICE)) {
            return settled(result);
        }
        py.check_signals()?;
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
