//! The one list of error codes, and the error type that every call of the SDK returns.

use std::{convert::Infallible, fmt, time::Duration};

use crate::cause::Cause;

/// What went wrong, as the protocol names it.
///
/// The list is the protocol's (section 3.6). A newer server may answer with a code that this version does not
/// know: it is [`ErrorCode::Unrecognized`], and [`Error::code_str`] has its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The token was redeemed before, by another redeemer.
    AlreadyUsed,
    /// Too many wrong codes for this phone: wait before starting again.
    Blocked,
    /// The client was closed, or the wait cancelled.
    Closed,
    /// The server was not reached within the retries.
    Connection,
    /// The person said "not me".
    Denied,
    /// The login was not finished in time.
    Expired,
    /// The server failed.
    Internal,
    /// An app key is malformed.
    InvalidAppKey,
    /// The confirmation or one-time code is wrong.
    InvalidCode,
    /// The client's own configuration is malformed: base URL, number or secret key.
    InvalidConfig,
    /// A phone number is malformed.
    InvalidPhone,
    /// The request does not have the form that the call asks for.
    InvalidRequest,
    /// The server's response is none of this protocol.
    InvalidResponse,
    /// A webhook's signature is missing or wrong.
    InvalidSignature,
    /// A token is malformed.
    InvalidToken,
    /// This attempt used up the last try.
    MaxAttempts,
    /// The endpoint exists, but not with this method.
    MethodNotAllowed,
    /// There is no such endpoint.
    NotFound,
    /// The body is larger than the call allows.
    PayloadTooLarge,
    /// WhatsApp did not tell the person's phone number.
    PhoneHidden,
    /// The app's monthly quota is used up.
    QuotaExceeded,
    /// Too many requests in a short time.
    RateLimited,
    /// WhatsApp refused to send to this recipient.
    SendFailed,
    /// There is no such one-time-code session.
    SessionNotFound,
    /// The wait's own deadline passed.
    Timeout,
    /// The secret key is missing, wrong, or belongs to another app.
    Unauthorized,
    /// The server is busy or restarting.
    Unavailable,
    /// No app with this key is known to the server.
    UnknownApp,
    /// The server's code is not in this list.
    Unrecognized,
    /// The body is not of the content type that the call asks for.
    UnsupportedMediaType,
}

/// The class an error belongs to in the languages that have exception classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// `AlreadyUsedError`
    AlreadyUsed,
    /// `AuthenticationError`
    Authentication,
    /// `BlockedError`
    Blocked,
    /// `ClosedError`
    Closed,
    /// `ConnectionFailedError`
    ConnectionFailed,
    /// `DeniedError`
    Denied,
    /// `ExpiredError`
    Expired,
    /// `InvalidCodeError`
    InvalidCode,
    /// `InvalidInputError`
    InvalidInput,
    /// `PhoneHiddenError`
    PhoneHidden,
    /// `QuotaExceededError`
    QuotaExceeded,
    /// `RateLimitError`
    RateLimit,
    /// `ServerError`
    Server,
    /// `VerifyTimeoutError`
    VerifyTimeout,
}

impl ErrorClass {
    /// The name of the class in every language that has one, e.g. `ExpiredError`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlreadyUsed => "AlreadyUsedError",
            Self::Authentication => "AuthenticationError",
            Self::Blocked => "BlockedError",
            Self::Closed => "ClosedError",
            Self::ConnectionFailed => "ConnectionFailedError",
            Self::Denied => "DeniedError",
            Self::Expired => "ExpiredError",
            Self::InvalidCode => "InvalidCodeError",
            Self::InvalidInput => "InvalidInputError",
            Self::PhoneHidden => "PhoneHiddenError",
            Self::QuotaExceeded => "QuotaExceededError",
            Self::RateLimit => "RateLimitError",
            Self::Server => "ServerError",
            Self::VerifyTimeout => "VerifyTimeoutError",
        }
    }
}

/// What a caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// Repeat the call once [`Error::retry_after`] has passed.
    AfterDelay,
    /// Ask the person for the code again.
    AskUser,
    /// Repeating does not help.
    Never,
    /// Begin a new login.
    StartAgain,
    /// Begin a new login, but not at once.
    StartAgainLater,
    /// The fault passes: repeat the call.
    Temporary,
}

impl Retry {
    /// The name in the documentation and the shared vectors, e.g. `start_again`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AfterDelay => "after_delay",
            Self::AskUser => "ask_user",
            Self::Never => "never",
            Self::StartAgain => "start_again",
            Self::StartAgainLater => "start_again_later",
            Self::Temporary => "temporary",
        }
    }
}

/// One line of the table of codes.
struct Row {
    name: &'static str,
    http_status: Option<u16>,
    class: ErrorClass,
    retry: Retry,
}

const fn row(name: &'static str, http_status: u16, class: ErrorClass, retry: Retry) -> Row {
    Row { name, http_status: Some(http_status), class, retry }
}

/// A code that only a client raises, so that no HTTP status belongs to it.
const fn client_row(name: &'static str, class: ErrorClass, retry: Retry) -> Row {
    Row { name, http_status: None, class, retry }
}

impl ErrorCode {
    /// Every code that the protocol lists, in alphabetical order.
    pub const ALL: [Self; 29] = [
        Self::AlreadyUsed,
        Self::Blocked,
        Self::Closed,
        Self::Connection,
        Self::Denied,
        Self::Expired,
        Self::Internal,
        Self::InvalidAppKey,
        Self::InvalidCode,
        Self::InvalidConfig,
        Self::InvalidPhone,
        Self::InvalidRequest,
        Self::InvalidResponse,
        Self::InvalidSignature,
        Self::InvalidToken,
        Self::MaxAttempts,
        Self::MethodNotAllowed,
        Self::NotFound,
        Self::PayloadTooLarge,
        Self::PhoneHidden,
        Self::QuotaExceeded,
        Self::RateLimited,
        Self::SendFailed,
        Self::SessionNotFound,
        Self::Timeout,
        Self::Unauthorized,
        Self::Unavailable,
        Self::UnknownApp,
        Self::UnsupportedMediaType,
    ];

    const fn row(self) -> Row {
        use {ErrorClass as Class, Retry as R};
        match self {
            Self::AlreadyUsed => row("already_used", 409, Class::AlreadyUsed, R::StartAgain),
            Self::Blocked => row("blocked", 422, Class::Blocked, R::StartAgainLater),
            Self::Closed => client_row("closed", Class::Closed, R::Never),
            Self::Connection => client_row("connection", Class::ConnectionFailed, R::Temporary),
            Self::Denied => row("denied", 403, Class::Denied, R::StartAgain),
            Self::Expired => row("expired", 410, Class::Expired, R::StartAgain),
            Self::Internal => row("internal", 500, Class::Server, R::Temporary),
            Self::InvalidAppKey => row("invalid_app_key", 400, Class::InvalidInput, R::Never),
            Self::InvalidCode => row("invalid_code", 422, Class::InvalidCode, R::AskUser),
            Self::InvalidConfig => client_row("invalid_config", Class::InvalidInput, R::Never),
            Self::InvalidPhone => row("invalid_phone", 422, Class::InvalidInput, R::Never),
            Self::InvalidRequest => row("invalid_request", 400, Class::InvalidInput, R::Never),
            Self::InvalidResponse => client_row("invalid_response", Class::Server, R::Temporary),
            Self::InvalidSignature => row("invalid_signature", 401, Class::Authentication, R::Never),
            Self::InvalidToken => row("invalid_token", 400, Class::InvalidInput, R::Never),
            Self::MaxAttempts => row("max_attempts", 422, Class::Blocked, R::StartAgainLater),
            Self::MethodNotAllowed => row("method_not_allowed", 405, Class::InvalidInput, R::Never),
            Self::NotFound => row("not_found", 404, Class::InvalidInput, R::Never),
            Self::PayloadTooLarge => row("payload_too_large", 413, Class::InvalidInput, R::Never),
            Self::PhoneHidden => row("phone_hidden", 422, Class::PhoneHidden, R::StartAgain),
            Self::QuotaExceeded => row("quota_exceeded", 429, Class::QuotaExceeded, R::Never),
            Self::RateLimited => row("rate_limited", 429, Class::RateLimit, R::AfterDelay),
            Self::SendFailed => row("send_failed", 502, Class::Server, R::Never),
            Self::SessionNotFound => row("session_not_found", 404, Class::Expired, R::StartAgain),
            Self::Timeout => client_row("timeout", Class::VerifyTimeout, R::StartAgain),
            Self::Unauthorized => row("unauthorized", 401, Class::Authentication, R::Never),
            Self::Unavailable => row("unavailable", 503, Class::Server, R::Temporary),
            Self::UnknownApp => row("unknown_app", 404, Class::Authentication, R::Never),
            Self::Unrecognized => client_row("unrecognized", Class::Server, R::Never),
            Self::UnsupportedMediaType => row("unsupported_media_type", 415, Class::InvalidInput, R::Never),
        }
    }

    /// The code as it stands on the wire, e.g. `already_used`.
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The code with this name; [`ErrorCode::Unrecognized`] where the list has none.
    pub fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|code| code.as_str() == name).unwrap_or(Self::Unrecognized)
    }

    /// The class of errors it belongs to.
    pub const fn class(self) -> ErrorClass {
        self.row().class
    }

    /// What a caller can do about it.
    pub const fn retry(self) -> Retry {
        self.row().retry
    }

    /// The HTTP status a server answers with; `None` for what only a client raises.
    ///
    /// The one-time-code endpoints answer [`ErrorCode::Expired`] with 422 instead of 410.
    pub const fn http_status(self) -> Option<u16> {
        self.row().http_status
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Longest code of a newer server that is believed, in bytes; a longer one is an invalid response.
const MAX_UNRECOGNIZED: usize = 64;

/// Longest message of a server that is kept, in characters: enough for a sentence or two.
const MAX_MESSAGE: usize = 500;

/// Why a call failed.
///
/// It never holds a secret, a token, a code or a phone number, so it may be logged whole.
///
/// ```
/// # use loggin_protocol as loggin;
/// use loggin::{AppKey, ErrorCode};
///
/// let error = AppKey::parse("too-short").unwrap_err();
/// assert_eq!(error.code(), ErrorCode::InvalidAppKey);
/// assert!(!error.is_retryable());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Report>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Report {
    code: ErrorCode,
    unrecognized: Option<Box<str>>,
    message: Box<str>,
    status: Option<u16>,
    retry_after: Option<Duration>,
    attempts_left: Option<u32>,
    request_id: Option<Box<str>>,
    cause: Option<Cause>,
}

impl Error {
    /// An error with a message for a developer, which must not hold anything secret.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Report {
            code,
            unrecognized: None,
            message: message.into().into_boxed_str(),
            status: None,
            retry_after: None,
            attempts_left: None,
            request_id: None,
            cause: None,
        }))
    }

    /// An error whose code comes from a server, and may be newer than this list.
    pub fn from_server(name: &str, message: &str) -> Self {
        let code = ErrorCode::parse(name);
        let well_formed = !name.is_empty()
            && name.len() <= MAX_UNRECOGNIZED
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if code == ErrorCode::Unrecognized && !well_formed {
            return Self::new(ErrorCode::InvalidResponse, "The server's response names no error code.");
        }
        let mut error = Self::new(code, message.chars().take(MAX_MESSAGE).collect::<String>());
        if code == ErrorCode::Unrecognized {
            error.0.unrecognized = Some(name.into());
        }
        error
    }

    /// Adds the HTTP status that the server answered with.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds how long to wait before the next try.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Option<Duration>) -> Self {
        self.0.retry_after = delay;
        self
    }

    /// Adds how many tries are left.
    #[must_use]
    pub fn with_attempts_left(mut self, attempts: Option<u32>) -> Self {
        self.0.attempts_left = attempts;
        self
    }

    /// Adds the server's id of the request, to be named when asking its operator.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<&str>) -> Self {
        self.0.request_id = id.map(Into::into);
        self
    }

    /// Adds why the server was not reached.
    #[must_use]
    pub fn with_cause(mut self, cause: Option<Cause>) -> Self {
        self.0.cause = cause;
        self
    }

    /// What went wrong.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The code's name on the wire, also where this version does not know it.
    pub fn code_str(&self) -> &str {
        self.0.unrecognized.as_deref().unwrap_or(self.0.code.as_str())
    }

    /// What went wrong in words for a developer; never meant to be parsed.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status, where a server answered.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Whether the same call can succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.code.retry(), Retry::AfterDelay | Retry::Temporary)
    }

    /// How long to wait before the next try, where the server said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many tries are left for a code, where the server said so.
    pub fn attempts_left(&self) -> Option<u32> {
        self.0.attempts_left
    }

    /// The server's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Why the server was not reached: with `connection`, with an `invalid_response` that is of somebody else, and with
    /// the `timeout` of a wait that had no connection at its end. It is this error's `source()` too.
    pub fn cause(&self) -> Option<Cause> {
        self.0.cause
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.0.message, self.code_str())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}

/// So that what takes a `Token`, or what can be read as one, takes both.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.as_str()), code);
        }
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(ErrorCode::ALL.is_sorted_by_key(|code| code.as_str()));
    }

    #[test]
    fn a_code_of_a_newer_server_keeps_its_name() {
        let error = Error::from_server("too_early", "Come back tomorrow.");
        assert_eq!(error.code(), ErrorCode::Unrecognized);
        assert_eq!(error.code_str(), "too_early");
        assert_eq!(error.code().class(), ErrorClass::Server);
    }

    #[test]
    fn what_is_no_code_is_an_invalid_response() {
        for name in ["", "<html>", "Upper", &"a".repeat(65)] {
            assert_eq!(Error::from_server(name, "").code(), ErrorCode::InvalidResponse, "{name}");
        }
    }

    #[test]
    fn an_error_is_as_small_as_a_pointer() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
