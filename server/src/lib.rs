//! The Loggin server: it receives WhatsApp's webhooks, keeps the logins, and wakes whoever waits for them.
//!
//! This library has one entry, [`main`]; what stands below is for the server alone.

#![forbid(unsafe_code)]

mod administration;
mod apps;
mod clock;
mod commands;
mod config;
mod crypto;
mod doctor;
mod events;
mod gateway;
mod history;
mod http;
mod identity;
mod languages;
mod limits;
mod logins;
mod openid;
mod otp;
mod outbox;
mod phones;
mod state;
mod store;
mod telemetry;
#[cfg(test)]
mod tests;
mod whatsapp;

pub use commands::main;
