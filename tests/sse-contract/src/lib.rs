//! The service: the contract's resources over HTTP, and a client of event streams made of the SDK's parts.

mod callback;
mod client;
mod service;

pub use service::serve;
