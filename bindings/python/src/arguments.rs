//! What Python passes in, in the types of the core.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use loggin::{Confirm, Error, ErrorCode, LogginBuilder, Meta, OtpRequest, Token, client_ip_of, timeout_of};
use pyo3::{
    exceptions::{PyOverflowError, PyTypeError},
    prelude::*,
    types::PyString,
};

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
        let Ok(Text(text)) = object.extract() else {
            let kind = object.get_type().name()?;
            let hint = if object.hasattr("token")? { ": pass its `token`" } else { "" };
            return Err(PyTypeError::new_err(format!("a token is a str, not {kind}{hint}")));
        };
        Ok(Self(Token::parse(&text).map_err(Failure::from)?))
    }
}

/// The least confirmation that a caller accepts.
#[derive(Clone, Copy)]
pub(crate) struct Least(pub(crate) Confirm);

impl<'a, 'py> FromPyObject<'a, 'py> for Least {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let Text(name) = object.extract()?;
        Ok(Self(Confirm::parse(&name).map_err(Failure::from)?))
    }
}

/// A number of seconds; more than there are, infinity among them, is as long as there is.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl<'a, 'py> FromPyObject<'a, 'py> for Seconds {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        seconds(object, ErrorCode::InvalidConfig).map(Self)
    }
}

/// The same for a single wait or call.
#[derive(Clone, Copy)]
pub(crate) struct Patience(pub(crate) Duration);

impl<'a, 'py> FromPyObject<'a, 'py> for Patience {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        seconds(object, ErrorCode::InvalidRequest).map(Self)
    }
}

fn seconds(object: Borrowed<'_, '_, PyAny>, code: ErrorCode) -> PyResult<Duration> {
    let seconds = match object.extract::<f64>() {
        Ok(seconds) => seconds,
        // A whole number may be larger than any other.
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
            if object.lt(0)? {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            }
        }
        Err(_) => return Err(no_seconds(object)?),
    };
    Ok(timeout_of(seconds, code).map_err(Failure::from)?)
}

/// Why something is no number of seconds, and what to pass in its place.
fn no_seconds(object: Borrowed<'_, '_, PyAny>) -> PyResult<PyErr> {
    let kind = object.get_type().name()?;
    let hint = if object.hasattr("total_seconds")? { ": pass its `total_seconds()`" } else { "" };
    Ok(PyTypeError::new_err(format!("a timeout is a number of seconds, not {kind}{hint}")))
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

/// The options that say how the server is reached; all of them are there, `None` where one is not given.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Network {
    allow_insecure_http: bool,
    proxy: Option<Text>,
    ca_file: Option<PathBuf>,
    ca_pem: Option<Text>,
    client_cert_file: Option<PathBuf>,
    client_cert_pem: Option<Text>,
}

impl Network {
    pub(crate) fn apply(self, builder: LogginBuilder) -> LogginBuilder {
        let builder = builder.allow_insecure_http(self.allow_insecure_http);
        let builder = with(builder, self.proxy, LogginBuilder::proxy);
        let builder = with(builder, self.ca_file, LogginBuilder::ca_file);
        let builder = with(builder, self.ca_pem, LogginBuilder::ca_pem);
        let builder = with(builder, self.client_cert_file, LogginBuilder::client_cert_file);
        with(builder, self.client_cert_pem, LogginBuilder::client_cert_pem)
    }
}

/// How many digits a one-time code has.
#[derive(Clone, Copy)]
pub(crate) struct Digits(u32);

impl<'a, 'py> FromPyObject<'a, 'py> for Digits {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let digits: i64 = object.extract()?;
        let malformed = |_| Failure::from(Error::new(ErrorCode::InvalidRequest, "otp_length is 4 to 8."));
        Ok(u32::try_from(digits).map(Self).map_err(malformed)?)
    }
}

/// The address of a person at the app: a `str`, or an address of Python's `ipaddress`.
#[derive(Clone, Copy)]
pub(crate) struct ClientIp(IpAddr);

impl<'a, 'py> FromPyObject<'a, 'py> for ClientIp {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        // The text of an address has its zone too, which its bytes lack.
        let text = if object.hasattr("packed")? { object.str()?.into_any() } else { object.to_owned() };
        let Ok(Text(text)) = text.extract() else {
            let kind = object.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "an address is a str, or one of ipaddress, not {kind}"
            )));
        };
        Ok(Self(client_ip_of(&text).map_err(Failure::from)?))
    }
}

/// A phone and how its code is sent; the meta is JSON text.
pub(crate) fn otp_request(
    phone: Text,
    country_code: Option<Text>,
    otp_length: Option<Digits>,
    meta: Option<Text>,
    client_ip: Option<ClientIp>,
    timeout: Option<Patience>,
) -> Result<OtpRequest, Failure> {
    let request = OtpRequest::new(phone.0);
    let request = with(request, timeout.map(|patience| patience.0), OtpRequest::timeout);
    let request = with(request, country_code, OtpRequest::country_code);
    let request = with(request, otp_length.map(|digits| digits.0), OtpRequest::otp_length);
    let request = with(request, client_ip.map(|address| address.0), OtpRequest::client_ip);
    let meta = meta.map(|Text(text)| Meta::parse(text)).transpose()?;
    Ok(with(request, meta, OtpRequest::meta))
}

/// Sets an option where it is given.
pub(crate) fn with<B, T>(builder: B, value: Option<T>, set: fn(B, T) -> B) -> B {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

fn refused(message: &str) -> Failure {
    Error::new(ErrorCode::InvalidConfig, message).into()
}
