//! Sign-in with WhatsApp, for any app.

pub mod base32;
mod error;
mod token;
pub mod wire;

pub use error::{Error, ErrorClass, ErrorCode, Retry};
pub use token::{AppKey, Code, PhoneNumber, SecretKey, Token};
