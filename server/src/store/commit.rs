//! What follows a commit.
//!
//! It hangs on whoever commits, and on nobody who asked for the change: a caller's future can be dropped at any moment,
//! and what is stored is to be told all the same.

use std::{fmt, time::Duration};

use super::{Change, QueueOutcome};

/// Told of what was committed.
pub(crate) trait CommitListener: fmt::Debug + Send + Sync {
    /// This is stored. Called on the thread that writes, in the order of the commits, so it must not block.
    fn committed(&self, commit: &Commit<'_>);

    /// A transaction failed, and nothing of it is stored.
    fn failed(&self) {}
}

/// What one transaction stored.
#[derive(Debug)]
pub(crate) struct Commit<'a> {
    /// Changes of logins that were applied, in their order, and what became of the message that each owes.
    pub(crate) changes: &'a [(&'a Change, Option<QueueOutcome>)],
    /// How many writes it held, those of other tables among them.
    pub(crate) size: usize,
    /// Whether events for apps are among them.
    pub(crate) has_events: bool,
    /// How long the transaction took, the write to the disk included.
    pub(crate) took: Duration,
}

/// For programs that only administrate: nobody waits there.
impl CommitListener for () {
    fn committed(&self, _: &Commit<'_>) {}
}
