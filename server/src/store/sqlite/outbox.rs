//! Messages that people are owed, in SQLite.

use std::time::Duration;

use async_trait::async_trait;
use loggin_protocol::Code;
use rusqlite::{Connection, Row, params};

use super::{
    connections::{all, execute, first, tolerated},
    history, otp, rows,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        Attempt, Begun, DueMessage, Ended, MessageKind, MessageState, OutboxMessage, OutboxStore, Owed,
        QueueOutcome, SqliteStore, StoreError, rows::Numbered,
    },
};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Queues a message of a login, in the transaction of the change that brings it about.
///
/// A message of another kind takes the place of the one before; the same kind is queued again once it is out, and not
/// before its login may owe another.
pub(super) fn queue(db: &Connection, code: Code, owed: &Owed) -> Result<QueueOutcome, StoreError> {
    const SELECT: &str = "SELECT state <= 1 FROM outbox WHERE code = ? AND kind = ?";
    const INSERT: &str = "INSERT INTO outbox (code, serial, kind, state, recipient, queued_at, due_at, tries)
        VALUES (?1, 1, ?2, ?3, ?4, ?5, ?5, 0)
        ON CONFLICT DO UPDATE SET serial = serial + 1, kind = ?2, state = ?3, recipient = ?4, queued_at = ?5,
        due_at = CASE WHEN state <= 1 THEN ?5 ELSE min(max(due_at, ?5), ?6) END, tries = 0";
    let code = code.expose();
    let waits = first(db, SELECT, params![code, owed.kind.number()], |row| Ok(row.get::<_, bool>(0)?))?;
    if waits == Some(true) {
        return Ok(QueueOutcome::Waiting);
    }
    let person = limits::MESSAGES_PER_PERSON;
    if !count(db, &owed.recipient, owed.now, HOUR, person)? {
        return Ok(QueueOutcome::PersonLimit);
    }
    let app = code.split('-').next().unwrap_or_default().as_bytes();
    if !count(db, app, owed.now, DAY, owed.most_per_day.unwrap_or(u32::MAX))? {
        return Ok(QueueOutcome::AppLimit);
    }
    let latest = owed.now + limits::RECIPIENT_PAUSE;
    let waiting = MessageState::Waiting.number();
    let recipient = owed.recipient.as_slice();
    execute(db, INSERT, params![code, owed.kind.number(), waiting, recipient, owed.now.0, latest.0])?;
    Ok(QueueOutcome::Queued)
}

/// Counts one more in a window of this length; `false`, and nothing counted, beyond `most`.
fn count(
    db: &Connection,
    name: &[u8],
    now: UnixMillis,
    window: Duration,
    most: u32,
) -> Result<bool, StoreError> {
    // A window that begins in the future was begun by a clock that was wrong.
    const COUNT: &str = "INSERT INTO outbox_counts (name, since, count) SELECT ?1, ?2, 1 WHERE ?4 > 0
        ON CONFLICT DO UPDATE SET
        count = CASE WHEN since > ?3 AND since <= ?2 THEN count + 1 ELSE 1 END,
        since = CASE WHEN since > ?3 AND since <= ?2 THEN since ELSE ?2 END
        WHERE count < ?4 OR since <= ?3 OR since > ?2";
    Ok(execute(db, COUNT, params![name, now.0, (now - window).0, most])? == 1)
}

/// Deletes what a login owes, with the login.
pub(super) fn forget(db: &Connection, code: Code) -> Result<(), StoreError> {
    execute(db, "DELETE FROM outbox WHERE code = ?", [code.expose()]).map(drop)
}

fn message(row: &Row<'_>) -> Result<OutboxMessage, StoreError> {
    Ok(OutboxMessage {
        code: rows::code(row)?,
        serial: row.get("serial")?,
        kind: MessageKind::of_number(row.get("kind")?)?,
        state: MessageState::of_number(row.get("state")?)?,
        recipient: rows::hash(row, "recipient")?.ok_or(StoreError::Unreadable("recipient"))?,
        queued_at: UnixMillis(row.get("queued_at")?),
        due_at: UnixMillis(row.get("due_at")?),
        tries: row.get("tries")?,
    })
}

fn due(db: &Connection, now: UnixMillis, limit: u32) -> Result<Vec<DueMessage>, StoreError> {
    const OVER: &str = "SELECT * FROM outbox INDEXED BY outbox_by_due WHERE state <= 1 AND due_at <= ?1
        ORDER BY due_at LIMIT ?2";
    const BEYOND: &str = "SELECT * FROM outbox INDEXED BY outbox_by_due WHERE state <= 1 AND due_at > ?1
        ORDER BY due_at LIMIT ?2";
    const LOGIN: &str = "SELECT * FROM logins WHERE code = ?";
    let read =
        |sql, moment: UnixMillis| all(db, sql, params![moment.0, limit], |row| tolerated(message(row)));
    let mut messages = read(OVER, now)?;
    // A moment further ahead than any pause was written by a clock that was wrong.
    messages.extend(read(BEYOND, now + limits::MESSAGE_PAUSE_MAX)?);
    let with_login = |message: OutboxMessage| {
        let login = first(db, LOGIN, [message.code.expose()], rows::login)?;
        Ok(DueMessage { message, login })
    };
    messages.into_iter().flatten().take(limit as usize).map(with_login).collect()
}

fn begin(db: &Connection, attempt: &Attempt) -> Result<Begun, StoreError> {
    const WAITS: &str = "SELECT 1 FROM outbox WHERE code = ? AND serial = ? AND state = ?";
    const TAKE: &str =
        "UPDATE outbox SET state = ?3, due_at = ?4, tries = tries + 1 WHERE code = ?1 AND serial = ?2";
    const LATER: &str = "UPDATE outbox SET due_at = ?3 WHERE code = ?1 AND serial = ?2";
    let Attempt { code, serial, recipient, now, until, pause, burst } = attempt;
    let code = code.expose();
    let waits = first(db, WAITS, params![code, serial, MessageState::Waiting.number()], |_| Ok(()))?;
    if waits.is_none() {
        return Ok(Begun::Gone);
    }
    if !otp::take_turn(db, recipient, *now, millis(*pause), *now + *pause * *burst)? {
        let later = next_turn(db, recipient, *now, *pause, *burst)?;
        execute(db, LATER, params![code, serial, later.0])?;
        return Ok(Begun::Later(later));
    }
    execute(db, TAKE, params![code, serial, MessageState::Sending.number(), until.0])?;
    Ok(Begun::Taken)
}

/// When a recipient whose turns are used up has the next one.
fn next_turn(
    db: &Connection,
    recipient: &[u8; 32],
    now: UnixMillis,
    pause: Duration,
    burst: u32,
) -> Result<UnixMillis, StoreError> {
    const FREE: &str = "SELECT free_at FROM otp_recipients WHERE recipient = ?";
    let free_at = first(db, FREE, [recipient.as_slice()], |row| Ok(UnixMillis(row.get(0)?)))?.unwrap_or(now);
    let next = free_at - pause * burst.saturating_sub(1);
    Ok(next.max(now + Duration::from_millis(1)).min(now + pause * burst))
}

/// Keeps messages to a recipient back until then.
fn pause_recipient(db: &Connection, recipient: &[u8; 32], until: UnixMillis) -> Result<(), StoreError> {
    const PAUSE: &str = "INSERT INTO otp_recipients (recipient, free_at) VALUES (?1, ?2)
        ON CONFLICT DO UPDATE SET free_at = max(free_at, ?2)";
    let free_at = until + limits::RECIPIENT_PAUSE * limits::RECIPIENT_BURST.saturating_sub(1);
    execute(db, PAUSE, params![recipient.as_slice(), free_at.0]).map(drop)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn end(
    db: &Connection,
    login: Code,
    serial: i64,
    ended: Ended,
    recipient: &[u8; 32],
) -> Result<(), StoreError> {
    const END: &str = "UPDATE outbox SET state = ?3, due_at = ?4 WHERE code = ?1 AND serial = ?2";
    const DELETE: &str = "DELETE FROM outbox WHERE code = ? AND serial = ?";
    let code = login.expose();
    match ended {
        Ended::Finally { state, again } => {
            if state == MessageState::Sent {
                history::count_message(db, login, serial)?;
            }
            execute(db, END, params![code, serial, state.number(), again.0]).map(drop)
        }
        Ended::Retry { due_at, recipient_pauses } => {
            if recipient_pauses {
                pause_recipient(db, recipient, due_at)?;
            }
            execute(db, END, params![code, serial, MessageState::Waiting.number(), due_at.0]).map(drop)
        }
        Ended::Obsolete => execute(db, DELETE, params![code, serial]).map(drop),
    }
}

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn due_messages(&self, now: UnixMillis, limit: u32) -> Result<Vec<DueMessage>, StoreError> {
        self.readers.read(move |db| due(db, now, limit)).await
    }

    async fn next_message(&self) -> Result<Option<UnixMillis>, StoreError> {
        const NEXT: &str = "SELECT due_at FROM outbox INDEXED BY outbox_by_due WHERE state <= 1
            ORDER BY due_at LIMIT 1";
        self.readers.read(|db| first(db, NEXT, [], |row| Ok(UnixMillis(row.get(0)?)))).await
    }

    async fn oldest_message(&self) -> Result<Option<UnixMillis>, StoreError> {
        const OLDEST: &str = "SELECT min(queued_at) FROM outbox INDEXED BY outbox_by_due WHERE state <= 1";
        let oldest = self.readers.read(|db| first(db, OLDEST, [], |row| Ok(row.get::<_, Option<i64>>(0)?)));
        Ok(oldest.await?.flatten().map(UnixMillis))
    }

    async fn begin_message(&self, attempt: Attempt) -> Result<Begun, StoreError> {
        self.write_grouped(move |db| begin(db, &attempt)).await
    }

    async fn end_message(
        &self,
        code: Code,
        serial: i64,
        ended: Ended,
        recipient: [u8; 32],
    ) -> Result<(), StoreError> {
        self.write_grouped(move |db| end(db, code, serial, ended, &recipient)).await
    }

    async fn purge_outbox_counts(&self, now: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        const COUNTS: &str = "DELETE FROM outbox_counts WHERE name IN
            (SELECT name FROM outbox_counts WHERE since < ?1 OR since > ?2 LIMIT ?3)";
        let before = now - DAY;
        let purged = self.write_grouped(move |db| execute(db, COUNTS, params![before.0, now.0, limit]));
        Ok(purged.await? as u64)
    }
}
