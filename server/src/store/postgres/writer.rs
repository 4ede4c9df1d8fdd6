//! The one task that writes: it takes whatever waits, and writes it with one statement in one transaction.
//!
//! A commit costs a round trip and a write to the disk however much it holds, so under load the writes of many requests
//! share one. While one group is under way the next gathers.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use serde_json::Value;
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::timeout,
};
use tokio_postgres::{Client, Row, types::Type};

use super::{
    failure::{PAUSE, failed, may_be_tried_again},
    health::Health,
    rows::value,
    server::Server,
    writes,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        CallCount, Change, ChangeOutcome, Commit, CommitListener, CountedCalls, OtpCounts, OtpOutcome,
        OtpRefusal, OtpWrite, QueueOutcome, State, StoreError,
    },
    telemetry::metrics,
};

const WRITE: &str =
    "SELECT * FROM write_group($1, $2, $3::text::json, $4::text::json, $5::text::jsonb, $6::text::jsonb)";

/// Work for the task, and when it was queued.
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
    Apply { changes: Vec<Change>, done: oneshot::Sender<Result<Vec<ChangeOutcome>, StoreError>> },
    /// Make these writes, or none of them.
    Otp {
        call: Option<CallCount>,
        writes: Vec<OtpWrite>,
        done: oneshot::Sender<Result<OtpWritten, StoreError>>,
    },
    /// Make these writes, each as `write_other` of the migrations takes it.
    Others { writes: Vec<Value>, done: oneshot::Sender<Result<Vec<Value>, StoreError>> },
    /// End, once everything before it is written.
    Close(oneshot::Sender<()>),
}

/// What became of the writes for a call.
pub(super) type OtpWritten = (Option<CountedCalls>, OtpOutcome);

/// By what this process's changes are told from those of others, and up to where it has told them to those who wait
/// here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    pub(super) node: i64,
    pub(super) published: i64,
}

/// The same, shared between the task that writes and those who look at what changed.
#[derive(Clone, Debug)]
pub(super) struct SharedOwn(Arc<Mutex<Own>>);

impl SharedOwn {
    pub(super) fn new(node: i64) -> Self {
        Self(Arc::new(Mutex::new(Own { node, published: 0 })))
    }

    pub(super) fn get(&self) -> Own {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, position: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).published = position;
    }

    /// Goes on under another name: what was written under the one before is read by the look at what changed, like what
    /// another process wrote.
    fn rename(&self) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *own = Own { node: own.node.wrapping_add(1), published: 0 };
    }
}

/// Whoever waits for what became of something.
type Done<T> = oneshot::Sender<Result<T, StoreError>>;

/// What one transaction holds.
#[derive(Default)]
struct Group {
    logins: Vec<(Vec<Change>, Done<Vec<ChangeOutcome>>)>,
    otp: Vec<(Value, Done<OtpWritten>)>,
    others: Vec<(Vec<Value>, Done<Vec<Value>>)>,
    /// Events, each of the task of codes with its number.
    events: Vec<Value>,
    /// Rows of the history, likewise.
    ends: Vec<Value>,
    size: usize,
}

impl Group {
    /// Takes work in; gives back what ends the group.
    fn take(&mut self, job: Job) -> Option<oneshot::Sender<()>> {
        match job.work {
            Work::Apply { changes, done } => {
                self.size += changes.len();
                self.logins.push((changes, done));
            }
            Work::Otp { call, writes, done } => {
                self.size += writes.len() + usize::from(call.is_some());
                self.events.extend(writes::events_of_codes(self.otp.len(), &writes));
                self.ends.extend(writes::ends_of_codes(self.otp.len(), &writes));
                self.otp.push((writes::codes(call.as_ref(), &writes), done));
            }
            Work::Others { writes, done } => {
                self.size += writes.len();
                self.others.push((writes, done));
            }
            Work::Close(done) => return Some(done),
        }
        None
    }

    /// All changes, each with the number of its task.
    fn changes(&self) -> impl Iterator<Item = (usize, &Change)> {
        let tasks = self.logins.iter().enumerate();
        tasks.flat_map(|(task, (changes, _))| changes.iter().map(move |change| (task, change)))
    }

    fn statement(&self) -> Statement {
        let numbered = || self.changes().enumerate();
        let waited = numbered().filter(|(_, (_, change))| writes::is_first_wait(change));
        let others = numbered().filter(|(_, (_, change))| !writes::is_first_wait(change));
        let amount = self.changes().count();
        let others = others.collect::<Vec<_>>();
        let changes = || others.iter().map(|(_, (_, change))| *change);
        let follow: Vec<Value> =
            writes::events_of_changes(changes()).chain(writes::ends_of_changes(changes())).collect();
        let asked = self.others.iter().flat_map(|(writes, _)| writes);
        let others_json: Vec<&Value> = asked.chain(&follow).chain(&self.events).chain(&self.ends).collect();
        let codes: Vec<&Value> = self.otp.iter().map(|(task, _)| task).collect();
        Statement {
            amount: i64::try_from(amount).unwrap_or(i64::MAX),
            waited: list(waited.map(|(number, (_, change))| writes::waited(number, change))),
            changes: list(
                others.iter().map(|(number, (task, change))| writes::change(*number, *task, change)),
            ),
            codes: serde_json::json!(codes).to_string(),
            others: serde_json::json!(others_json).to_string(),
        }
    }
}

fn list(values: impl Iterator<Item = Value>) -> String {
    Value::Array(values.collect()).to_string()
}

/// The values of [`WRITE`].
struct Statement {
    amount: i64,
    waited: String,
    changes: String,
    codes: String,
    others: String,
}

/// What became of a group.
#[derive(Default)]
struct Written {
    logins: Vec<(ChangeOutcome, Option<QueueOutcome>)>,
    otp: Vec<OtpWritten>,
    others: Vec<Value>,
    /// The position of the last change of a login.
    position: Option<i64>,
}

/// Who writes, and who is told of it.
pub(super) struct Writer {
    pub(super) server: Server,
    /// None while the database is not reached.
    pub(super) client: Option<Client>,
    pub(super) own: SharedOwn,
    pub(super) listener: Arc<dyn CommitListener>,
    /// Told what became of each try.
    pub(super) health: Health,
    /// Rung for each commit that those who wait at other nodes want to know of.
    pub(super) news: Arc<Notify>,
}

impl Writer {
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(next) = queue.recv().await {
            // The first of a group waited longest.
            metrics::job_taken(next.queued_at.elapsed(), queue.len());
            let given_up = next.queued_at + limits::DATABASE_PATIENCE;
            let mut group = Group::default();
            let mut end = group.take(next);
            while end.is_none() && group.size < limits::CHANGES_PER_TRANSACTION {
                let Ok(next) = queue.try_recv() else { break };
                end = group.take(next);
            }
            self.write_group(group, given_up).await;
            if let Some(done) = end {
                queue.close();
                // Whoever asked may have gone meanwhile.
                let _ = done.send(());
                return;
            }
        }
    }

    async fn write_group(&mut self, group: Group, given_up: Instant) {
        if group.size == 0 {
            return respond(group, Ok(Written::default()));
        }
        let begun = Instant::now();
        let row = self.write(&group.statement(), given_up).await;
        let written = row.and_then(|row| read(&group, &row));
        match &written {
            Ok(written) => self.publish(&group, written, begun),
            Err(error) => {
                tracing::error!(%error, "a transaction failed");
                self.tell(|listener| listener.failed());
            }
        }
        respond(group, written);
    }

    /// Writes; where the database cannot be reached, or says that it did not, tries again for a while.
    async fn write(&mut self, statement: &Statement, given_up: Instant) -> Result<Row, StoreError> {
        loop {
            let unwritten = match self.try_write(statement).await {
                Ok(row) => {
                    self.health.stored();
                    return Ok(row);
                }
                Err(unwritten) => {
                    self.health.failed();
                    unwritten
                }
            };
            let error = match unwritten {
                Unwritten::Never(error) => return Err(error),
                Unwritten::Unknown(error) => {
                    // It may be stored all the same: those who wait here are then told as of another node's change.
                    self.client = None;
                    self.own.rename();
                    return Err(error);
                }
                Unwritten::Yet(error) => error,
            };
            if Instant::now() >= given_up {
                return Err(error);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_write(&mut self, statement: &Statement) -> Result<Row, Unwritten> {
        let client = match self.client.take() {
            Some(client) if !client.is_closed() => client,
            _ => self.server.connect().await.map_err(Unwritten::Yet)?,
        };
        let node = self.own.get().node;
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 6] = [
            (&node, Type::INT8),
            (&statement.amount, Type::INT8),
            (&statement.waited, Type::TEXT),
            (&statement.changes, Type::TEXT),
            (&statement.codes, Type::TEXT),
            (&statement.others, Type::TEXT),
        ];
        let written = timeout(limits::DATABASE_TIMEOUT, client.query_typed_one(WRITE, &values)).await;
        let Ok(written) = written else {
            return Err(Unwritten::Unknown(StoreError::NotReady("the database does not respond")));
        };
        match written {
            Ok(row) => {
                self.client = Some(client);
                Ok(row)
            }
            // On another connection, as this one may be the reason.
            Err(error) if may_be_tried_again(&error) => Err(Unwritten::Yet(failed(&error))),
            Err(error) if error.as_db_error().is_some() => {
                self.client = Some(client);
                Err(Unwritten::Never(failed(&error)))
            }
            Err(error) => Err(Unwritten::Unknown(failed(&error))),
        }
    }

    /// Tells what was committed, before anybody who asked for it is answered.
    fn publish(&self, group: &Group, written: &Written, begun: Instant) {
        let changes = group.changes().zip(&written.logins);
        let applied = changes.filter(|(_, (outcome, _))| *outcome == ChangeOutcome::Applied);
        let changes: Vec<_> = applied.map(|((_, change), (_, queued))| (change, *queued)).collect();
        let has_events = !group.events.is_empty() || changes.iter().any(|(change, _)| change.has_events());
        let commit = Commit { changes: &changes, size: group.size, has_events, took: begun.elapsed() };
        if self.tell(|listener| listener.committed(&commit)) {
            if let Some(position) = written.position {
                self.own.publish(position);
            }
        } else {
            // What was not told is read again by the next look at what changed.
            self.own.rename();
        }
        if changes.iter().any(|(change, _)| is_waited_for(change)) {
            self.news.notify_one();
        }
    }

    fn tell(&self, tell: impl FnOnce(&dyn CommitListener)) -> bool {
        // Whatever goes wrong there, this task goes on writing.
        let told = catch_unwind(AssertUnwindSafe(|| tell(&*self.listener)));
        if told.is_err() {
            tracing::error!("what was committed could not be told");
        }
        told.is_ok()
    }
}

/// Whether anybody at another node may wait for this.
fn is_waited_for(change: &Change) -> bool {
    change.is_news && !matches!(change.login.state, State::Pending | State::Claimed)
}

/// Why something is not known to be written.
enum Unwritten {
    /// It is not, and will not be.
    Never(StoreError),
    /// It is not, and may be if it is tried again.
    Yet(StoreError),
    /// It may be.
    Unknown(StoreError),
}

fn read(group: &Group, row: &Row) -> Result<Written, StoreError> {
    let last: i64 = value(row, "last_change")?;
    let inserted: Vec<i64> = value(row, "inserted")?;
    let inserted: HashSet<i64> = inserted.into_iter().collect();
    let outcomes: Vec<i64> = value(row, "outcomes")?;
    let queued: Vec<i64> = value(row, "queued")?;
    let mut others = outcomes.into_iter().zip(queued);
    let mut written = Written::default();
    for (number, (_, change)) in (0..).zip(group.changes()) {
        written.logins.push(if writes::is_first_wait(change) {
            let is_new = inserted.contains(&number);
            (if is_new { ChangeOutcome::Applied } else { ChangeOutcome::Conflict }, None)
        } else {
            let (outcome, queued) = others.next().ok_or(StoreError::Unreadable("outcome"))?;
            (outcome_of(outcome)?, queue_outcome_of(queued)?)
        });
    }
    written.position = (!written.logins.is_empty()).then_some(last);
    let coded: Vec<&str> = value(row, "coded")?;
    written.otp = coded.into_iter().map(otp_written).collect::<Result<_, _>>()?;
    let done: Vec<&str> = value(row, "done")?;
    written.others = done.into_iter().map(parsed).collect::<Result<_, _>>()?;
    Ok(written)
}

pub(super) fn outcome_of(number: i64) -> Result<ChangeOutcome, StoreError> {
    match number {
        0 => Ok(ChangeOutcome::Applied),
        1 => Ok(ChangeOutcome::Conflict),
        2 => Ok(ChangeOutcome::Duplicate),
        _ => Err(StoreError::Unreadable("outcome")),
    }
}

fn queue_outcome_of(number: i64) -> Result<Option<QueueOutcome>, StoreError> {
    match number {
        0 => Ok(None),
        1 => Ok(Some(QueueOutcome::Queued)),
        2 => Ok(Some(QueueOutcome::Waiting)),
        3 => Ok(Some(QueueOutcome::PersonLimit)),
        4 => Ok(Some(QueueOutcome::AppLimit)),
        _ => Err(StoreError::Unreadable("outcome")),
    }
}

fn parsed(text: &str) -> Result<Value, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("outcome"))
}

fn otp_written(text: &str) -> Result<OtpWritten, StoreError> {
    let written = parsed(text)?;
    let count = |name: &str| {
        let number = written[name].as_i64();
        number.map(|number| u32::try_from(number).map_err(|_| StoreError::Unreadable("count"))).transpose()
    };
    let counted = match (count("calls")?, written["since"].as_i64()) {
        (Some(calls), Some(since)) => Some(CountedCalls { calls, since: UnixMillis(since) }),
        _ => None,
    };
    let refusal = match written["refusal"].as_str() {
        None => return Ok((counted, Ok(OtpCounts { sends: count("sends")? }))),
        Some("stale") => OtpRefusal::Stale,
        Some("quota") => OtpRefusal::Quota,
        Some("turn") => OtpRefusal::Turn,
        Some("known") => OtpRefusal::Known,
        Some("rate") => OtpRefusal::Rate,
        Some("app_day") => OtpRefusal::DayOfApp,
        Some("country_day") => OtpRefusal::DayOfCountry,
        Some(_) => return Err(StoreError::Unreadable("refusal")),
    };
    Ok((counted, Err(refusal)))
}

/// Tells everybody who asked for something in a group what became of it. A caller that has gone needs no response.
fn respond(group: Group, written: Result<Written, StoreError>) {
    let is_committed = written.is_ok();
    let written = written.unwrap_or_default();
    let mut logins = written.logins.into_iter().map(|(outcome, _)| outcome);
    for (changes, done) in group.logins {
        let own = logins.by_ref().take(changes.len()).collect();
        let _ = done.send(if is_committed { Ok(own) } else { Err(StoreError::NotWritten) });
    }
    let mut otp = written.otp.into_iter();
    for (_, done) in group.otp {
        let own = otp.next().filter(|_| is_committed);
        let _ = done.send(own.ok_or(StoreError::NotWritten));
    }
    let mut others = written.others.into_iter();
    for (writes, done) in group.others {
        let own: Vec<Value> = others.by_ref().take(writes.len()).collect();
        let _ = done.send(if is_committed { Ok(own) } else { Err(StoreError::NotWritten) });
    }
}
