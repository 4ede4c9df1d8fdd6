//! The Loggin server: it receives WhatsApp's webhooks, keeps the logins, and wakes whoever waits for them.
//!
//! This library has one entry, [`cli::main`]; what stands below is for the server alone.

#![forbid(unsafe_code)]

mod app_commands;
mod apps;
mod audit_commands;
pub mod cli;
mod clock;
mod config;
mod crypto;
mod dev;
mod http;
mod languages;
mod limits;
mod logins;
mod otp;
mod outbox;
mod phones;
mod run;
mod state;
mod store;
mod telemetry;
mod test_number_commands;
#[cfg(test)]
mod testing;
#[cfg(not(fuzzing))]
mod whatsapp;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod whatsapp;
