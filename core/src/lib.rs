//! Sign-in with WhatsApp, for any app.

pub mod backoff;
pub mod base32;
mod error;
pub mod link;
pub mod qr;
mod session;
pub mod sse;
mod token;
mod waits;
pub mod wire;

pub use error::{Error, ErrorClass, ErrorCode, Retry};
pub use session::Session;
pub use token::{AppKey, Code, PhoneNumber, SecretKey, Token};
