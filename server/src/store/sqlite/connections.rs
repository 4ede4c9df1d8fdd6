//! Connections to the SQLite file: how they are set up, and the few that read.
//!
//! SQLite runs in the thread that calls it. What reads a row or a few by an index is done by the caller, as handing it to
//! another thread takes longer than the read; what reads many rows, or would have to wait, has a thread of its own, and
//! so has all that writes.

use std::{
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, Params, Row, Transaction, TransactionBehavior, config::DbConfig,
};
use tokio::sync::oneshot;

use crate::store::StoreError;

/// The steps that bring the tables to this version, each with the version that it leads to, in order. Numbers may be
/// left out.
const MIGRATIONS: &[(u32, &str)] = &[
    (1, include_str!("../../../migrations/sqlite/0001_logins.sql")),
    (2, include_str!("../../../migrations/sqlite/0002_otp.sql")),
    (3, include_str!("../../../migrations/sqlite/0003_outbox.sql")),
    (4, include_str!("../../../migrations/sqlite/0004_audit.sql")),
    (5, include_str!("../../../migrations/sqlite/0005_otp_accounts.sql")),
    (6, include_str!("../../../migrations/sqlite/0006_languages.sql")),
    (7, include_str!("../../../migrations/sqlite/0007_denials.sql")),
    (8, include_str!("../../../migrations/sqlite/0008_secret_keys.sql")),
    (9, include_str!("../../../migrations/sqlite/0009_retention.sql")),
    (10, include_str!("../../../migrations/sqlite/0010_operators.sql")),
    (11, include_str!("../../../migrations/sqlite/0011_webhooks.sql")),
    (12, include_str!("../../../migrations/sqlite/0012_confirmations.sql")),
    (13, include_str!("../../../migrations/sqlite/0013_people.sql")),
    (14, include_str!("../../../migrations/sqlite/0014_history.sql")),
    (15, include_str!("../../../migrations/sqlite/0015_admins.sql")),
    (16, include_str!("../../../migrations/sqlite/0016_guards.sql")),
    (17, include_str!("../../../migrations/sqlite/0017_operations.sql")),
    (18, include_str!("../../../migrations/sqlite/0018_openid.sql")),
    (19, include_str!("../../../migrations/sqlite/0019_issuer_sessions.sql")),
    (LATEST, include_str!("../../../migrations/sqlite/0020_gateways.sql")),
];

/// The version that this program knows.
pub(in crate::store) const LATEST: u32 = 20;

/// Connections on which callers read by themselves: no more of them run at the same time on the few cores of a machine
/// that SQLite suits.
const SHARED: usize = 4;

/// Connections for reading many rows. More do not read faster on the few cores of a machine that SQLite suits.
const READERS: u16 = 2;

/// How long a connection waits for another process, such as `app create`, to end its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long between two looks whether it has, where SQLite does not look by itself.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Bytes of a page of a new file. A change writes whole pages, most of them for a few hundred bytes at a random place:
/// pages of the usual 4,096 bytes have nearly twice as much written. Smaller ones take longer where many rows are read.
const PAGE_SIZE: u32 = 2_048;

/// Pages that the file is written ahead by before they are moved into it: 8 MB. More has less written, and whoever
/// commits then waits longer.
const PAGES_AHEAD: u32 = 4_096;

/// What the connection that writes holds of the file, in KiB and below zero, as SQLite has it. With its 2 MB, a
/// transaction of thousands of logins among a hundred thousand writes pages that it changes again.
const WRITER_CACHE: i32 = -8_192;

/// What each of the connections holds on which callers read by themselves, likewise: each commit empties it.
const SHARED_CACHE: i32 = -512;

/// Statements that a connection keeps prepared: more than there are.
const PREPARED: usize = 128;

/// The connection that writes, with the tables of this version: what it has committed is on the disk.
pub(super) fn open_to_write(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = connect(path)?;
    // First of all: already the mode of its log would change a file that is not ours.
    let look = connection.transaction()?;
    let before = version(&look)?;
    look.finish()?;
    if before == 0 {
        // Only a file without tables takes these. Without the second the file stays as large as it ever was.
        connection.pragma_update(None, "page_size", PAGE_SIZE)?;
        connection.pragma_update(None, "auto_vacuum", "incremental")?;
    }
    set_up(&connection)?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", PAGES_AHEAD)?;
    // Otherwise no lock is taken: a command that reads waits for nobody who writes.
    if before < LATEST {
        migrate(&mut connection)?;
    }
    Ok(connection)
}

/// A connection that only reads, to a file with tables of this program, which are left in their version.
pub(super) fn open_to_copy(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = connect(path)?;
    let look = connection.transaction()?;
    let is_new = version(&look)? == 0;
    look.finish()?;
    if is_new {
        return Err(StoreError::Foreign);
    }
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// The version of the tables in the file at this path, of which nothing is changed; `None` where there is no file, or
/// nothing in it.
pub(in crate::store) fn version_at(path: &Path) -> Result<Option<u32>, StoreError> {
    if !path.try_exists()? {
        return Ok(None);
    }
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(Some(version(&connection.transaction()?)?).filter(|version| *version > 0))
}

fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path)?;
    set_up(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// A connection that waits for nobody.
fn open_to_share(path: &Path) -> Result<Connection, StoreError> {
    let connection = open_to_read(path)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "cache_size", SHARED_CACHE)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<(), StoreError> {
    write_ahead(connection)?;
    connection.pragma_update(None, "synchronous", "full")?;
    // What is deleted or replaced is overwritten, so that nobody stays behind in a page that nothing uses any more.
    connection.pragma_update(None, "secure_delete", true)?;
    // Plans do not hang on the values that are bound, or each new value would have its statement prepared again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Has the file written ahead of. SQLite waits for others everywhere but here, where two start together on a new file.
fn write_ahead(connection: &Connection) -> Result<(), StoreError> {
    let given_up = Instant::now() + BUSY_TIMEOUT;
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < given_up =>
            {
                thread::sleep(BUSY_PAUSE);
            }
            done => return Ok(done?),
        }
    }
}

/// Brings the tables to this version. The version is read under the lock: processes that start together do it once.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    for (number, step) in MIGRATIONS.iter().filter(|(number, _)| *number > version) {
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    Ok(transaction.commit()?)
}

/// The version of the tables, as they are at one moment; 0 where there are none. An error where they are not ours.
fn version(transaction: &Transaction<'_>) -> Result<u32, StoreError> {
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > LATEST {
        return Err(StoreError::Newer);
    }
    if version == 0 && count_tables(transaction)? > 0 {
        return Err(StoreError::Foreign);
    }
    Ok(version)
}

fn count_tables(connection: &Connection) -> Result<i64, StoreError> {
    const COUNT: &str = "SELECT count(*) FROM sqlite_schema";
    Ok(first(connection, COUNT, [], |row| Ok(row.get(0)?))?.unwrap_or_default())
}

/// Something that is read on one of the connections.
type Reading = Box<dyn FnOnce(&Connection) + Send>;

/// What reads: callers by themselves, on connections that they share, and threads, each on a connection of its own.
#[derive(Debug)]
pub(super) struct Readers {
    /// Each for one caller at a time; none once they are closed.
    shared: Vec<Mutex<Option<Connection>>>,
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    /// None once they are closed. It holds as many as there are calls that wait, which others bound.
    queue: Option<Sender<Reading>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let (queue, readings) = crossbeam_channel::unbounded();
        let connections = (0..READERS).map(|_| open_to_read(path));
        let threads = connections.map(|connection| read_all(connection?, readings.clone()));
        let running = Running { queue: Some(queue), threads: threads.collect::<Result<_, _>>()? };
        let shared = (0..SHARED).map(|_| Ok(Mutex::new(Some(open_to_share(path)?))));
        Ok(Self { shared: shared.collect::<Result<_, StoreError>>()?, running: Mutex::new(running) })
    }

    /// Reads a row or a few that an index leads to: on this thread, unless that would have to wait.
    pub(super) async fn read_few<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.read_here(&read) {
            Some(found) => found,
            None => self.read(read).await,
        }
    }

    /// `None` where all of the connections are in use, or somebody else has locked the file.
    fn read_here<T>(
        &self,
        read: impl Fn(&Connection) -> Result<T, StoreError>,
    ) -> Option<Result<T, StoreError>> {
        let shared = self.shared.iter().find_map(|shared| match shared.try_lock() {
            Ok(shared) => Some(shared),
            // Whoever read panicked; a connection is as it was, whatever becomes of a statement.
            Err(TryLockError::Poisoned(shared)) => Some(shared.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })?;
        let Some(connection) = shared.as_ref() else { return Some(Err(StoreError::Busy)) };
        Some(read(connection)).filter(|found| !matches!(found, Err(error) if error.is_locked()))
    }

    /// Reads on a connection that has a thread of its own.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, found) = oneshot::channel();
        let reading: Reading = Box::new(move |connection| {
            // Nobody reads for a caller who has gone.
            if !done.is_closed() {
                let _ = done.send(read(connection));
            }
        });
        let is_queued = self.running().queue.as_ref().is_some_and(|queue| queue.send(reading).is_ok());
        if is_queued { found.await.map_err(|_| StoreError::Busy)? } else { Err(StoreError::Busy) }
    }

    /// Waits for those who read, lets nobody else in, and closes the connections.
    pub(super) async fn close(&self) {
        for shared in &self.shared {
            drop(shared.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
        let threads = {
            let mut running = self.running();
            running.queue = None;
            std::mem::take(&mut running.threads)
        };
        let ending = tokio::task::spawn_blocking(|| threads.into_iter().try_for_each(JoinHandle::join));
        // An error means that a thread is gone already, and its connection with it.
        let _ = ending.await;
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a thread that reads on a connection until the queue is closed and empty.
fn read_all(connection: Connection, readings: Receiver<Reading>) -> Result<JoinHandle<()>, StoreError> {
    let run = move || {
        for read in readings {
            // A read that panics ends its caller's call, and no other one.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| read(&connection)));
        }
    };
    thread::Builder::new().name("loggin-reader".into()).spawn(run).map_err(StoreError::File)
}

/// Runs a statement that returns no rows; returns how many it changed.
pub(super) fn execute(
    connection: &Connection,
    sql: &'static str,
    values: impl Params,
) -> Result<usize, StoreError> {
    Ok(connection.prepare_cached(sql)?.execute(values)?)
}

/// The first row that a statement returns.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &'static str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    rows.next()?.map(read).transpose()
}

/// All rows that a statement returns.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &'static str,
    values: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// What was read of a row; `None` for a row that cannot be read, which is left out with a warning: it must not keep
/// the others back.
pub(super) fn tolerated<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Unreadable(what)) => {
            tracing::warn!(what, "a row of the database cannot be read and is left out");
            Ok(None)
        }
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tempfile::TempDir;

    use super::*;

    fn fresh() -> (Connection, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        std::fs::write(&path, "").unwrap();
        (connect(&path).unwrap(), folder)
    }

    #[test]
    fn the_tables_are_made_once() {
        let (mut connection, _folder) = fresh();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        let last = first(&connection, "SELECT last FROM changes", [], |row| Ok(row.get::<_, i64>(0)?));
        assert_eq!(last.unwrap(), Some(0));
    }

    #[test]
    fn those_who_start_together_make_the_tables_once() {
        let (_, folder) = fresh();
        let path = folder.path().join("loggin.db");
        thread::scope(|scope| {
            let starting: Vec<_> = (0..8).map(|_| scope.spawn(|| open_to_write(&path))).collect();
            for started in starting {
                started.join().unwrap().unwrap();
            }
        });
    }

    /// A database as this version made it.
    fn of_version(version: u32) -> (Connection, TempDir) {
        let (connection, folder) = fresh();
        for (number, step) in MIGRATIONS.iter().filter(|(number, _)| *number <= version) {
            connection.execute_batch(step).unwrap();
            connection.pragma_update(None, "user_version", number).unwrap();
        }
        (connection, folder)
    }

    #[test]
    fn the_one_key_of_an_app_is_its_first_from_whatever_version() {
        for version in 1..8 {
            let (mut connection, _folder) = of_version(version);
            connection
                .execute_batch(
                    "INSERT INTO apps (app_key, name, secret_key_hash, require_secret_key, hide_phone_from_browser,
                    allowed_origins, confirm, phone_hidden, created_at) VALUES
                    ('00000000', 'A shop', x'AB0102', 1, 0, '', 0, 0, 77), ('11111111', 'No key', NULL, 0, 0, '', 0, 0, 78)",
                )
                .unwrap();
            migrate(&mut connection).unwrap();
            let keys = all(&connection, "SELECT * FROM secret_keys", [], |row| {
                let ends =
                    (row.get::<_, Option<i64>>("last_used_at")?, row.get::<_, Option<i64>>("expires_at")?);
                assert_eq!(ends, (None, None));
                let texts: [String; 3] = [row.get("app_key")?, row.get("key_id")?, row.get("label")?];
                Ok((texts, row.get::<_, Vec<u8>>("key_hash")?, row.get::<_, i64>("created_at")?))
            });
            let first = ["00000000", "ab0102", "first"].map(str::to_owned);
            assert_eq!(keys.unwrap(), [(first, vec![0xAB, 1, 2], 77)], "from version {version}");
            let apps = first_count(&connection, "SELECT count(*) FROM apps WHERE disabled_at IS NULL");
            assert_eq!(apps, 2);
        }
    }

    fn first_count(connection: &Connection, sql: &'static str) -> i64 {
        first(connection, sql, [], |row| Ok(row.get(0)?)).unwrap().unwrap()
    }

    #[test]
    fn tables_of_a_later_version_are_left_alone() {
        let (mut connection, _folder) = fresh();
        connection.pragma_update(None, "user_version", LATEST + 1).unwrap();
        assert!(matches!(migrate(&mut connection), Err(StoreError::Newer)));
    }

    #[test]
    fn tables_of_another_program_are_left_alone() {
        let (mut connection, _folder) = fresh();
        connection.execute_batch("CREATE TABLE apps (anything)").unwrap();
        assert!(matches!(migrate(&mut connection), Err(StoreError::Foreign)));
        assert_eq!(count_tables(&connection).unwrap(), 1);
    }

    #[test]
    fn a_step_that_fails_leaves_nothing_behind() {
        let (mut connection, _folder) = fresh();
        // The second step changes a table that the first would have made.
        connection.pragma_update(None, "user_version", 1).unwrap();
        assert!(matches!(migrate(&mut connection), Err(StoreError::Database(_))));
        assert_eq!(count_tables(&connection).unwrap(), 0);
        let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
        assert_eq!(version.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_read_that_panics_ends_no_other_one() {
        let (_, folder) = fresh();
        let readers = Readers::start(&folder.path().join("loggin.db")).unwrap();
        for _ in 0..=READERS {
            let panicked = readers.read(|_| -> Result<(), StoreError> { panic!("of this test") }).await;
            assert!(matches!(panicked, Err(StoreError::Busy)));
        }
        let one = readers.read(|db| first(db, "SELECT 1", [], |row| Ok(row.get::<_, i64>(0)?))).await;
        assert_eq!(one.unwrap(), Some(1));
    }

    #[tokio::test]
    async fn a_caller_reads_by_itself_unless_all_connections_are_in_use() {
        let (_, folder) = fresh();
        let readers = Readers::start(&folder.path().join("loggin.db")).unwrap();
        let thread = |_: &Connection| Ok(thread::current().id());
        let here = thread::current().id();
        assert_eq!(readers.read_few(thread).await.unwrap(), here);
        let used: Vec<_> = readers.shared.iter().map(|shared| shared.lock().unwrap()).collect();
        assert!(readers.read_here(thread).is_none());
        drop(used);
        assert!(readers.read_here(thread).is_some());
        assert_ne!(readers.read(thread).await.unwrap(), here);
    }

    #[tokio::test]
    async fn a_caller_waits_for_nobody_who_has_locked_the_file() {
        let (_, folder) = fresh();
        let readers = Readers::start(&folder.path().join("loggin.db")).unwrap();
        let (reading, here) = (Arc::new(Mutex::new(Vec::new())), thread::current().id());
        let read = {
            let reading = Arc::clone(&reading);
            move |_: &Connection| {
                reading.lock().unwrap().push(thread::current().id());
                if thread::current().id() == here { Err(locked()) } else { Ok(()) }
            }
        };
        readers.read_few(read).await.unwrap();
        let reading = reading.lock().unwrap();
        assert!(reading.len() == 2 && reading[0] == here && reading[1] != here);
    }

    fn locked() -> StoreError {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        rusqlite::Error::SqliteFailure(code, None).into()
    }

    #[tokio::test]
    async fn nobody_reads_once_the_connections_are_closed() {
        let (_, folder) = fresh();
        let readers = Readers::start(&folder.path().join("loggin.db")).unwrap();
        readers.close().await;
        assert!(matches!(readers.read(|_| Ok(())).await, Err(StoreError::Busy)));
        assert!(matches!(readers.read_few(|_| Ok(())).await, Err(StoreError::Busy)));
        readers.close().await;
    }

    #[test]
    fn a_file_with_all_its_tables_is_opened_while_somebody_writes() {
        let (_, folder) = fresh();
        let path = folder.path().join("loggin.db");
        let mut other = open_to_write(&path).unwrap();
        let writing = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        assert!(open_to_write(&path).is_ok());
        drop(writing);
    }

    #[test]
    fn what_is_committed_is_on_the_disk() {
        let (_, folder) = fresh();
        let connection = open_to_write(&folder.path().join("loggin.db")).unwrap();
        let setting = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(setting("synchronous"), 2);
        // Incremental.
        assert_eq!(setting("auto_vacuum"), 2);
        assert_eq!(setting("page_size"), i64::from(PAGE_SIZE));
        assert_eq!(setting("secure_delete"), 1);
        let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
        assert_eq!(mode.unwrap(), "wal");
    }
}
