//! Starts the real server with its simulator on free ports, acts as the people with the phones, and puts a network
//! that misbehaves between client and server.
#![allow(clippy::missing_panics_doc, clippy::unwrap_used, clippy::expect_used)] // a test's tool: what fails here fails the test

pub mod hang_ups;
pub mod observer;
pub mod proxy;
pub mod rounds;
mod world;

use std::time::Duration;

pub use world::{DEMO_APP, PHONE, Stop, World, new_tokens};

/// Nothing here takes this long unless it hangs: then the test fails instead of standing still.
pub const PATIENCE: Duration = Duration::from_secs(60);
