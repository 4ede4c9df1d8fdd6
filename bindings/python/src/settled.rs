//! What has settled, on its way from a thread of the core to Python.

use std::sync::Arc;

use loggin::Error;
use pyo3::{prelude::*, types::PyList};

use crate::{errors::Failure, results::Fields};

/// A future whose result is there, or what is told of several.
pub(crate) struct Settled {
    pub(crate) future: Target,
    pub(crate) result: Result<Fields, Error>,
}

/// Nothing clones a Python object on a thread of the core, so one that is told more than once is shared.
pub(crate) enum Target {
    Once(Py<PyAny>),
    Often(Arc<Py<PyAny>>),
}

/// What `settle` of the package takes: each future with the fields of its result or of its error.
pub(crate) fn outcomes(py: Python<'_>, batch: Vec<Settled>) -> PyResult<Bound<'_, PyList>> {
    let outcomes = PyList::empty(py);
    for Settled { future, result } in batch {
        let future = match &future {
            Target::Once(future) => future.bind(py),
            Target::Often(listener) => listener.bind(py),
        };
        match result {
            Ok(fields) => outcomes.append((future, fields, py.None()))?,
            Err(error) => outcomes.append((future, py.None(), Failure::from(error).fields()))?,
        }
    }
    Ok(outcomes)
}
