//! What follows the commit of logins: whoever waits for one is woken, and whoever sends messages is told of new ones.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::{
    store::{Commit, CommitListener, QueueOutcome, State},
    waiters::Waiters,
};

/// Tells this process of what it committed.
#[derive(Debug, Default)]
pub(crate) struct Publisher {
    pub(crate) waiters: Arc<Waiters>,
    /// Rung for each commit with a message that a person is owed.
    pub(crate) outbox: Arc<Notify>,
}

impl CommitListener for Publisher {
    fn committed(&self, commit: &Commit<'_>) {
        let mut is_owed = false;
        for (change, queued) in commit.changes {
            // Nobody waits for news that a login is waited for, or was redeemed by another.
            if change.is_news && !matches!(change.login.state, State::Pending | State::Claimed) {
                self.waiters.wake(&change.login);
            }
            is_owed |= *queued == Some(QueueOutcome::Queued);
            if let Some(limit @ (QueueOutcome::PersonLimit | QueueOutcome::AppLimit)) = queued {
                let app_key = change.login.code.app_key();
                tracing::warn!(%app_key, limit = limit.as_str(), "a message to a person is not sent: a limit is reached");
            }
        }
        if is_owed {
            self.outbox.notify_one();
        }
    }
}
