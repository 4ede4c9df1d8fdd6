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

pub mod backoff;
pub mod base32;
mod cause;
mod client;
mod driver;
mod error;
pub mod link;
mod log_bridge;
mod observer;
mod otp;
pub mod qr;
mod session;
pub mod sse;
mod state;
mod timeout;
mod token;
#[cfg(not(fuzzing))]
mod waits;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod waits;
pub mod wire;

pub use cause::Cause;
pub use client::{
    CreatedToken, DEFAULT_BASE_URL, DEFAULT_CALL_TIMEOUT, DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT, Loggin,
    LogginBuilder, LoginStatus, MAX_IDEMPOTENCY_KEY, MAX_RETRIES,
};
pub use driver::{Pending, Update, Watch};
pub use error::{Error, ErrorClass, ErrorCode, Retry};
#[doc(hidden)]
pub use log_bridge::LogBridge;
pub use observer::Observer;
pub use otp::{Meta, Otp, OtpRequest, OtpResult, OtpSession};
pub use session::{Observed, Session};
pub use state::ClientState;
#[doc(hidden)]
pub use timeout::timeout_of;
pub use token::{AppKey, Code, PhoneNumber, SecretKey, Token};
pub use wire::{OtpStatus, Progress, Status};
