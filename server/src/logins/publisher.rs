//! What follows the commit of logins: whoever waits for one is woken, whoever sends messages is told of new ones, and all of
//! it is counted.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::{
    logins::Waiters,
    store::{Change, Commit, CommitListener, QueueOutcome, State, Write},
    telemetry::{
        LoginOutcome, ReplyKind, ReplyOutcome,
        metrics::{self, Limit},
    },
};

/// Tells this process of what it committed.
#[derive(Debug, Default)]
pub(crate) struct Publisher {
    pub(crate) waiters: Arc<Waiters>,
    /// Rung for each commit with a message that a person is owed.
    pub(crate) outbox: Arc<Notify>,
    /// Rung for each commit with an event that an app is told by webhooks.
    pub(crate) webhooks: Arc<Notify>,
}

impl CommitListener for Publisher {
    fn committed(&self, commit: &Commit<'_>) {
        metrics::committed(commit.size, commit.took);
        let mut is_owed = false;
        for (change, queued) in commit.changes {
            // Nobody waits for news that a login is waited for, or was redeemed by another.
            if change.is_news && !matches!(change.login.state, State::Pending | State::Claimed) {
                let wake = || self.waiters.wake(&change.login);
                if let Some(begun) = &change.begun {
                    begun.wake(change.login.code, outcome(change.login.state)).in_scope(wake);
                    metrics::woken(begun.elapsed());
                } else {
                    wake();
                }
            } else if change.expected.is_some() && change.write == Write::Put {
                self.waiters.wake_who_missed(&change.login);
            }
            count(change);
            if let Some(queued) = queued {
                count_queued(change, *queued);
                is_owed |= *queued == QueueOutcome::Queued;
            }
        }
        if commit.has_events {
            self.webhooks.notify_one();
        }
        if is_owed {
            self.outbox.notify_one();
        }
    }
}

fn count(change: &Change) {
    if !change.is_news || change.write == Write::Delete {
        return;
    }
    // What is used was claimed, and counted then.
    if let Some(outcome) = outcome(change.login.state) {
        metrics::logins(outcome, 1);
    }
}

/// What a login became; `None` where nothing is new of it.
fn outcome(state: State) -> Option<LoginOutcome> {
    Some(match state {
        State::Pending => LoginOutcome::Started,
        State::MessageReceived => LoginOutcome::MessageReceived,
        State::AwaitingConfirmation => LoginOutcome::AwaitingConfirmation,
        State::Verified => LoginOutcome::Verified,
        State::Claimed => LoginOutcome::Claimed,
        State::Expired | State::Lapsed => LoginOutcome::Expired,
        State::Denied => LoginOutcome::Denied,
        State::PhoneHidden => LoginOutcome::PhoneHidden,
        State::Used => return None,
    })
}

fn count_queued(change: &Change, queued: QueueOutcome) {
    let Some(kind) = change.owed.as_ref().map(|owed| ReplyKind::from(owed.kind)) else { return };
    let limit = match queued {
        QueueOutcome::Queued => return metrics::reply(kind, ReplyOutcome::Queued),
        QueueOutcome::Waiting => return,
        QueueOutcome::PersonLimit => Limit::RepliesPerPerson,
        QueueOutcome::AppLimit => Limit::RepliesPerApp,
    };
    metrics::reply(kind, ReplyOutcome::Capped);
    metrics::limit_hit(limit);
    let app_key = change.login.code.app_key();
    tracing::warn!(%app_key, limit = queued.as_str(), "a message to a person is not sent: a limit is reached");
}
