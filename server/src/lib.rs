//! The Loggin server: it receives WhatsApp's webhooks, keeps the logins, and wakes whoever waits for them.
//!
//! This library has one entry, [`cli::main`]; what stands below is for the server alone.

#![forbid(unsafe_code)]

mod app;
mod app_commands;
mod apps;
mod audit_commands;
mod body;
mod caller;
pub mod cli;
mod client_address;
mod clock;
mod config;
mod cors;
mod crypto;
mod dev;
mod error;
mod forwarded;
mod intake;
mod languages;
mod limits;
mod logins;
mod otp;
mod outbox;
mod phones;
mod request;
mod routes;
mod run;
mod serve;
mod store;
mod stream;
mod subscription;
mod telemetry;
mod test_number_commands;
#[cfg(test)]
mod testing;
#[cfg(not(fuzzing))]
mod whatsapp;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod whatsapp;
