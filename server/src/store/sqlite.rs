//! The store of a single machine: an SQLite file in write-ahead mode.
//!
//! Reads run side by side on a few connections. Everything written goes through one connection on a thread of its own,
//! which groups what waits into one transaction.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path};

use async_trait::async_trait;
use loggin::{AppKey, Code};
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};

use super::{
    App, Change, Changed, Login, Outcome, Store, StoreError,
    rows::{self, Numbered},
    sqlite_connections::{self, Readers, all, execute, first},
    sqlite_writer::{self, Job, Task},
};
use crate::{clock::UnixMillis, limits};

/// A store in an SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    pub(super) readers: Readers,
    pub(super) jobs: mpsc::Sender<Job>,
    /// Marks this process's changes.
    node: i64,
}

impl SqliteStore {
    /// Opens the file, makes it where it is missing, and brings its tables to this version.
    ///
    /// `node` tells this process apart from others that use the same file.
    pub(crate) async fn open(path: &Path, node: i64) -> Result<Self, StoreError> {
        let readers = Readers::new(path);
        let path = path.to_owned();
        let opening = tokio::task::spawn_blocking(move || {
            make_private(&path)?;
            sqlite_connections::open_to_write(&path)
        });
        let writer = opening.await.map_err(|_| StoreError::Busy)??;
        let (jobs, queue) = mpsc::channel(limits::WRITE_QUEUE);
        sqlite_writer::start(writer, queue, node)?;
        Ok(Self { readers, jobs, node })
    }

    /// Writes something in a transaction of its own.
    pub(super) async fn write_alone<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, written) = oneshot::channel();
        let alone = Box::new(move |connection: &mut Connection| {
            // Whoever asked may have gone meanwhile.
            let _ = done.send(in_transaction(connection, write));
        });
        self.jobs.send(Job::Alone(alone)).await.map_err(|_| StoreError::Busy)?;
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
pub(super) fn put_app(connection: &Connection, sql: &'static str, app: &App) -> Result<bool, StoreError> {
    let values = params![
        app.app_key.as_str(),
        app.name,
        app.secret_key_hash.as_ref().map(<[u8; 32]>::as_slice),
        app.require_secret_key,
        app.hide_phone_from_browser,
        app.allowed_origins.join(" "),
        app.confirm.number(),
        app.phone_hidden.number(),
        app.created_at.0,
        app.calls_per_minute,
        app.monthly_quota,
        app.live_only,
    ];
    Ok(execute(connection, sql, values)? == 1)
}

pub(super) const INSERT_APP: &str = "INSERT INTO apps (app_key, name, secret_key_hash, require_secret_key,
    hide_phone_from_browser, allowed_origins, confirm, phone_hidden, created_at, calls_per_minute, monthly_quota,
    live_only)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING";

pub(super) const UPDATE_APP: &str =
    "UPDATE apps SET name = ?2, secret_key_hash = ?3, require_secret_key = ?4,
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

#[async_trait]
impl Store for SqliteStore {
    async fn app(&self, app_key: AppKey) -> Result<Option<App>, StoreError> {
        const SELECT: &str = "SELECT * FROM apps WHERE app_key = ?";
        self.readers.read(move |db| first(db, SELECT, [app_key.as_str()], rows::app)).await
    }

    async fn apps(&self) -> Result<Vec<App>, StoreError> {
        const SELECT: &str = "SELECT * FROM apps ORDER BY created_at, app_key";
        self.readers.read(|db| all(db, SELECT, [], rows::app)).await
    }

    async fn insert_app(&self, app: &App) -> Result<bool, StoreError> {
        let app = app.clone();
        self.write_alone(move |db| put_app(db, INSERT_APP, &app)).await
    }

    async fn update_app(&self, app: &App) -> Result<bool, StoreError> {
        let app = app.clone();
        self.write_alone(move |db| put_app(db, UPDATE_APP, &app)).await
    }

    async fn logins(&self, codes: &[Code]) -> Result<Vec<Login>, StoreError> {
        const SELECT_ONE: &str = "SELECT * FROM logins WHERE code = ?";
        match *codes {
            [] => Ok(Vec::new()),
            [code] => self.readers.read(move |db| all(db, SELECT_ONE, [code.expose()], rows::login)).await,
            ref codes => {
                let codes = serde_json::to_string(codes).map_err(|_| StoreError::Unreadable("code"))?;
                self.readers.read(move |db| all(db, SELECT_MANY, [codes], rows::login)).await
            }
        }
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
        const SELECT: &str = "SELECT * FROM logins WHERE state = 1 AND user_id = ? LIMIT ?";
        let user_id = user_id.to_owned();
        self.readers.read(move |db| all(db, SELECT, params![user_id, limit], rows::login)).await
    }

    async fn by_reply(&self, reference: &str) -> Result<Option<Login>, StoreError> {
        const SELECT: &str = "SELECT * FROM logins WHERE reply_reference = ?";
        let reference = reference.to_owned();
        self.readers.read(move |db| first(db, SELECT, [reference], rows::login)).await
    }

    async fn without_result(&self, app_key: AppKey, limit: u32) -> Result<u32, StoreError> {
        const COUNT: &str =
            "SELECT count(*) FROM (SELECT 1 FROM logins WHERE app_key = ? AND state <= 2 LIMIT ?)";
        let values =
            move |db: &Connection| first(db, COUNT, params![app_key.as_str(), limit], |row| Ok(row.get(0)?));
        Ok(self.readers.read(values).await?.unwrap_or(0))
    }

    async fn due(&self, now: UnixMillis, limit: u32) -> Result<Vec<Login>, StoreError> {
        self.readers.read(move |db| all(db, SELECT_DUE, params![now.0, limit], rows::login)).await
    }

    async fn purge(
        &self,
        now: UnixMillis,
        messages_before: UnixMillis,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let gone = self.write_alone(move |db| {
            Ok(execute(db, PURGE_LOGINS, params![now.0, limit])?
                + execute(db, PURGE_MESSAGES, params![messages_before.0, limit])?)
        });
        Ok(gone.await? as u64)
    }

    async fn cursor(&self) -> Result<i64, StoreError> {
        self.readers.read(last_change).await
    }

    async fn changed_since(&self, cursor: i64, limit: u32) -> Result<Changed, StoreError> {
        let node = self.node;
        self.readers.read(move |db| changed_since(db, cursor, limit, node)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        // It was migrated when it was opened; reading a table shows that the file is still there.
        self.cursor().await.map(drop)
    }

    async fn close(&self) {
        self.readers.close().await;
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(done)).await.is_ok() {
            // An error means that the writer is gone already, with nothing left to write.
            let _ = closed.await;
        }
    }
}

fn last_change(connection: &Connection) -> Result<i64, StoreError> {
    let last = first(connection, "SELECT last FROM changes", [], |row| Ok(row.get(0)?))?;
    last.ok_or(StoreError::Unreadable("position"))
}

fn changed_since(connection: &Connection, cursor: i64, limit: u32, node: i64) -> Result<Changed, StoreError> {
    const SELECT: &str = "SELECT * FROM logins WHERE change > ? ORDER BY change LIMIT ?";
    let last = last_change(connection)?;
    if last == cursor {
        return Ok(Changed { logins: Vec::new(), cursor });
    }
    let changes = all(connection, SELECT, params![cursor, limit], |row| {
        let login = (row.get::<_, i64>("node")? != node).then(|| rows::login(row)).transpose()?;
        Ok((row.get::<_, i64>("change")?, login))
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
    async fn a_database_of_another_program_is_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE apps (anything)").unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(SqliteStore::open(&path, 1).await, Err(StoreError::Foreign)));
        assert!(std::fs::read(&path).unwrap() == before);
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
