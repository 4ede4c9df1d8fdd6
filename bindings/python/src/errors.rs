//! The core's errors as exceptions, which `loggin.errors` builds from plain fields.

use loggin::{Cause, Error, ErrorCode};
use pyo3::{prelude::*, sync::PyOnceLock};

/// Code, class, message, status, retryable, retry after (seconds), attempts left, request id, cause.
type Fields<'a> =
    (&'a str, &'a str, &'a str, Option<u16>, bool, Option<f64>, Option<u32>, Option<&'a str>, Option<String>);

/// An error of the core on its way to Python.
pub(crate) struct Failure(Error);

impl Failure {
    pub(crate) fn fields(&self) -> Fields<'_> {
        let Self(error) = self;
        (
            error.code_str(),
            error.code().class().name(),
            error.message(),
            error.status(),
            error.is_retryable(),
            error.retry_after().map(|delay| delay.as_secs_f64()),
            error.attempts_left(),
            error.request_id(),
            error.cause().map(Cause::name),
        )
    }

    /// The exception that stands for it.
    pub(crate) fn exception<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static FROM_FIELDS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        FROM_FIELDS.import(py, "loggin.errors", "from_fields")?.call1(self.fields())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        Python::attach(|py| failure.exception(py).map_or_else(|error| error, PyErr::from_value))
    }
}

/// Every error code of the protocol, with its class and whether the same call can succeed later.
#[pyfunction]
pub(crate) fn error_codes() -> Vec<(&'static str, &'static str, bool)> {
    let row = |code: ErrorCode| (code.as_str(), code.class().name(), Error::new(code, "").is_retryable());
    ErrorCode::ALL.into_iter().map(row).collect()
}
