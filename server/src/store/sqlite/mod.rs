//! The store of a single machine: an SQLite file in write-ahead mode.
//!
//! Reads run side by side on a few connections. Everything written goes through one connection on a thread of its own,
//! which groups what waits into one transaction.

mod admin;
mod admins;
pub(super) mod backup;
pub(super) mod connections;
mod gateways;
mod guards;
mod history;
mod identity;
mod issuer_sessions;
mod keys;
mod messages;
mod nodes;
mod openid;
mod otp;
mod otp_reads;
mod outbox;
mod people;
mod ready;
mod rows;
mod webhooks;
mod writer;

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use loggin_protocol::{AppKey, Code};
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};

use self::{
    connections::{Readers, all, execute, first, tolerated},
    ready::Readiness,
    writer::{Job, Task, Work, WriteOnce, Writer},
};
use super::{
    App, Change, ChangeOutcome, Changed, CommitListener, Login, Stage, Store, StoreError, rows::Numbered,
};
use crate::{clock::UnixMillis, limits};

/// The version of SQLite.
pub(super) fn engine_version() -> &'static str {
    rusqlite::version()
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Box::new(error))
    }
}

impl StoreError {
    /// Whether somebody else has locked the file.
    fn is_locked(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let code = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        code == Some(rusqlite::ErrorCode::DatabaseBusy)
    }
}

/// A store in an SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    readers: Readers,
    jobs: mpsc::Sender<Job>,
    /// Marks this process's changes.
    node: i64,
    /// The position up to which this process's changes were published.
    published: Arc<AtomicI64>,
    readiness: Readiness,
}

impl SqliteStore {
    /// Opens the file, makes it where it is missing, and brings its tables to this version.
    ///
    /// `node` tells this process apart from others that use the same file; `listener` is told of what this one commits.
    pub(crate) async fn open(
        path: &Path,
        node: i64,
        listener: Arc<dyn CommitListener>,
    ) -> Result<Self, StoreError> {
        let path = path.to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            make_private(&path)?;
            let connection = connections::open_to_write(&path)?;
            let readers = Readers::start(&path)?;
            Ok::<_, StoreError>((connection, readers, Readiness::of(path)?))
        });
        let (connection, readers, readiness) = opening.await.map_err(|_| StoreError::Busy)??;
        let (jobs, queue) = mpsc::channel(limits::WRITE_QUEUE);
        let published = Arc::new(AtomicI64::new(0));
        let writer =
            Writer { connection, node, listener, published: Arc::clone(&published), has_untold: false };
        writer::start(writer, queue)?;
        Ok(Self { readers, jobs, node, published, readiness })
    }

    /// Writes something in a transaction that others share.
    async fn write_grouped<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, written) = oneshot::channel();
        let write = Box::new(WriteOnce::new(write, done));
        self.jobs.send(Work::Grouped(write).into()).await.map_err(|_| StoreError::Busy)?;
        written.await.map_err(|_| StoreError::NotWritten)?
    }

    /// Writes something in a transaction of its own.
    async fn write_exclusive<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, written) = oneshot::channel();
        let exclusive = Box::new(move |connection: &mut Connection| {
            // Whoever asked may have gone meanwhile.
            let _ = done.send(in_transaction(connection, write));
        });
        self.jobs.send(Work::Exclusive(exclusive).into()).await.map_err(|_| StoreError::Busy)?;
        written.await.map_err(|_| StoreError::NotWritten)?
    }
}

fn in_transaction<T>(
    connection: &mut Connection,
    write: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let written = write(&transaction)?;
    transaction.commit()?;
    Ok(written)
}

/// Bytes that are free on the disk of a file that may be missing.
pub(super) fn free_space(path: &Path) -> io::Result<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let space = rustix::fs::statvfs(folder)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// Makes a missing file with rights for its owner alone, which SQLite gives to the files beside it too: for minutes
/// it holds phone numbers.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

/// The values of an app in the order of the statements below.
fn put_app(connection: &Connection, sql: &'static str, app: &App) -> Result<bool, StoreError> {
    let values = params![
        app.app_key.as_str(),
        app.name,
        app.require_secret_key,
        app.hide_phone_from_browser,
        app.allowed_origins.join(" "),
        app.confirm.number(),
        app.phone_hidden.number(),
        app.created_at.0,
        app.calls_per_minute,
        app.monthly_quota,
        app.live_only,
        app.messages_per_day,
        app.disabled_at.map(|at| at.0),
        app.history_days,
    ];
    Ok(execute(connection, sql, values)? == 1)
}

const INSERT_APP: &str = "INSERT INTO apps (app_key, name, require_secret_key,
    hide_phone_from_browser, allowed_origins, confirm, phone_hidden, created_at, calls_per_minute, monthly_quota,
    live_only, messages_per_day, disabled_at, history_days)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING";

const UPDATE_APP: &str = "UPDATE apps SET name = ?2, require_secret_key = ?3,
    hide_phone_from_browser = ?4, allowed_origins = ?5, confirm = ?6, phone_hidden = ?7, created_at = ?8,
    calls_per_minute = ?9, monthly_quota = ?10, live_only = ?11, messages_per_day = ?12, disabled_at = ?13,
    history_days = ?14
    WHERE app_key = ?1";

/// Rows that a caller reads by itself: some hundred microseconds' worth.
const FEW: usize = 16;

const SELECT_MANY: &str = "SELECT * FROM logins WHERE code IN (SELECT value FROM json_each(?))";

// The numbers name the tombstones' states: see `State`.
const LIVING_OVER: &str = "SELECT * FROM logins INDEXED BY logins_living WHERE state <= 4 AND deadline <= ?1
    ORDER BY deadline LIMIT ?2";

const LIVING_BEYOND: &str = "SELECT * FROM logins INDEXED BY logins_living WHERE state <= 4 AND deadline > ?1
    ORDER BY deadline LIMIT ?2";

const ENDED_OVER: &str = "SELECT * FROM logins INDEXED BY logins_ended WHERE state > 4 AND deadline <= ?1
    ORDER BY deadline LIMIT ?2";

const ENDED_BEYOND: &str = "SELECT * FROM logins INDEXED BY logins_ended WHERE state > 4 AND deadline > ?1
    ORDER BY deadline LIMIT ?2";

const CROWDED_APPS: &str =
    "SELECT app_key, count(*) AS lapsed FROM logins INDEXED BY logins_lapsed WHERE state = 9
    GROUP BY app_key HAVING count(*) > ?";

const TRIM_LAPSED: &str = "DELETE FROM logins WHERE code IN
    (SELECT code FROM logins INDEXED BY logins_lapsed WHERE state = 9 AND app_key = ?1 ORDER BY deadline LIMIT ?2)";

#[async_trait]
impl Store for SqliteStore {
    async fn app(&self, app_key: AppKey) -> Result<Option<App>, StoreError> {
        const SELECT: &str = "SELECT * FROM apps WHERE app_key = ?";
        self.readers.read_few(move |db| first(db, SELECT, [app_key.as_str()], rows::app)).await
    }

    async fn apps(&self) -> Result<Vec<App>, StoreError> {
        const SELECT: &str = "SELECT * FROM apps ORDER BY created_at, app_key";
        self.readers.read(|db| all(db, SELECT, [], rows::app)).await
    }

    async fn insert_app(&self, app: &App) -> Result<bool, StoreError> {
        let app = app.clone();
        self.write_exclusive(move |db| put_app(db, INSERT_APP, &app)).await
    }

    #[cfg(test)]
    async fn update_app(&self, app: &App) -> Result<bool, StoreError> {
        let app = app.clone();
        self.write_exclusive(move |db| put_app(db, UPDATE_APP, &app)).await
    }

    async fn logins(&self, codes: &[Code]) -> Result<Vec<Login>, StoreError> {
        const SELECT_ONE: &str = "SELECT * FROM logins WHERE code = ?";
        match *codes {
            [] => Ok(Vec::new()),
            [code] => {
                self.readers.read_few(move |db| all(db, SELECT_ONE, [code.expose()], rows::login)).await
            }
            ref codes => {
                let is_few = codes.len() <= FEW;
                let codes = serde_json::to_string(codes).map_err(|_| StoreError::Unreadable("code"))?;
                let read = move |db: &Connection| all(db, SELECT_MANY, [&codes], rows::login);
                if is_few { self.readers.read_few(read).await } else { self.readers.read(read).await }
            }
        }
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<ChangeOutcome>, StoreError> {
        let mut changes = changes.into_iter();
        let mut waiting = Vec::new();
        // In parts, so that a stream of 10,000 tokens does not hold up a webhook behind it.
        loop {
            let part: Vec<Change> = changes.by_ref().take(limits::CHANGES_PER_JOB).collect();
            if part.is_empty() {
                break;
            }
            let (done, outcomes) = oneshot::channel();
            self.jobs
                .send(Work::Apply(Task { changes: part, done }).into())
                .await
                .map_err(|_| StoreError::Busy)?;
            waiting.push(outcomes);
        }
        let mut outcomes = Vec::new();
        for part in waiting {
            outcomes.extend(part.await.map_err(|_| StoreError::NotWritten)??);
        }
        Ok(outcomes)
    }

    async fn awaiting_phone(&self, user_id: &str, limit: u32) -> Result<Vec<Login>, StoreError> {
        const SELECT: &str = "SELECT * FROM logins WHERE state = 1 AND user_id = ?
            ORDER BY change DESC LIMIT ?";
        let user_id = user_id.to_owned();
        self.readers.read_few(move |db| all(db, SELECT, params![user_id, limit], rows::login)).await
    }

    async fn by_reply(&self, reference: &str) -> Result<Option<Login>, StoreError> {
        const SELECT: &str = "SELECT * FROM logins WHERE reply_reference = ?";
        let reference = reference.to_owned();
        self.readers.read_few(move |db| first(db, SELECT, [&reference], rows::login)).await
    }

    async fn taken_back(&self, app_key: AppKey, limit: u32) -> Result<Vec<Code>, StoreError> {
        const SELECT: &str =
            "SELECT code FROM logins WHERE app_key = ? AND state = 7 AND claimed_by IS NOT NULL
            ORDER BY deadline DESC LIMIT ?";
        self.readers.read(move |db| all(db, SELECT, params![app_key.as_str(), limit], rows::code)).await
    }

    async fn without_result(&self, app_key: AppKey, limit: u32) -> Result<u32, StoreError> {
        const COUNT: &str =
            "SELECT count(*) FROM (SELECT 1 FROM logins WHERE app_key = ? AND state <= 2 LIMIT ?)";
        let values =
            move |db: &Connection| first(db, COUNT, params![app_key.as_str(), limit], |row| Ok(row.get(0)?));
        Ok(self.readers.read(values).await?.unwrap_or(0))
    }

    async fn count_pending(&self) -> Result<u64, StoreError> {
        const COUNT: &str = "SELECT count(*) FROM logins INDEXED BY logins_without_result WHERE state <= 2";
        let count = self.readers.read(|db| first(db, COUNT, [], |row| Ok(row.get::<_, i64>(0)?))).await?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    async fn due(
        &self,
        stage: Stage,
        now: UnixMillis,
        horizon: UnixMillis,
        limit: u32,
    ) -> Result<Vec<Login>, StoreError> {
        let (over, beyond) = match stage {
            Stage::Living => (LIVING_OVER, LIVING_BEYOND),
            Stage::Ended => (ENDED_OVER, ENDED_BEYOND),
        };
        let due = self.readers.read(move |db| {
            let read = |sql, moment: UnixMillis| {
                all(db, sql, params![moment.0, limit], |row| tolerated(rows::login(row)))
            };
            let mut due = read(over, now)?;
            due.extend(read(beyond, horizon)?);
            Ok(due)
        });
        Ok(due.await?.into_iter().flatten().take(limit as usize).collect())
    }

    async fn trim_lapsed(&self, most: u32, limit: u32) -> Result<u64, StoreError> {
        let crowded = self.readers.read(move |db| {
            all(db, CROWDED_APPS, [most], |row| Ok((rows::app_key(row)?, row.get::<_, u32>("lapsed")?)))
        });
        let mut gone = 0;
        for (app_key, count) in crowded.await? {
            let excess = count.saturating_sub(most).min(limit);
            let trim =
                self.write_grouped(move |db| execute(db, TRIM_LAPSED, params![app_key.as_str(), excess]));
            gone += trim.await? as u64;
        }
        Ok(gone)
    }

    async fn purge_messages(
        &self,
        now: UnixMillis,
        before: UnixMillis,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let gone = self.write_exclusive(move |db| {
            let gone = messages::purge(db, now, before, limit)?;
            // Gives what was deleted back to the system, a page at a time.
            db.execute_batch("PRAGMA incremental_vacuum(256)")?;
            Ok(gone)
        });
        Ok(gone.await? as u64)
    }

    async fn cursor(&self) -> Result<i64, StoreError> {
        self.readers.read(last_change).await
    }

    async fn changed_since(&self, cursor: i64, limit: u32) -> Result<Changed, StoreError> {
        let own = (self.node, self.published.load(Ordering::Acquire));
        self.readers.read(move |db| changed_since(db, cursor, limit, own)).await
    }

    fn engine(&self) -> &'static str {
        "SQLite"
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.readiness.check(&self.jobs).await
    }

    async fn close(&self) {
        self.readers.close().await;
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Work::Close(done).into()).await.is_ok() {
            // An error means that the writer is gone already, with nothing left to write.
            let _ = closed.await;
        }
    }
}

fn last_change(connection: &Connection) -> Result<i64, StoreError> {
    let last = first(connection, "SELECT last FROM changes", [], |row| Ok(row.get(0)?))?;
    last.ok_or(StoreError::Unreadable("position"))
}

/// What changed since `cursor`, but for what the process `own.0` has published, which is all its changes up to `own.1`.
fn changed_since(
    connection: &Connection,
    cursor: i64,
    limit: u32,
    own: (i64, i64),
) -> Result<Changed, StoreError> {
    const SELECT: &str = "SELECT * FROM logins WHERE change > ?1 AND (node <> ?3 OR change > ?4)
        ORDER BY change LIMIT ?2";
    let last = last_change(connection)?;
    if last == cursor {
        return Ok(Changed { logins: Vec::new(), cursor });
    }
    let changes = all(connection, SELECT, params![cursor, limit, own.0, own.1], |row| {
        Ok((row.get::<_, i64>("change")?, tolerated(rows::login(row))?))
    })?;
    // Rows written since `last` was read may be among them: they move the cursor further, never past a row.
    let reached = if changes.len() < limit as usize { last } else { cursor };
    let reached = changes.iter().fold(reached, |reached, (change, _)| reached.max(*change));
    Ok(Changed { logins: changes.into_iter().filter_map(|(_, login)| login).collect(), cursor: reached })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::store::{
        Commit, State,
        tests::{
            acts::act_suite,
            admins::admin_suite,
            gateways::gateway_suite,
            guards::guard_suite,
            history::history_suite,
            identity::identity_suite,
            issuer_sessions::issuer_session_suite,
            keys::key_suite,
            logins::{app, insert, login, store_suite},
            nodes::node_suite,
            openid::openid_suite,
            otp::otp_store_suite,
            outbox::outbox_suite,
            people::people_suite,
            webhooks::webhook_suite,
        },
    };

    async fn open() -> (SqliteStore, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (open_in(&folder, 1).await, folder)
    }

    async fn open_in(folder: &TempDir, node: i64) -> SqliteStore {
        SqliteStore::open(&folder.path().join("loggin.db"), node, Arc::new(())).await.unwrap()
    }

    async fn always() -> Option<(SqliteStore, TempDir)> {
        Some(open().await)
    }

    store_suite!(always);
    otp_store_suite!(always);
    outbox_suite!(always);
    act_suite!(always);
    guard_suite!(always);
    history_suite!(always);
    key_suite!(always);
    node_suite!(always);
    openid_suite!(always);
    admin_suite!(always);
    identity_suite!(always);
    issuer_session_suite!(always);
    people_suite!(always);
    webhook_suite!(always);
    gateway_suite!(always);

    #[tokio::test]
    async fn what_was_applied_is_there_after_a_restart() {
        let (store, folder) = open().await;
        store.insert_app(&app("00000000")).await.unwrap();
        store.apply(vec![insert(login(1, State::Pending))]).await.unwrap();
        store.close().await;
        let store = open_in(&folder, 2).await;
        assert_eq!(store.apps().await.unwrap(), [app("00000000")]);
        let code = login(1, State::Pending).code;
        assert_eq!(store.logins(&[code]).await.unwrap(), [login(1, State::Pending)]);
    }

    /// Panics at the first commit that it is told of.
    #[derive(Debug, Default)]
    struct FailsOnce(std::sync::atomic::AtomicBool);

    impl CommitListener for FailsOnce {
        fn committed(&self, commit: &Commit<'_>) {
            assert!(commit.changes.is_empty() || self.0.swap(true, Ordering::SeqCst), "once");
        }
    }

    #[tokio::test]
    async fn what_could_not_be_told_is_read_by_the_look_at_what_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        let store = SqliteStore::open(&path, 1, Arc::new(FailsOnce::default())).await.unwrap();
        let cursor = store.cursor().await.unwrap();
        for number in 1..=2 {
            let outcomes = store.apply(vec![insert(login(number, State::Verified))]).await.unwrap();
            assert_eq!(outcomes, [ChangeOutcome::Applied], "it is stored, and whoever asked is answered");
        }
        let untold = store.changed_since(cursor, 10).await.unwrap().logins;
        assert_eq!(untold, [login(1, State::Verified), login(2, State::Verified)]);
    }

    #[tokio::test]
    async fn another_process_is_followed_in_steps() {
        let (store, folder) = open().await;
        let other = open_in(&folder, 2).await;
        let cursor = store.cursor().await.unwrap();
        let logins: Vec<Login> = (1..=3).map(|number| login(number, State::Pending)).collect();
        other.apply(logins.iter().cloned().map(insert).collect()).await.unwrap();
        store.apply(vec![insert(login(4, State::Pending))]).await.unwrap();
        let first = store.changed_since(cursor, 2).await.unwrap();
        assert_eq!(first.logins, logins[..2]);
        let second = store.changed_since(first.cursor, 2).await.unwrap();
        assert_eq!(second.logins, logins[2..]);
        let end = store.changed_since(second.cursor, 2).await.unwrap();
        assert_eq!(end.logins, []);
        assert_eq!(end.cursor, store.cursor().await.unwrap());
    }

    #[tokio::test]
    async fn a_database_of_another_program_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE apps (anything)").unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(SqliteStore::open(&path, 1, Arc::new(())).await, Err(StoreError::Foreign)));
        assert!(std::fs::read(&path).unwrap() == before);
    }

    #[tokio::test]
    async fn a_file_of_another_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        std::fs::write(&path, "this is no database, and long enough to be looked at as one".repeat(100))
            .unwrap();
        assert!(SqliteStore::open(&path, 1, Arc::new(())).await.is_err());
    }
}
