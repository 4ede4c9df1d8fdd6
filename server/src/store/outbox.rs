//! Messages that people are owed, and the calls for them that every store offers.
//!
//! A message is queued in the transaction of the change that brings it about, see `Change::owed`. It is sent at most
//! once: whoever sends it marks it first, and one that was marked by a process which did not come back counts as sent.

use std::time::Duration;

use async_trait::async_trait;
use loggin_protocol::Code;

use super::{Login, StoreError};
use crate::clock::UnixMillis;

/// What a message to a person is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MessageKind {
    /// They are asked to share their phone number.
    SharePhone,
    /// They are given a code to type where the login began.
    ConfirmationCode,
    /// They are given digits to choose from, of which one row is shown where the login began.
    MatchDigits,
    /// They are told that they signed in, with a "not me" button.
    SignedIn,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageState {
    /// It waits for its moment.
    Waiting,
    /// Somebody sends it.
    Sending,
    /// WhatsApp has taken it.
    Sent,
    /// WhatsApp may have taken it.
    Ambiguous,
    /// WhatsApp refuses it.
    Refused,
}

/// A message to be queued with a change.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    pub(crate) kind: MessageKind,
    /// MAC of who it is for.
    pub(crate) recipient: [u8; 32],
    pub(crate) now: UnixMillis,
    /// Messages that the app's logins may cost in a day.
    pub(crate) most_per_day: Option<u32>,
}

/// What became of an [`Owed`] message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueOutcome {
    /// It is queued.
    Queued,
    /// The same message waits already.
    Waiting,
    /// The person got as many in an hour as they may.
    PersonLimit,
    /// The app's logins cost as many in a day as they may.
    AppLimit,
}

impl QueueOutcome {
    /// A name for logs and counters.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::PersonLimit => "person_limit",
            Self::AppLimit => "app_limit",
        }
    }
}

/// A message that is queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutboxMessage {
    pub(crate) code: Code,
    /// Counts the messages of the login; whoever moves one names the serial that they mean.
    pub(crate) serial: i64,
    pub(crate) kind: MessageKind,
    pub(crate) state: MessageState,
    pub(crate) recipient: [u8; 32],
    pub(crate) queued_at: UnixMillis,
    /// When it may be sent; while it is being sent, when whoever sends it cannot be at it any more.
    pub(crate) due_at: UnixMillis,
    /// How often it was tried.
    pub(crate) tries: u32,
}

/// A message that is due, and its login.
#[derive(Clone, Debug)]
pub(crate) struct DueMessage {
    pub(crate) message: OutboxMessage,
    pub(crate) login: Option<Login>,
}

/// An attempt to send a message.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) code: Code,
    pub(crate) serial: i64,
    pub(crate) recipient: [u8; 32],
    pub(crate) now: UnixMillis,
    /// When it is given up at the latest.
    pub(crate) until: UnixMillis,
    /// From one message to the recipient to the next, in the long run.
    pub(crate) pause: Duration,
    /// How many may go out without that pause.
    pub(crate) burst: u32,
}

/// What became of the wish to send a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is this caller's to send.
    Taken,
    /// The recipient's turn comes later, and the message is due then.
    Later(UnixMillis),
    /// Somebody else has it.
    Gone,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// WhatsApp has taken it, may have, or never will; the login's next message may go out at `again`.
    Finally { state: MessageState, again: UnixMillis },
    /// It is due again then. `recipient_pauses` keeps every other message to them back until then, too.
    Retry { due_at: UnixMillis, recipient_pauses: bool },
    /// Nobody needs it any more.
    Obsolete,
}

/// Where messages that people are owed are kept.
#[async_trait]
pub(crate) trait OutboxStore {
    /// Messages whose moment has come, the longest overdue first.
    async fn due_messages(&self, now: UnixMillis, limit: u32) -> Result<Vec<DueMessage>, StoreError>;
    /// When the next message is due.
    async fn next_message(&self) -> Result<Option<UnixMillis>, StoreError>;
    /// When the oldest message that waits was queued.
    async fn oldest_message(&self) -> Result<Option<UnixMillis>, StoreError>;
    /// Takes a message that waits, and a turn in its recipient's row.
    async fn begin_message(&self, attempt: Attempt) -> Result<Begun, StoreError>;
    /// Notes how an attempt ended; nothing where the message has another serial by now.
    async fn end_message(
        &self,
        code: Code,
        serial: i64,
        ended: Ended,
        recipient: [u8; 32],
    ) -> Result<(), StoreError>;
    /// Deletes counts whose window is over, up to `limit` of them; returns how many.
    async fn purge_outbox_counts(&self, now: UnixMillis, limit: u32) -> Result<u64, StoreError>;
}
