//! The one thread that writes: it takes whatever waits, and writes it in one transaction.
//!
//! A commit costs a write to the disk however much it holds, so under load the writes of many requests share one.

use std::{collections::HashSet, thread};

use loggin::Code;
use rusqlite::{Connection, ToSql, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};

use super::{
    CallCount, Change, CountedCalls, Login, MessageId, OtpCounts, OtpDelivery, OtpOutcome, OtpWrite, Outcome,
    State, StoreError,
    rows::{self, Numbered},
    sqlite_connections::{all, execute, first},
    sqlite_otp,
};
use crate::limits;

/// Something that is written in a transaction of its own.
pub(super) type Alone = Box<dyn FnOnce(&mut Connection) + Send>;

/// Work for the thread.
pub(super) enum Job {
    /// Make these changes of logins.
    Apply(Task),
    /// Make these writes, or none of them.
    Otp(OtpTask),
    /// Note how far these messages have come.
    Deliveries(DeliveriesTask),
    /// Write this, after everything before it.
    Alone(Alone),
    /// End, once everything before it is written.
    Close(oneshot::Sender<()>),
}

/// What ends a group.
enum End {
    Alone(Alone),
    Close(oneshot::Sender<()>),
}

/// Changes that belong together only in that one caller waits for them.
pub(super) struct Task {
    pub(super) changes: Vec<Change>,
    pub(super) done: oneshot::Sender<Result<Vec<Outcome>, StoreError>>,
}

/// Writes that are made all or not at all, and the call that they are counted for.
pub(super) struct OtpTask {
    pub(super) call: Option<CallCount>,
    pub(super) writes: Vec<OtpWrite>,
    pub(super) done: oneshot::Sender<Result<OtpWritten, StoreError>>,
}

/// What became of an [`OtpTask`].
pub(super) type OtpWritten = (Option<CountedCalls>, OtpOutcome);

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
    /// Takes work in; gives back what is none, and ends the group.
    fn take(&mut self, job: Job) -> Option<End> {
        match job {
            Job::Apply(task) => {
                self.size += task.changes.len();
                self.logins.push(task);
            }
            Job::Otp(task) => {
                self.size += task.writes.len() + usize::from(task.call.is_some());
                self.otp.push(task);
            }
            Job::Deliveries(task) => {
                self.size += task.deliveries.len();
                self.deliveries.push(task);
            }
            Job::Alone(write) => return Some(End::Alone(write)),
            Job::Close(done) => return Some(End::Close(done)),
        }
        None
    }
}

/// Starts the thread. It ends when it is told to, or nobody can send work any more.
pub(super) fn start(connection: Connection, queue: mpsc::Receiver<Job>, node: i64) -> Result<(), StoreError> {
    let thread = thread::Builder::new().name("loggin-sqlite".into());
    thread.spawn(move || run(connection, queue, node))?;
    Ok(())
}

fn run(mut connection: Connection, mut queue: mpsc::Receiver<Job>, node: i64) {
    while let Some(next) = queue.blocking_recv() {
        let mut group = Group::default();
        let mut end = group.take(next);
        while end.is_none() && group.size < limits::CHANGES_PER_TRANSACTION {
            let Ok(next) = queue.try_recv() else { break };
            end = group.take(next);
        }
        write_group(&mut connection, group, node);
        match end {
            None => {}
            Some(End::Alone(write)) => write(&mut connection),
            Some(End::Close(done)) => {
                queue.close();
                drop(connection);
                // Whoever asked may have gone meanwhile.
                let _ = done.send(());
                return;
            }
        }
    }
}

/// What became of a group.
struct Written {
    logins: Vec<Outcome>,
    otp: Vec<OtpWritten>,
}

fn write_group(connection: &mut Connection, group: Group, node: i64) {
    let written = if group.size == 0 { Ok(None) } else { write(connection, &group, node).map(Some) };
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
        let own = otp.next().unwrap_or_else(|| (None, Ok(OtpCounts::default())));
        let _ = task.done.send(if failed { Err(StoreError::NotWritten) } else { Ok(own) });
    }
    for task in group.deliveries {
        let _ = task.done.send(if failed { Err(StoreError::NotWritten) } else { Ok(()) });
    }
}

/// Writes all of these in one transaction.
fn write(connection: &mut Connection, group: &Group, node: i64) -> Result<Written, StoreError> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let changes: Vec<&Change> = group.logins.iter().flat_map(|task| &task.changes).collect();
    let logins = if changes.is_empty() { Vec::new() } else { write_logins(&transaction, &changes, node)? };
    let mut otp = Vec::with_capacity(group.otp.len());
    for task in &group.otp {
        otp.push(sqlite_otp::write_counted(&mut transaction, task.call, &task.writes)?);
    }
    for delivery in group.deliveries.iter().flat_map(|task| &task.deliveries) {
        sqlite_otp::deliver(&transaction, delivery)?;
    }
    transaction.commit()?;
    Ok(Written { logins, otp })
}

fn write_logins(db: &Connection, changes: &[&Change], node: i64) -> Result<Vec<Outcome>, StoreError> {
    const ADVANCE: &str = "UPDATE changes SET last = last + ? RETURNING last";
    let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    let last = first(db, ADVANCE, [count], |row| Ok(row.get::<_, i64>(0)?))?;
    let begin = last.ok_or(StoreError::Unreadable("position"))? - count + 1;
    let inserted = insert_waited(db, changes, node, begin)?;
    let mut outcomes = Vec::with_capacity(changes.len());
    for (position, change) in (begin..).zip(changes) {
        outcomes.push(if !is_first_wait(change) {
            write_one(db, change, node, position)?
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
fn insert_waited(
    db: &Connection,
    changes: &[&Change],
    node: i64,
    begin: i64,
) -> Result<HashSet<(Code, i64)>, StoreError> {
    let waited: Vec<(Code, i64, i64)> = (begin..)
        .zip(changes)
        .filter(|(_, change)| is_first_wait(change))
        .map(|(position, change)| (change.login.code, change.login.deadline.0, position))
        .collect();
    if waited.is_empty() {
        return Ok(HashSet::new());
    }
    let waited = serde_json::to_string(&waited).map_err(|_| StoreError::Unreadable("code"))?;
    let inserted = all(db, INSERT_WAITED, params![waited, State::Pending.number(), node], |row| {
        Ok((rows::code(row)?, row.get("change")?))
    })?;
    Ok(inserted.into_iter().collect())
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

fn write_one(db: &Connection, change: &Change, node: i64, position: i64) -> Result<Outcome, StoreError> {
    if let Some(message) = &change.message
        && !remember(db, message)?
    {
        return Ok(Outcome::Duplicate);
    }
    if put(db, &change.login, change.expected, node, position)? {
        return Ok(Outcome::Applied);
    }
    if let Some(message) = &change.message {
        forget(db, message)?;
    }
    Ok(Outcome::Conflict)
}

/// Adds a login, or replaces the one of the expected version; `false` where that is not what is there.
fn put(
    db: &Connection,
    login: &Login,
    expected: Option<i64>,
    node: i64,
    position: i64,
) -> Result<bool, StoreError> {
    let values: &[&dyn ToSql] = params![
        login.code.expose(),
        login.state.number(),
        login.version,
        login.deadline.0,
        login.waited_for,
        login.phone.as_ref().map(loggin::PhoneNumber::expose),
        login.user_id,
        login.verified_at.map(|moment| moment.0),
        login.claimed_by.as_ref().map(<[u8; 32]>::as_slice),
        login.confirmation.as_ref().map(<[u8; 32]>::as_slice),
        login.attempts_left,
        login.reply_reference,
        node,
        position,
        expected,
    ];
    // Without a version to expect, the last value has no place in the statement.
    let done = match expected {
        None => execute(db, INSERT, &values[..values.len() - 1])?,
        Some(_) => execute(db, UPDATE, values)?,
    };
    Ok(done == 1)
}

/// Keeps a message's id; `false` where it is known.
fn remember(db: &Connection, message: &MessageId) -> Result<bool, StoreError> {
    const INSERT: &str = "INSERT INTO messages VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    let values = params![message.phone_number_id, message.hash.as_slice(), message.received_at.0];
    Ok(execute(db, INSERT, values)? == 1)
}

/// Forgets a message that brought nothing about, so that it can be tried again.
fn forget(db: &Connection, message: &MessageId) -> Result<(), StoreError> {
    const DELETE: &str = "DELETE FROM messages WHERE phone_number_id = ? AND message_hash = ?";
    execute(db, DELETE, params![message.phone_number_id, message.hash.as_slice()]).map(drop)
}
