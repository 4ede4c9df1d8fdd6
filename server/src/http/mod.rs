//! HTTP: connections, what surrounds each call, and the routes.

pub(crate) mod admin;
mod asker;
mod auth_call;
pub(crate) mod body;
pub(crate) mod caller;
mod client_address;
mod console;
mod cookies;
mod cors;
mod error;
mod event_body;
mod event_stream;
mod forwarded;
pub(crate) mod gateway;
mod hosted;
mod intake;
mod issuer_session;
pub(crate) mod openid;
mod pages;
mod request;
mod router;
pub(crate) mod routes;
mod seen;
pub(crate) mod serve;
mod subscription;
pub(crate) mod tls;
mod transport;

pub(crate) use error::ApiError;
pub(crate) use router::router;
