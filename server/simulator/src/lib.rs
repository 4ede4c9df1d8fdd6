//! A WhatsApp Cloud API and a phone screen, for development and tests on one machine.
//!
#![doc = include_str!("../README.md")]
//!
//! ## Why our own
//!
//! No other stand-in of the Cloud API is known that signs in: with hidden numbers, edited and redelivered messages, wrong
//! signatures, prices and errors of each code. Every end-to-end test and the demo stand on these.
//!
//! ## As a library
//!
//! ```
//! use whatsapp_simulator::{Config, Number, SecretString, Secrets};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let secrets = Secrets {
//!     app_secret: SecretString::from("secret"),
//!     verify_token: SecretString::from("verify"),
//!     access_token: SecretString::from("token"),
//! };
//! let webhook = "http://127.0.0.1:8787/webhooks/whatsapp".parse()?;
//! let config = Config::new(webhook, Number::parse("15550001111")?, "200000000000002", secrets);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let running = whatsapp_simulator::start(config, listener)?;
//! println!("listening on http://{}", running.address());
//! running.stop().await;
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
//! ```

mod account_events;
mod act;
mod app;
mod chat;
mod config;
mod control;
mod delivery;
mod faults;
mod graph;
mod graph_error;
mod guard;
mod identifiers;
mod limits;
mod link;
mod number;
mod page;
mod phones;
mod previews;
mod pricing;
mod renaming;
mod setup;
mod signing;
mod simulator;
mod standing_by;
mod templates;
mod webhook;
mod world;

pub use app::{Running, start};
pub use config::{Clock, Config, DEFAULT_BUSINESS_NAME, DEFAULT_WABA_ID, Secrets};
pub use number::{Number, NumberError};
pub use phones::{PhoneError, PhoneSpec};
pub use secrecy::SecretString;
pub use simulator::SetupError;

/// Chooses the TLS implementation for webhooks on https addresses; a choice made before stands.
fn use_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
