//! Sign-in with WhatsApp, for any app.
//!
//! An app makes a token and a link; the person opens the link and taps Send; whoever holds the token is told the
//! verified phone number. See [`Loggin`] for the client, and `loggin-server` for the other end.
//!
//! ```no_run
//! let client = loggin::Loggin::from_env()?;
//! let login = client.create_token("8XKPQ2WN")?;
//! println!("{}", login.link);
//! let session = client.wait_for_verify(login.token)?;
//! # Ok::<(), loggin::Error>(())
//! ```
#![deny(unsafe_code)]

mod client;
mod driver;
mod log_bridge;
mod timeout;
mod webhook;

#[doc(hidden)]
pub use client::client_ip_of;
pub use client::{
    ClientState, CreatedToken, DEFAULT_BASE_URL, DEFAULT_CALL_TIMEOUT, DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT,
    Loggin, LogginBuilder, LoginStatus, MAX_IDEMPOTENCY_KEY, MAX_RETRIES, Meta, Observer, Otp, OtpRequest,
    OtpResult, OtpSession,
};
pub use driver::{Pending, Update, Watch};
#[doc(hidden)]
pub use log_bridge::LogBridge;
#[cfg(feature = "qr")]
pub use loggin_protocol::qr;
pub use loggin_protocol::{
    AppKey, Assurance, Cause, Code, Confirm, Error, ErrorClass, ErrorCode, MatchDigits, Observed, OtpStatus,
    PhoneNumber, Progress, Retry, SecretKey, Session, SessionPhone, Status, Subject, Token,
    link::WhatsAppNumber, webhook::WebhookEvent,
};
#[doc(hidden)]
pub use timeout::timeout_of;
pub use webhook::verify_webhook;
#[doc(hidden)]
pub use webhook::verify_webhook_at;
