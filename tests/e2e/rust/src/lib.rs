//! Starts the real server with its simulator on free ports, acts as the people with the phones, and puts a network
//! that misbehaves between client and server.
#![allow(clippy::missing_panics_doc, clippy::unwrap_used, clippy::expect_used)] // a test's tool: what fails here fails the test

mod environment;
pub mod hang_ups;
pub mod nodes;
pub mod observer;
pub mod proxy;
pub mod rounds;

use std::time::Duration;

pub use environment::{DEMO_APP, Environment, PHONE, Stop, new_tokens};

/// Nothing here takes this long unless it hangs: then the test fails instead of standing still.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(60);
