//! The protocol of Loggin, which its clients and its server have in common.
//!
//! Everything here is a value or a pure function: time and random bits come in as arguments, and nothing is read,
//! written or started. Apps use the crate `loggin`, which brings the clock, the threads and the sockets.
//!
//! - [`AppKey`], [`Token`], [`Code`], [`SecretKey`], [`PhoneNumber`]: the identifiers, canonical once they are parsed.
//! - [`link`], [`qr`]: how a token's code gets to the person's phone.
//! - [`Confirm`]: what a person does before a login counts. [`Session`], [`Subject`], [`Assurance`]: who it was.
//! - [`wire`], [`sse`]: bodies, events and their framing. [`Error`], [`ErrorCode`], [`Cause`]: what can go wrong.
//! - [`webhook`]: what apps are told by, and how they know who tells it.
//! - [`backoff`], [`waits`]: when a client tries again, and the machine by which it waits.
#![forbid(unsafe_code)]

pub mod backoff;
pub mod base32;
mod cause;
mod confirm;
mod error;
mod identity;
pub mod link;
#[cfg(feature = "qr")]
pub mod qr;
mod session;
pub mod sse;
mod status;
mod token;
pub mod waits;
pub mod webhook;
pub mod wire;

pub use cause::Cause;
pub use confirm::Confirm;
pub use error::{Error, ErrorClass, ErrorCode, Retry};
pub use identity::{Assurance, PhoneNeed, Subject};
pub use session::{Observed, Session, SessionPhone, of_another_app};
pub use status::Status;
pub use token::{AppKey, Code, Credential, PhoneNumber, SecretKey, Token};
pub use wire::{MatchDigits, OtpStatus, Progress};
