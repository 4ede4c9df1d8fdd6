//! The one task that changes logins and sessions of one-time codes: it takes whatever waits, and writes it in one transaction.
//!
//! A commit costs a write to the disk however much it holds, so under load the writes of many requests share one.

use std::collections::HashSet;

use loggin::Code;
use sqlx::{Row, Sqlite, SqlitePool, Transaction};
use tokio::sync::{mpsc, oneshot};

use super::{
    Change, Login, MessageId, OtpCounts, OtpDelivery, OtpOutcome, OtpWrite, Outcome, State, StoreError,
    rows::Numbered, sqlite_otp,
};
use crate::limits;

/// Work for the task.
pub(super) enum Job {
    /// Make these changes of logins.
    Apply(Task),
    /// Make these writes, or none of them.
    Otp(OtpTask),
    /// Note how far these messages have come.
    Deliveries(DeliveriesTask),
    /// End, once everything before it is written.
    Close(oneshot::Sender<()>),
}

/// Changes that belong together only in that one caller waits for them.
pub(super) struct Task {
    pub(super) changes: Vec<Change>,
    pub(super) done: oneshot::Sender<Result<Vec<Outcome>, StoreError>>,
}

/// Writes that are made all or not at all.
pub(super) struct OtpTask {
    pub(super) writes: Vec<OtpWrite>,
    pub(super) done: oneshot::Sender<Result<OtpOutcome, StoreError>>,
}

/// How far messages have come.
pub(super) struct DeliveriesTask {
    pub(super) deliveries: Vec<OtpDelivery>,
    pub(super) done: oneshot::Sender<Result<(), StoreError>>,
}

/// What one transaction holds.
#[derive(Default)]
struct Group {
    logins: Vec<Task>,
    otp: Vec<OtpTask>,
    deliveries: Vec<DeliveriesTask>,
    size: usize,
}

impl Group {
    /// Takes work in; gives back the end, which is none.
    fn take(&mut self, job: Job) -> Option<oneshot::Sender<()>> {
        match job {
            Job::Apply(task) => {
                self.size += task.changes.len();
                self.logins.push(task);
            }
            Job::Otp(task) => {
                self.size += task.writes.len();
                self.otp.push(task);
            }
            Job::Deliveries(task) => {
                self.size += task.deliveries.len();
                self.deliveries.push(task);
            }
            Job::Close(done) => return Some(done),
        }
        None
    }
}

/// Runs until it is told to close, or nobody can send work any more.
pub(super) async fn run(pool: SqlitePool, mut queue: mpsc::Receiver<Job>, node: i64) {
    while let Some(first) = queue.recv().await {
        let mut group = Group::default();
        let mut close = group.take(first);
        while close.is_none() && group.size < limits::CHANGES_PER_TRANSACTION {
            let Ok(next) = queue.try_recv() else { break };
            close = group.take(next);
        }
        write_group(&pool, group, node).await;
        if let Some(done) = close {
            queue.close();
            // Whoever asked may have gone meanwhile.
            let _ = done.send(());
            return;
        }
    }
}

/// What became of a group.
struct Written {
    logins: Vec<Outcome>,
    otp: Vec<OtpOutcome>,
}

async fn write_group(pool: &SqlitePool, group: Group, node: i64) {
    let written = if group.size == 0 { Ok(None) } else { write(pool, &group, node).await.map(Some) };
    let failed = written.is_err();
    if let Err(error) = &written {
        tracing::error!(%error, "a transaction failed");
    }
    let (mut logins, mut otp) = match written {
        Ok(Some(written)) => (written.logins.into_iter(), written.otp.into_iter()),
        _ => (Vec::new().into_iter(), Vec::new().into_iter()),
    };
    // A caller that has gone needs no answer.
    for task in group.logins {
        let own = logins.by_ref().take(task.changes.len()).collect();
        let _ = task.done.send(if failed { Err(StoreError::NotWritten) } else { Ok(own) });
    }
    for task in group.otp {
        let own = otp.next().unwrap_or_else(|| Ok(OtpCounts::default()));
        let _ = task.done.send(if failed { Err(StoreError::NotWritten) } else { Ok(own) });
    }
    for task in group.deliveries {
        let _ = task.done.send(if failed { Err(StoreError::NotWritten) } else { Ok(()) });
    }
}

/// Writes all of these in one transaction.
async fn write(pool: &SqlitePool, group: &Group, node: i64) -> Result<Written, StoreError> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let changes: Vec<&Change> = group.logins.iter().flat_map(|task| &task.changes).collect();
    let logins =
        if changes.is_empty() { Vec::new() } else { write_logins(&mut transaction, &changes, node).await? };
    let mut otp = Vec::with_capacity(group.otp.len());
    for task in &group.otp {
        otp.push(sqlite_otp::write_all(&mut transaction, &task.writes).await?);
    }
    for delivery in group.deliveries.iter().flat_map(|task| &task.deliveries) {
        sqlite_otp::deliver(&mut transaction, delivery).await?;
    }
    transaction.commit().await?;
    Ok(Written { logins, otp })
}

async fn write_logins(
    transaction: &mut Transaction<'_, Sqlite>,
    changes: &[&Change],
    node: i64,
) -> Result<Vec<Outcome>, StoreError> {
    let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    let last: i64 = sqlx::query("UPDATE changes SET last = last + ? RETURNING last")
        .bind(count)
        .fetch_one(&mut **transaction)
        .await?
        .try_get(0)?;
    let first = last - count + 1;
    let inserted = insert_waited(transaction, changes, node, first).await?;
    let mut outcomes = Vec::with_capacity(changes.len());
    for (position, change) in (first..).zip(changes) {
        outcomes.push(if !is_first_wait(change) {
            write_one(transaction, change, node, position).await?
        } else if inserted.contains(&(change.login.code, position)) {
            Outcome::Applied
        } else {
            Outcome::Conflict
        });
    }
    Ok(outcomes)
}

/// Whether this only adds a login that somebody waits for: the one change that comes by the thousand.
fn is_first_wait(change: &Change) -> bool {
    change.expected.is_none() && change.message.is_none() && change.login.state == State::Pending
}

const INSERT_WAITED: &str = "INSERT INTO logins
    (code, app_key, state, version, deadline, waited_for, attempts_left, node, change)
    SELECT value ->> 0, substr(value ->> 0, 1, 8), ?2, 1, value ->> 1, 1, 0, ?3, value ->> 2 FROM json_each(?1)
    WHERE true ON CONFLICT DO NOTHING RETURNING code, change";

/// Adds all logins that are waited for the first time in one statement; returns those that are new, each with the
/// position of its change.
async fn insert_waited(
    transaction: &mut Transaction<'_, Sqlite>,
    changes: &[&Change],
    node: i64,
    first: i64,
) -> Result<HashSet<(Code, i64)>, StoreError> {
    let waited: Vec<(Code, i64, i64)> = (first..)
        .zip(changes)
        .filter(|(_, change)| is_first_wait(change))
        .map(|(position, change)| (change.login.code, change.login.deadline.0, position))
        .collect();
    if waited.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = sqlx::query(INSERT_WAITED)
        .bind(serde_json::to_string(&waited).map_err(|_| StoreError::Unreadable("code"))?)
        .bind(State::Pending.number())
        .bind(node)
        .fetch_all(&mut **transaction)
        .await?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        let code = Code::parse(row.try_get("code")?).map_err(|_| StoreError::Unreadable("code"))?;
        Ok((code, row.try_get("change")?))
    };
    rows.iter().map(read).collect()
}

const INSERT: &str = "INSERT INTO logins
    (code, app_key, state, version, deadline, waited_for, phone, user_id, verified_at, claimed_by, confirmation,
     attempts_left, reply_reference, node, change)
    VALUES (?1, substr(?1, 1, 8), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
    ON CONFLICT DO NOTHING";

const UPDATE: &str = "UPDATE logins SET state = ?2, version = ?3, deadline = ?4, waited_for = ?5, phone = ?6,
    user_id = ?7, verified_at = ?8, claimed_by = ?9, confirmation = ?10, attempts_left = ?11,
    reply_reference = ?12, node = ?13, change = ?14
    WHERE code = ?1 AND version = ?15";

async fn write_one(
    transaction: &mut Transaction<'_, Sqlite>,
    change: &Change,
    node: i64,
    position: i64,
) -> Result<Outcome, StoreError> {
    if let Some(message) = &change.message
        && !remember(transaction, message).await?
    {
        return Ok(Outcome::Duplicate);
    }
    let login = &change.login;
    let mut query = bind(sqlx::query(if change.expected.is_none() { INSERT } else { UPDATE }), login)
        .bind(node)
        .bind(position);
    if let Some(expected) = change.expected {
        query = query.bind(expected);
    }
    let done = query.execute(&mut **transaction).await?;
    if done.rows_affected() == 1 {
        return Ok(Outcome::Applied);
    }
    if let Some(message) = &change.message {
        forget(transaction, message).await?;
    }
    Ok(Outcome::Conflict)
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

fn bind<'q>(query: Query<'q>, login: &'q Login) -> Query<'q> {
    query
        .bind(login.code.expose())
        .bind(login.state.number())
        .bind(login.version)
        .bind(login.deadline.0)
        .bind(login.waited_for)
        .bind(login.phone.as_ref().map(loggin::PhoneNumber::expose))
        .bind(login.user_id.as_deref())
        .bind(login.verified_at.map(|moment| moment.0))
        .bind(login.claimed_by.as_ref().map(<[u8; 32]>::as_slice))
        .bind(login.confirmation.as_ref().map(<[u8; 32]>::as_slice))
        .bind(login.attempts_left)
        .bind(login.reply_reference.as_deref())
}

/// Keeps a message's id; `false` where it is known.
async fn remember(
    transaction: &mut Transaction<'_, Sqlite>,
    message: &MessageId,
) -> Result<bool, StoreError> {
    let done = sqlx::query("INSERT INTO messages VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(&message.phone_number_id)
        .bind(message.hash.as_slice())
        .bind(message.received_at.0)
        .execute(&mut **transaction)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets a message that brought nothing about, so that it can be tried again.
async fn forget(transaction: &mut Transaction<'_, Sqlite>, message: &MessageId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM messages WHERE phone_number_id = ? AND message_hash = ?")
        .bind(&message.phone_number_id)
        .bind(message.hash.as_slice())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
