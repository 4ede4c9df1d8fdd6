//! What the task that writes tells of the database to those who ask whether it works.

use std::time::Instant;

use tokio::sync::watch;

/// What the last writes came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// When a write was last seen to be stored.
    pub(super) stored_at: Option<Instant>,
    /// Whether none of the tries since then was.
    pub(super) is_failing: bool,
}

/// The same, told by the task that writes.
#[derive(Clone, Debug, Default)]
pub(super) struct Health(watch::Sender<Seen>);

impl Health {
    /// A write is stored.
    pub(super) fn stored(&self) {
        self.0.send_replace(Seen { stored_at: Some(Instant::now()), is_failing: false });
    }

    /// What was seen, now and from now on.
    pub(super) fn seen(&self) -> watch::Receiver<Seen> {
        self.0.subscribe()
    }

    /// A write is not stored, or not known to be.
    pub(super) fn failed(&self) {
        self.0.send_modify(|seen| seen.is_failing = true);
    }
}
