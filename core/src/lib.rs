//! Loggin.
pub mod backoff;
pub mod sse;
