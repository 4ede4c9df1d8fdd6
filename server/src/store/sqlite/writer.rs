//! The one thread that writes: it takes whatever waits, and writes it in one transaction.
//!
//! A commit costs a write to the disk however much it holds, so under load the writes of many requests share one.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Instant,
};

use loggin_protocol::Code;
use rusqlite::{Connection, ToSql, TransactionBehavior, params};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::{
    connections::{all, execute, first},
    history, identity, messages,
    otp::{self, OtpWritten},
    outbox, rows, webhooks,
};
use crate::{
    languages::Language,
    limits,
    store::{
        Asker, CallCount, Change, ChangeOutcome, Commit, CommitListener, Login, MessageId, OtpCounts,
        OtpWrite, QueueOutcome, State, StoreError, Write, rows::Numbered,
    },
    telemetry::metrics,
};

/// Something that is written in a transaction of its own.
pub(super) type Exclusive = Box<dyn FnOnce(&mut Connection) + Send>;

/// Work for the thread, and when it was queued.
pub(super) struct Job {
    work: Work,
    queued_at: Instant,
}

impl From<Work> for Job {
    fn from(work: Work) -> Self {
        Self { work, queued_at: Instant::now() }
    }
}

/// What is to be done.
pub(super) enum Work {
    /// Make these changes of logins.
    Apply(Task),
    /// Make these writes, or none of them.
    Otp(OtpTask),
    /// Make this write.
    Grouped(Box<dyn GroupedWrite>),
    /// Write this, after everything before it.
    Exclusive(Exclusive),
    /// End, once everything before it is written.
    Close(oneshot::Sender<()>),
}

/// What ends a group.
enum End {
    Exclusive(Exclusive),
    Close(oneshot::Sender<()>),
}

/// Changes that belong together only in that one caller waits for them.
pub(super) struct Task {
    pub(super) changes: Vec<Change>,
    pub(super) done: oneshot::Sender<Result<Vec<ChangeOutcome>, StoreError>>,
}

/// Writes that are made all or not at all, and the call that they are counted for.
pub(super) struct OtpTask {
    pub(super) call: Option<CallCount>,
    pub(super) writes: Vec<OtpWrite>,
    pub(super) done: oneshot::Sender<Result<OtpWritten, StoreError>>,
}

/// A write that shares its transaction with others.
pub(super) trait GroupedWrite: Send {
    /// Writes.
    fn write(&mut self, db: &Connection) -> Result<(), StoreError>;
    /// Tells whoever asked for it what became of it.
    fn done(self: Box<Self>, is_committed: bool);
}

/// A [`GroupedWrite`] of a closure.
pub(super) struct WriteOnce<T, F> {
    write: Option<F>,
    written: Option<T>,
    done: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> WriteOnce<T, F> {
    pub(super) fn new(write: F, done: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self { write: Some(write), written: None, done }
    }
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T, StoreError> + Send> GroupedWrite for WriteOnce<T, F> {
    fn write(&mut self, db: &Connection) -> Result<(), StoreError> {
        if let Some(write) = self.write.take() {
            self.written = Some(write(db)?);
        }
        Ok(())
    }

    fn done(self: Box<Self>, is_committed: bool) {
        let written = self.written.filter(|_| is_committed);
        // Whoever asked may have gone meanwhile.
        let _ = self.done.send(written.ok_or(StoreError::NotWritten));
    }
}

/// What one transaction holds.
#[derive(Default)]
struct Group {
    logins: Vec<Task>,
    otp: Vec<OtpTask>,
    others: Vec<Box<dyn GroupedWrite>>,
    size: usize,
}

impl Group {
    /// Takes work in; gives back what is none, and ends the group.
    fn take(&mut self, job: Job) -> Option<End> {
        match job.work {
            Work::Apply(task) => {
                self.size += task.changes.len();
                self.logins.push(task);
            }
            Work::Otp(task) => {
                self.size += task.writes.len() + usize::from(task.call.is_some());
                self.otp.push(task);
            }
            Work::Grouped(write) => {
                self.size += 1;
                self.others.push(write);
            }
            Work::Exclusive(write) => return Some(End::Exclusive(write)),
            Work::Close(done) => return Some(End::Close(done)),
        }
        None
    }
}

/// Who writes, and who is told of it.
pub(super) struct Writer {
    pub(super) connection: Connection,
    /// Marks this process's changes.
    pub(super) node: i64,
    pub(super) listener: Arc<dyn CommitListener>,
    /// The position up to which this process's changes were published.
    pub(super) published: Arc<AtomicI64>,
    /// Whether something was committed that could not be told. The position stays before it from then on, so that looks
    /// at what changed read everything of this process as well.
    pub(super) has_untold: bool,
}

/// Starts the thread. It ends when it is told to, or nobody can send work any more.
pub(super) fn start(writer: Writer, queue: mpsc::Receiver<Job>) -> Result<(), StoreError> {
    let thread = thread::Builder::new().name("loggin-sqlite".into());
    thread.spawn(move || writer.run(queue))?;
    Ok(())
}

/// What became of a group.
#[derive(Default)]
struct Written {
    logins: Vec<LoginWritten>,
    otp: Vec<OtpWritten>,
    /// The position of the last change of a login.
    position: Option<i64>,
}

/// What became of a change, and of the message that it owes.
struct LoginWritten {
    outcome: ChangeOutcome,
    queued: Option<QueueOutcome>,
}

impl From<ChangeOutcome> for LoginWritten {
    fn from(outcome: ChangeOutcome) -> Self {
        Self { outcome, queued: None }
    }
}

impl Writer {
    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(next) = queue.blocking_recv() {
            // The first of a group waited longest.
            metrics::job_taken(next.queued_at.elapsed(), queue.len());
            let mut group = Group::default();
            let mut end = group.take(next);
            while end.is_none() && group.size < limits::CHANGES_PER_TRANSACTION {
                let Ok(next) = queue.try_recv() else { break };
                end = group.take(next);
            }
            self.write_group(group);
            match end {
                None => {}
                Some(End::Exclusive(write)) => write(&mut self.connection),
                Some(End::Close(done)) => {
                    queue.close();
                    drop(self.connection);
                    // Whoever asked may have gone meanwhile.
                    let _ = done.send(());
                    return;
                }
            }
        }
    }

    fn write_group(&mut self, mut group: Group) {
        if group.size == 0 {
            return respond(group, Ok(Written::default()));
        }
        let begun = Instant::now();
        let written = write(&mut self.connection, &mut group, self.node);
        match &written {
            Ok(written) => self.publish(&group, written, begun),
            Err(error) => {
                tracing::error!(%error, "a transaction failed");
                self.tell(|listener| listener.failed());
            }
        }
        respond(group, written);
    }

    /// Tells what was committed, before anybody who asked for it is answered.
    fn publish(&mut self, group: &Group, written: &Written, begun: Instant) {
        let changes = group.logins.iter().flat_map(|task| &task.changes).zip(&written.logins);
        let applied = changes.filter(|(_, written)| written.outcome == ChangeOutcome::Applied);
        let changes: Vec<_> = applied.map(|(change, written)| (change, written.queued)).collect();
        let has_events = changes.iter().any(|(change, _)| change.has_events())
            || group
                .otp
                .iter()
                .flat_map(|task| &task.writes)
                .any(|write| matches!(write, OtpWrite::Event(_)));
        let commit = Commit { changes: &changes, size: group.size, has_events, took: begun.elapsed() };
        let is_told = self.tell(|listener| listener.committed(&commit));
        // What was not told is read again by the next look at what changed.
        self.has_untold |= !is_told;
        if let Some(position) = written.position.filter(|_| !self.has_untold) {
            self.published.store(position, Ordering::Release);
        }
    }

    fn tell(&self, tell: impl FnOnce(&dyn CommitListener)) -> bool {
        // Whatever goes wrong there, this thread goes on writing.
        let told = catch_unwind(AssertUnwindSafe(|| tell(&*self.listener)));
        if told.is_err() {
            tracing::error!("what was committed could not be told");
        }
        told.is_ok()
    }
}

/// Tells everybody who asked for something in a group what became of it. A caller that has gone needs no response.
fn respond(group: Group, written: Result<Written, StoreError>) {
    let is_committed = written.is_ok();
    let written = written.unwrap_or_default();
    let (mut logins, mut otp) = (written.logins.into_iter(), written.otp.into_iter());
    for task in group.logins {
        let own = logins.by_ref().take(task.changes.len()).map(|written| written.outcome).collect();
        let _ = task.done.send(if is_committed { Ok(own) } else { Err(StoreError::NotWritten) });
    }
    for task in group.otp {
        let own = otp.next().unwrap_or_else(|| (None, Ok(OtpCounts::default())));
        let _ = task.done.send(if is_committed { Ok(own) } else { Err(StoreError::NotWritten) });
    }
    for write in group.others {
        write.done(is_committed);
    }
}

/// Writes all of these in one transaction.
fn write(connection: &mut Connection, group: &mut Group, node: i64) -> Result<Written, StoreError> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tasks = group.logins.iter().enumerate();
    let changes = tasks.flat_map(|(task, of)| of.changes.iter().map(move |change| (task, change)));
    let changes: Vec<(usize, &Change)> = changes.collect();
    let mut written = Written::default();
    if !changes.is_empty() {
        (written.logins, written.position) = write_logins(&transaction, &changes, node)?;
    }
    for task in &group.otp {
        written.otp.push(otp::write_counted(&mut transaction, task.call, &task.writes)?);
    }
    for other in &mut group.others {
        other.write(&transaction)?;
    }
    transaction.commit()?;
    Ok(written)
}

/// What became of each change, and the position of the last.
type LoginsWritten = (Vec<LoginWritten>, Option<i64>);

/// Writes changes, each with the number of the task that it belongs to.
fn write_logins(
    db: &Connection,
    changes: &[(usize, &Change)],
    node: i64,
) -> Result<LoginsWritten, StoreError> {
    const ADVANCE: &str = "UPDATE changes SET last = last + ? RETURNING last";
    let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    let last = first(db, ADVANCE, [count], |row| Ok(row.get::<_, i64>(0)?))?;
    let last = last.ok_or(StoreError::Unreadable("position"))?;
    let begin = last - count + 1;
    let inserted = insert_waited(db, changes, node, begin)?;
    let mut written = Vec::with_capacity(changes.len());
    // The message that the task at hand was the first to bring: it may bring about several changes.
    let mut new_message: Option<(usize, &MessageId)> = None;
    for (position, &(task, change)) in (begin..).zip(changes) {
        let message = change.message.as_ref().map(|message| (task, message));
        let is_known = message.is_none() || message == new_message;
        written.push(if !is_first_wait(change) {
            let one = write_one(db, change, is_known, node, position)?;
            if one.outcome == ChangeOutcome::Applied {
                new_message = message;
            }
            one
        } else if inserted.contains(&(change.login.code, position)) {
            ChangeOutcome::Applied.into()
        } else {
            ChangeOutcome::Conflict.into()
        });
    }
    Ok((written, Some(last)))
}

/// Whether this only adds a login that somebody waits for: the one change that comes by the thousand.
fn is_first_wait(change: &Change) -> bool {
    change.expected.is_none()
        && change.message.is_none()
        && change.owed.is_none()
        && change.event.is_none()
        && change.people.is_none()
        && change.login.state == State::Pending
}

const INSERT_WAITED: &str = "INSERT INTO logins
    (code, app_key, state, version, deadline, waited_for, attempts_left, node, change, confirm, asker, started_at)
    SELECT value ->> 0, substr(value ->> 0, 1, 8), ?2, 1, value ->> 1, 1, 0, ?3, value ->> 2, value ->> 3, value ->> 4,
    value ->> 5
    FROM json_each(?1)
    WHERE true ON CONFLICT DO NOTHING RETURNING code, change";

/// Adds all logins that are waited for the first time in one statement; returns those that are new, each with the
/// position of its change.
fn insert_waited(
    db: &Connection,
    changes: &[(usize, &Change)],
    node: i64,
    begin: i64,
) -> Result<HashSet<(Code, i64)>, StoreError> {
    let waited: Vec<Value> = (begin..)
        .zip(changes)
        .filter(|(_, (_, change))| is_first_wait(change))
        .map(|(position, (_, Change { login, .. }))| {
            let asker = login.asker.as_deref().and_then(Asker::to_text);
            let started_at = login.steps.started_at.map(|at| at.0);
            let confirm = login.confirm.number();
            json!([login.code, login.deadline.0, position, confirm, asker, started_at])
        })
        .collect();
    if waited.is_empty() {
        return Ok(HashSet::new());
    }
    let waited = Value::Array(waited).to_string();
    let inserted = all(db, INSERT_WAITED, params![waited, State::Pending.number(), node], |row| {
        Ok((rows::code(row)?, row.get("change")?))
    })?;
    Ok(inserted.into_iter().collect())
}

const INSERT: &str = "INSERT INTO logins
    (code, app_key, state, version, deadline, waited_for, phone, user_id, verified_at, claimed_by, confirmation,
     attempts_left, reply_reference, lang, confirm, asker, subject, changes, started_at, message_at, node, change)
    VALUES (?1, substr(?1, 1, 8), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
     ?20, ?21)
    ON CONFLICT DO NOTHING";

const UPDATE: &str = "UPDATE logins SET state = ?2, version = ?3, deadline = ?4, waited_for = ?5, phone = ?6,
    user_id = ?7, verified_at = ?8, claimed_by = ?9, confirmation = ?10, attempts_left = ?11,
    reply_reference = ?12, lang = ?13, confirm = ?14, asker = ?15, subject = ?16, changes = ?17,
    started_at = ?18, message_at = ?19, node = ?20, change = ?21 WHERE code = ?1 AND version = ?22";

/// Makes one change; `is_known` where its message, if it has one, is remembered already by a change before it.
fn write_one(
    db: &Connection,
    change: &Change,
    is_known: bool,
    node: i64,
    position: i64,
) -> Result<LoginWritten, StoreError> {
    let message = change.message.as_ref().filter(|_| !is_known);
    if let Some(message) = message
        && !messages::remember(db, message)?
    {
        return Ok(ChangeOutcome::Duplicate.into());
    }
    // Looked at before anything is written: there is nothing to take back then.
    let are_as_seen = match &change.people {
        Some(people) => identity::are_as_seen(db, people)?,
        None => true,
    };
    let is_applied = are_as_seen
        && match change.write {
            Write::Put => put(db, &change.login, change.expected, node, position)?,
            Write::Delete => delete(db, change)?,
        };
    if is_applied {
        if let Some(people) = &change.people {
            identity::write(db, people)?;
        }
        let code = change.login.code;
        let queued = change.owed.as_ref().map(|owed| outbox::queue(db, code, owed)).transpose()?;
        if let Some(event) = &change.event {
            webhooks::queue(db, event)?;
        }
        if let Some(entry) = &change.end {
            history::insert(db, entry)?;
        }
        return Ok(LoginWritten { outcome: ChangeOutcome::Applied, queued });
    }
    if let Some(message) = message {
        messages::forget(db, message)?;
    }
    Ok(ChangeOutcome::Conflict.into())
}

/// Deletes a login of the expected version, with what it owes; `false` where that is not what is there.
fn delete(db: &Connection, change: &Change) -> Result<bool, StoreError> {
    const DELETE: &str = "DELETE FROM logins WHERE code = ? AND version = ?";
    let code = change.login.code;
    if execute(db, DELETE, params![code.expose(), change.expected])? == 0 {
        return Ok(false);
    }
    outbox::forget(db, code)?;
    Ok(true)
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
        login.phone.as_ref().map(loggin_protocol::PhoneNumber::expose),
        login.user_id,
        login.verified_at.map(|moment| moment.0),
        login.claimed_by.as_ref().map(<[u8; 32]>::as_slice),
        login.confirmation.as_ref().map(<[u8; 32]>::as_slice),
        login.attempts_left,
        login.reply_reference,
        login.language.map(Language::tag),
        login.confirm.number(),
        login.asker.as_deref().and_then(Asker::to_text),
        login.person.map(|person| person.subject.expose()),
        login.person.map_or(0, |person| person.changes),
        login.steps.started_at.map(|at| at.0),
        login.steps.message_at.map(|at| at.0),
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
