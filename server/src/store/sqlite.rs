//! The store of a single machine: an SQLite file in write-ahead mode.
//!
//! Reads run side by side on a pool of connections. Everything written goes through one connection, and changes of
//! logins through the one task of `sqlite_writer`, which groups what waits into one transaction.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use async_trait::async_trait;
use loggin::{AppKey, Code};
use sqlx::{
    Row, SqlSafeStr, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    App, Change, Changed, Login, Outcome, Store, StoreError,
    rows::{self, Numbered},
    sqlite_writer::{self, Job, Task},
};
use crate::{clock::UnixMillis, limits};

/// The steps that bring the tables to this version, oldest first.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "logins", include_str!("../../migrations/sqlite/0001_logins.sql")),
    (2, "otp", include_str!("../../migrations/sqlite/0002_otp.sql")),
];

/// Connections for reading. More do not read faster on the few cores of a machine that SQLite suits.
const READERS: u32 = 4;

/// How long a connection waits for another process, such as `app create`, to end its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A store in an SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    pub(super) readers: SqlitePool,
    pub(super) writer: SqlitePool,
    pub(super) jobs: mpsc::Sender<Job>,
    /// Marks this process's changes.
    node: i64,
}

impl SqliteStore {
    /// Opens the file, makes it where it is missing, and brings its tables to this version.
    ///
    /// `node` tells this process apart from others that use the same file.
    pub(crate) async fn open(path: &Path, node: i64) -> Result<Self, StoreError> {
        make_private(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        migrator().run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        let (jobs, queue) = mpsc::channel(limits::WRITE_QUEUE);
        tokio::spawn(sqlite_writer::run(writer.clone(), queue, node));
        Ok(Self { readers, writer, jobs, node })
    }
}

/// Makes a missing file with rights for its owner alone, which SQLite gives to the files beside it too: for minutes
/// it holds phone numbers.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let made = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(sqlx::Error::Io(error).into()),
        _ => Ok(()),
    }
}

fn migrator() -> Migrator {
    let steps = MIGRATIONS.iter().map(|&(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(steps.collect())
}

/// The values of an app in the order of the statements below.
macro_rules! bind_app {
    ($query:expr, $app:expr) => {
        $query
            .bind($app.app_key.as_str())
            .bind(&$app.name)
            .bind($app.secret_key_hash.as_ref().map(|hash| hash.as_slice()))
            .bind($app.require_secret_key)
            .bind($app.hide_phone_from_browser)
            .bind($app.allowed_origins.join(" "))
            .bind($app.confirm.number())
            .bind($app.phone_hidden.number())
            .bind($app.created_at.0)
            .bind($app.calls_per_minute)
            .bind($app.monthly_quota)
            .bind($app.live_only)
    };
}

const INSERT_APP: &str = "INSERT INTO apps (app_key, name, secret_key_hash, require_secret_key,
    hide_phone_from_browser, allowed_origins, confirm, phone_hidden, created_at, calls_per_minute, monthly_quota,
    live_only)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";

const UPDATE_APP: &str = "UPDATE apps SET name = ?2, secret_key_hash = ?3, require_secret_key = ?4,
    hide_phone_from_browser = ?5, allowed_origins = ?6, confirm = ?7, phone_hidden = ?8, created_at = ?9,
    calls_per_minute = ?10, monthly_quota = ?11, live_only = ?12
    WHERE app_key = ?1";

const SELECT_MANY: &str = "SELECT * FROM logins WHERE code IN (SELECT value FROM json_each(?))";

// The order of the first condition names the tombstones' states: see `State`.
const SELECT_DUE: &str = "SELECT * FROM logins INDEXED BY logins_by_deadline WHERE state <= 4 AND deadline <= ? ORDER BY deadline LIMIT ?";

const PURGE_LOGINS: &str = "DELETE FROM logins WHERE code IN
    (SELECT code FROM logins INDEXED BY logins_by_deadline WHERE state > 4 AND deadline <= ? LIMIT ?)";

const PURGE_MESSAGES: &str = "DELETE FROM messages WHERE (phone_number_id, message_hash) IN
    (SELECT phone_number_id, message_hash FROM messages WHERE received_at < ? LIMIT ?)";

fn read_logins(rows: &[sqlx::sqlite::SqliteRow]) -> Result<Vec<Login>, StoreError> {
    rows.iter().map(rows::login).collect()
}

#[async_trait]
impl Store for SqliteStore {
    async fn app(&self, app_key: AppKey) -> Result<Option<App>, StoreError> {
        let row = sqlx::query("SELECT * FROM apps WHERE app_key = ?")
            .bind(app_key.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(rows::app).transpose()
    }

    async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM apps ORDER BY created_at, app_key").fetch_all(&self.readers).await?;
        rows.iter().map(rows::app).collect()
    }

    async fn insert_app(&self, app: &App) -> Result<bool, StoreError> {
        let done = bind_app!(sqlx::query(INSERT_APP), app).execute(&self.writer).await?;
        Ok(done.rows_affected() == 1)
    }

    async fn update_app(&self, app: &App) -> Result<bool, StoreError> {
        let done = bind_app!(sqlx::query(UPDATE_APP), app).execute(&self.writer).await?;
        Ok(done.rows_affected() == 1)
    }

    async fn logins(&self, codes: &[Code]) -> Result<Vec<Login>, StoreError> {
        let rows = match codes {
            [] => return Ok(Vec::new()),
            [code] => {
                sqlx::query("SELECT * FROM logins WHERE code = ?")
                    .bind(code.expose())
                    .fetch_all(&self.readers)
                    .await?
            }
            codes => {
                let codes = serde_json::to_string(codes).map_err(|_| StoreError::Unreadable("code"))?;
                sqlx::query(SELECT_MANY).bind(codes).fetch_all(&self.readers).await?
            }
        };
        read_logins(&rows)
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<Outcome>, StoreError> {
        let mut changes = changes.into_iter();
        let mut waiting = Vec::new();
        // In parts, so that a stream of 10,000 tokens does not hold up a webhook behind it.
        loop {
            let part: Vec<Change> = changes.by_ref().take(limits::CHANGES_PER_JOB).collect();
            if part.is_empty() {
                break;
            }
            let (done, outcomes) = oneshot::channel();
            self.jobs.send(Job::Apply(Task { changes: part, done })).await.map_err(|_| StoreError::Busy)?;
            waiting.push(outcomes);
        }
        let mut outcomes = Vec::new();
        for part in waiting {
            outcomes.extend(part.await.map_err(|_| StoreError::NotWritten)??);
        }
        Ok(outcomes)
    }

    async fn awaiting_phone(&self, user_id: &str, limit: u32) -> Result<Vec<Login>, StoreError> {
        let rows = sqlx::query("SELECT * FROM logins WHERE state = 1 AND user_id = ? LIMIT ?")
            .bind(user_id)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        read_logins(&rows)
    }

    async fn by_reply(&self, reference: &str) -> Result<Option<Login>, StoreError> {
        let row = sqlx::query("SELECT * FROM logins WHERE reply_reference = ?")
            .bind(reference)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(rows::login).transpose()
    }

    async fn without_result(&self, app_key: AppKey, limit: u32) -> Result<u32, StoreError> {
        let row = sqlx::query(
            "SELECT count(*) FROM (SELECT 1 FROM logins WHERE app_key = ? AND state <= 2 LIMIT ?)",
        )
        .bind(app_key.as_str())
        .bind(limit)
        .fetch_one(&self.readers)
        .await?;
        Ok(row.try_get(0)?)
    }

    async fn due(&self, now: UnixMillis, limit: u32) -> Result<Vec<Login>, StoreError> {
        let rows = sqlx::query(SELECT_DUE).bind(now.0).bind(limit).fetch_all(&self.readers).await?;
        read_logins(&rows)
    }

    async fn purge(
        &self,
        now: UnixMillis,
        messages_before: UnixMillis,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let logins = sqlx::query(PURGE_LOGINS).bind(now.0).bind(limit).execute(&self.writer).await?;
        let messages =
            sqlx::query(PURGE_MESSAGES).bind(messages_before.0).bind(limit).execute(&self.writer).await?;
        Ok(logins.rows_affected() + messages.rows_affected())
    }

    async fn cursor(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT last FROM changes").fetch_one(&self.readers).await?;
        Ok(row.try_get(0)?)
    }

    async fn changed_since(&self, cursor: i64, limit: u32) -> Result<Changed, StoreError> {
        let last = self.cursor().await?;
        if last == cursor {
            return Ok(Changed { logins: Vec::new(), cursor });
        }
        let rows = sqlx::query("SELECT * FROM logins WHERE change > ? ORDER BY change LIMIT ?")
            .bind(cursor)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        let mut logins = Vec::new();
        // Rows written since `last` was read may be among them: they move the cursor further, never past a row.
        let mut reached = if rows.len() < limit as usize { last } else { cursor };
        for row in &rows {
            reached = reached.max(row.try_get("change")?);
            if row.try_get::<i64, _>("node")? != self.node {
                logins.push(rows::login(row)?);
            }
        }
        Ok(Changed { logins, cursor: reached })
    }

    async fn check(&self) -> Result<(), StoreError> {
        // It was migrated when it was opened; reading a table shows that the file is still there.
        self.cursor().await.map(drop)
    }

    async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(done)).await.is_ok() {
            // An error means that the writer is gone already, with nothing left to write.
            let _ = closed.await;
        }
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::store::{
        State,
        suite::{app, insert, login, store_suite},
        suite_otp::otp_store_suite,
    };

    async fn open() -> (SqliteStore, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (open_in(&folder, 1).await, folder)
    }

    async fn open_in(folder: &TempDir, node: i64) -> SqliteStore {
        SqliteStore::open(&folder.path().join("loggin.db"), node).await.unwrap()
    }

    store_suite!(open);
    otp_store_suite!(open);

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
    async fn a_file_of_another_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        std::fs::write(&path, "this is no database, and long enough to be looked at as one".repeat(100))
            .unwrap();
        assert!(SqliteStore::open(&path, 1).await.is_err());
    }
}
