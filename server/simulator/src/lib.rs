//! A WhatsApp Cloud API and a phone screen, for development and tests on one machine.

mod act;
mod app;
mod chat;
mod config;
mod control;
mod faults;
mod graph;
mod guard;
mod identifiers;
mod limits;
mod link;
mod number;
mod page;
mod phones;
mod signing;
mod simulator;
mod webhook;
mod world;

pub use app::{Running, start};
pub use config::{Clock, Config, DEFAULT_BUSINESS_NAME, DEFAULT_WABA_ID, Secret, Secrets};
pub use number::{Number, NumberError};
pub use phones::{PhoneError, PhoneSpec};
pub use simulator::SetupError;

/// Chooses the TLS implementation for webhooks on https addresses; a choice made before stands.
fn use_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
