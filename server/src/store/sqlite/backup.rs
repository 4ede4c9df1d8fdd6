//! A copy of the database while a server runs on it: as it is at one moment, whole, and looked through.

use std::{
    fs::{self, File},
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};

use super::connections::{self, first};
use crate::store::StoreError;

/// Pages that are copied at a time: all. A reader holds nobody up, and a copy in parts would begin anew with each write
/// of a server.
const ALL_PAGES: i32 = -1;

/// How long the database may be locked by somebody else.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long between two looks whether it still is.
const PAUSE: Duration = Duration::from_millis(20);

/// Why there is no copy. Nothing is left of it then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    /// Something is at its path, and stays.
    #[error("there is a file at the path of the backup, which is not overwritten")]
    Exists,
    /// There is no database.
    #[error("there is no database to be copied")]
    Missing,
    /// The copy is not whole, so the database is not either.
    #[error("the copy of the database is damaged, and so is the database")]
    Damaged,
    /// The database is a server, which has a program for this.
    #[error("a PostgreSQL database is backed up by `pg_dump`: docs/operations.md says how")]
    ByItsOwn,
    /// The file could not be written.
    #[error("the file of the backup: {0}")]
    File(#[source] io::Error),
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Copies the database at `from` to a new file for its owner alone; returns how many bytes that has.
pub(crate) fn back_up(from: &Path, to: &Path) -> Result<u64, BackupError> {
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists);
    }
    if !from.is_file() {
        return Err(BackupError::Missing);
    }
    let source = connections::open_to_copy(from)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // It gets its name when it is whole. Such files are their owner's alone.
    let file = tempfile::Builder::new().prefix(".loggin-backup-").tempfile_in(folder);
    let file = file.map_err(BackupError::File)?;
    copy(&source, file.path())?;
    drop(source);
    file.as_file().sync_all().map_err(BackupError::File)?;
    let file = file.persist_noclobber(to).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists,
        _ => BackupError::File(error.error),
    })?;
    // The name is on the disk with its folder.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(BackupError::File)?;
    Ok(file.metadata().or_else(|_| fs::metadata(to)).map_err(BackupError::File)?.len())
}

fn copy(source: &Connection, path: &Path) -> Result<(), BackupError> {
    let mut copy = Connection::open(path)?;
    {
        let backup = Backup::new(source, &mut copy)?;
        let given_up = Instant::now() + PATIENCE;
        while backup.step(ALL_PAGES)? != StepResult::Done {
            if Instant::now() >= given_up {
                return Err(BackupError::Store(StoreError::Busy));
            }
            thread::sleep(PAUSE);
        }
    }
    // One file, without a log beside it.
    copy.pragma_update(None, "journal_mode", "delete")?;
    let found = first(&copy, "PRAGMA integrity_check(1)", [], |row| Ok(row.get::<_, String>(0)?))?;
    if found.as_deref() != Some("ok") {
        return Err(BackupError::Damaged);
    }
    copy.close().map_err(|(_, error)| error.into())
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, sync::Arc};

    use tempfile::TempDir;

    use super::*;
    use crate::{
        store::{SqliteStore, State, Store, tests::logins},
        tests::demo_app,
    };

    async fn open() -> (SqliteStore, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("loggin.db"), 1, Arc::new(())).await.unwrap();
        store.insert_app(&demo_app()).await.unwrap();
        (store, folder)
    }

    fn files(folder: &TempDir) -> usize {
        fs::read_dir(folder.path()).unwrap().count()
    }

    #[tokio::test]
    async fn a_copy_holds_what_was_committed_and_is_one_private_file() {
        let (store, folder) = open().await;
        store.apply(vec![logins::insert(logins::login(1, State::Pending))]).await.unwrap();
        let copies = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("loggin.db"), copies.path().join("copy.db"));
        let bytes = back_up(&from, &to).unwrap();
        let metadata = fs::metadata(&to).unwrap();
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (bytes, 0o600));
        assert_eq!(files(&copies), 1);
        store.close().await;
        let copy = SqliteStore::open(&to, 2, Arc::new(())).await.unwrap();
        assert_eq!(copy.apps().await.unwrap(), [demo_app()]);
        assert_eq!(copy.count_pending().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_copy_is_whole_while_others_write() {
        let (store, folder) = open().await;
        let (from, copies) = (folder.path().join("loggin.db"), tempfile::tempdir().unwrap());
        let writing = async {
            for number in 1..=200 {
                store.apply(vec![logins::insert(logins::login(number, State::Pending))]).await.unwrap();
            }
        };
        let paths: Vec<_> = (0..8).map(|number| copies.path().join(format!("{number}.db"))).collect();
        let copying = tokio::task::spawn_blocking({
            let paths = paths.clone();
            move || paths.iter().map(|path| back_up(&from, path)).collect::<Result<Vec<_>, _>>()
        });
        let ((), done) = tokio::join!(writing, copying);
        assert_eq!(done.unwrap().unwrap().len(), paths.len());
        for path in paths {
            let copy = SqliteStore::open(&path, 2, Arc::new(())).await.unwrap();
            // Logins and the position of their changes are written together.
            let logins = copy.count_pending().await.unwrap();
            assert_eq!(copy.cursor().await.unwrap(), i64::try_from(logins).unwrap());
        }
    }

    #[tokio::test]
    async fn what_cannot_be_copied_leaves_nothing_and_overwrites_nothing() {
        let (store, folder) = open().await;
        store.close().await;
        let (from, copies) = (folder.path().join("loggin.db"), tempfile::tempdir().unwrap());
        let to = copies.path().join("copy.db");
        assert!(matches!(back_up(&copies.path().join("none"), &to), Err(BackupError::Missing)));
        let foreign = copies.path().join("foreign.db");
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE apps (anything)").unwrap();
        assert!(matches!(back_up(&foreign, &to), Err(BackupError::Store(StoreError::Foreign))));
        let nowhere = copies.path().join("no folder/copy.db");
        assert!(matches!(back_up(&from, &nowhere), Err(BackupError::File(_))));
        fs::write(&to, "mine").unwrap();
        assert!(matches!(back_up(&from, &to), Err(BackupError::Exists)));
        assert_eq!(fs::read(&to).unwrap(), b"mine");
        assert_eq!(files(&copies), 2);
    }

    #[tokio::test]
    async fn a_damaged_database_makes_no_copy() {
        let (store, folder) = open().await;
        for number in 1..=250 {
            store.apply(vec![logins::insert(logins::login(number, State::Pending))]).await.unwrap();
        }
        store.close().await;
        let (from, copies) = (folder.path().join("loggin.db"), tempfile::tempdir().unwrap());
        let mut bytes = fs::read(&from).unwrap();
        // The pages behind the first, whose header tells what the file is, and the schema.
        let middle = bytes.len() / 2;
        bytes[middle..].fill(0x5A);
        fs::write(&from, bytes).unwrap();
        assert!(back_up(&from, &copies.path().join("copy.db")).is_err());
        assert_eq!(files(&copies), 0);
    }
}
