//! Several servers on one PostgreSQL that fail, and what their clients are told meanwhile.

#[allow(dead_code)] // the tests of the store use the rest
#[path = "../../../../../server/src/store/tests/cluster.rs"]
mod cluster;
mod disk;
mod fault;
mod history;
mod house;
mod node;
mod race;
mod rounds;
mod wire;

use std::time::Duration;

pub use fault::{Fault, OUTAGE};
pub use history::{History, Login, Outcome, Violation, Wait};
pub use house::House;
pub use race::{REDEEMERS, race};
pub use rounds::{Report, run, run_with};

/// The time in which a wait must end once whatever was done is undone, and in which every server must be ready.
pub const BOUND: Duration = Duration::from_secs(2);
