//! The JSON bodies of the HTTP API, used by client and server alike.
//!
//! Unknown fields are ignored on both sides. What cannot be read as one of these types is an
//! `invalid_response` for a client and an `invalid_request` for a server.

mod denied;
mod error;
mod events;
mod hidden;
mod lenient;
mod otp;
mod progress;
mod time;
mod tokens;

pub use denied::{DeniedRequest, DeniedResponse, MAX_LOGIN_IDS};
pub use error::ErrorBody;
pub use events::{
    EventsRequest, EventsResponse, MAX_RETURN_TO, ProgressEvent, ReadyEvent, RejectedEvent, TokenEvent,
    VerifiedEvent,
};
pub use otp::{OtpStartRequest, OtpStartResponse, OtpStatus, OtpVerifyRequest, OtpVerifyResponse};
pub use progress::{MatchDigits, Progress};
pub use time::Timestamp;
pub use tokens::{ConfirmRequest, ConfirmResponse, SessionBody, VerifyRequest, VerifyResponse};

use crate::error::{Error, ErrorCode};

/// Most tokens of one stream.
pub const MAX_TOKENS: usize = 10_000;
/// Most tokens of one stream that shows no secret key.
pub const MAX_TOKENS_WITHOUT_KEY: usize = 100;
/// The path of the event stream below the base URL.
pub const EVENTS_PATH: &str = "api/v1/tokens/events";
/// The path of redeeming below the base URL.
pub const VERIFY_PATH: &str = "api/v1/tokens/verify";
/// The path of asking which logins were denied, below the base URL.
pub const DENIED_PATH: &str = "api/v1/tokens/denied";
/// The path of the confirmation code below the base URL.
pub const CONFIRM_PATH: &str = "api/v1/tokens/confirm";
/// The path of sending a one-time code below the base URL.
pub const OTP_START_PATH: &str = "api/v1/auth/start";
/// The path of a one-time code that was typed, below the base URL.
pub const OTP_VERIFY_PATH: &str = "api/v1/auth/verify";
/// The header that makes a repeated call the same call.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The header that names a request.
pub const REQUEST_ID: &str = "X-Request-Id";

/// The error for a response that is none of this protocol.
pub fn invalid_response() -> Error {
    Error::new(ErrorCode::InvalidResponse, "The server's response is none of this protocol.")
}
