//! What Python passes in, in the types of the core.

use std::time::Duration;

use loggin::{Error, ErrorCode, Token};
use pyo3::{prelude::*, types::PyString};

use crate::errors::Failure;

/// A `str`. A lone surrogate, which no UTF-8 can hold, reads as U+FFFD: no parser of ours accepts that.
pub(crate) struct Text(String);

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(object.cast::<PyString>()?.to_string_lossy().into_owned()))
    }
}

/// A token, parsed: a malformed one never gets further.
#[derive(Clone, Copy)]
pub(crate) struct LoginToken(pub(crate) Token);

impl<'a, 'py> FromPyObject<'a, 'py> for LoginToken {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let Text(text) = object.extract()?;
        Ok(Self(Token::parse(&text).map_err(Failure::from)?))
    }
}

/// A number of seconds; more than there are, infinity among them, is as long as there is.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl<'a, 'py> FromPyObject<'a, 'py> for Seconds {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let seconds: f64 = object.extract()?;
        if seconds >= Duration::MAX.as_secs_f64() {
            return Ok(Self(Duration::MAX));
        }
        let duration = Duration::try_from_secs_f64(seconds)
            .map_err(|_| refused("A timeout is a number of seconds, zero or more."))?;
        Ok(Self(duration))
    }
}

/// How often a call is repeated.
#[derive(Clone, Copy)]
pub(crate) struct Retries(pub(crate) u32);

impl<'a, 'py> FromPyObject<'a, 'py> for Retries {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let retries: i64 = object.extract()?;
        u32::try_from(retries).map(Self).map_err(|_| refused("The number of retries is 0 or more.").into())
    }
}

fn refused(message: &str) -> Failure {
    Error::new(ErrorCode::InvalidConfig, message).into()
}
