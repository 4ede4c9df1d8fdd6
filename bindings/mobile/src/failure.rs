//! The one way errors cross the border: a class to branch on, and what is known of the failure.

use loggin::{Cause, Error, ErrorClass};

/// Why a call failed.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum Failure {
    /// The only variant: its details say what happened.
    #[error("{}", details.reason)]
    Failed {
        /// What is known.
        details: FailureDetails,
    },
}

/// What is known of a failure.
#[derive(Debug, uniffi::Record)]
pub struct FailureDetails {
    /// The class of the error in every language.
    pub class: FailureClass,
    /// The code, as the protocol has it.
    pub code: String,
    /// For a developer.
    pub reason: String,
    /// Whether the same call may succeed later.
    pub is_retryable: bool,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// Seconds.
    pub retry_after: Option<f64>,
    /// Tries that are left.
    pub attempts_left: Option<u32>,
    /// The server's name for the request.
    pub request_id: Option<String>,
    /// Why the server was not reached.
    pub cause: Option<String>,
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
#[allow(missing_docs, reason = "the names are the classes of the protocol")]
pub enum FailureClass {
    AlreadyUsed,
    Authentication,
    Blocked,
    Closed,
    ConnectionFailed,
    Denied,
    Expired,
    InvalidCode,
    InvalidInput,
    PhoneHidden,
    QuotaExceeded,
    RateLimit,
    Server,
    VerifyTimeout,
}

impl From<ErrorClass> for FailureClass {
    fn from(class: ErrorClass) -> Self {
        match class {
            ErrorClass::AlreadyUsed => Self::AlreadyUsed,
            ErrorClass::Authentication => Self::Authentication,
            ErrorClass::Blocked => Self::Blocked,
            ErrorClass::Closed => Self::Closed,
            ErrorClass::ConnectionFailed => Self::ConnectionFailed,
            ErrorClass::Denied => Self::Denied,
            ErrorClass::Expired => Self::Expired,
            ErrorClass::InvalidCode => Self::InvalidCode,
            ErrorClass::InvalidInput => Self::InvalidInput,
            ErrorClass::PhoneHidden => Self::PhoneHidden,
            ErrorClass::QuotaExceeded => Self::QuotaExceeded,
            ErrorClass::RateLimit => Self::RateLimit,
            ErrorClass::VerifyTimeout => Self::VerifyTimeout,
            _ => Self::Server,
        }
    }
}

impl From<Error> for FailureDetails {
    fn from(error: Error) -> Self {
        Self {
            class: error.code().class().into(),
            code: error.code_str().into(),
            reason: error.message().into(),
            is_retryable: error.is_retryable(),
            status: error.status(),
            retry_after: error.retry_after().map(|delay| delay.as_secs_f64()),
            attempts_left: error.attempts_left(),
            request_id: error.request_id().map(Into::into),
            cause: error.cause().map(Cause::name),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed { details: error.into() }
    }
}

/// The failure that an answer with this code is, for the tests of a language: also a code of a newer server.
#[uniffi::export]
pub fn failure_of(code: String) -> FailureDetails {
    Error::from_server(&code, "").into()
}
