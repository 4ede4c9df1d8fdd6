//! WhatsApp's messages that have brought something about, in SQLite: each does so once.

use rusqlite::{Connection, params};

use super::connections::execute;
use crate::{
    clock::UnixMillis,
    store::{MessageId, StoreError},
};

/// Keeps a message's id; `false` where it is known.
pub(super) fn remember(db: &Connection, message: &MessageId) -> Result<bool, StoreError> {
    const INSERT: &str = "INSERT INTO messages VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    let values = params![message.phone_number_id, message.hash.as_slice(), message.received_at.0];
    Ok(execute(db, INSERT, values)? == 1)
}

/// Forgets a message that brought nothing about, so that it can be tried again.
pub(super) fn forget(db: &Connection, message: &MessageId) -> Result<(), StoreError> {
    const DELETE: &str = "DELETE FROM messages WHERE phone_number_id = ? AND message_hash = ?";
    execute(db, DELETE, params![message.phone_number_id, message.hash.as_slice()]).map(drop)
}

/// Deletes messages older than `before`, up to `limit` of them. One from the future is as old as `now` from then on.
pub(super) fn purge(
    db: &Connection,
    now: UnixMillis,
    before: UnixMillis,
    limit: u32,
) -> Result<usize, StoreError> {
    const PULL_BACK: &str = "UPDATE messages SET received_at = ?1 WHERE received_at > ?1";
    const PURGE_MESSAGES: &str = "DELETE FROM messages WHERE (phone_number_id, message_hash) IN
        (SELECT phone_number_id, message_hash FROM messages WHERE received_at < ? LIMIT ?)";
    execute(db, PULL_BACK, [now.0])?;
    execute(db, PURGE_MESSAGES, params![before.0, limit])
}
