//! Whether the store does what it promises: that what is written now is stored, and found again.
//!
//! Reading a row would not tell: a database that another process has locked, a full disk and a file that was renamed away
//! can all be read.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    connections::execute,
    writer::{Job, Work, WriteOnce},
};
use crate::{limits, store::StoreError};

/// What is known of the file, and of the thread that writes it.
#[derive(Debug)]
pub(super) struct Readiness {
    path: PathBuf,
    /// Device and inode of the file that is open.
    file: (u64, u64),
    /// When a write was last seen to be stored.
    stamp: watch::Sender<Option<Instant>>,
    /// Whether a write is under way whose end will set the stamp.
    is_asking: Arc<AtomicBool>,
}

impl Readiness {
    /// Readiness of the file at this path, which was just opened.
    pub(super) fn of(path: PathBuf) -> Result<Self, StoreError> {
        let file = identity(&path)?;
        Ok(Self { path, file, stamp: watch::Sender::new(None), is_asking: Arc::default() })
    }

    /// Looks at the file, and has something written unless that was seen to work a moment ago.
    pub(super) async fn check(&self, jobs: &mpsc::Sender<Job>) -> Result<(), StoreError> {
        if jobs.is_closed() {
            return Err(StoreError::Busy);
        }
        let (path, file) = (self.path.clone(), self.file);
        let looking = tokio::task::spawn_blocking(move || look(&path, file, limits::FREE_SPACE));
        let asked_at = Instant::now();
        let mut stamp = self.stamp.subscribe();
        let is_fresh =
            |stamp: &Option<Instant>| stamp.is_some_and(|at| at + limits::READY_STAMP_VALID > asked_at);
        if !is_fresh(&stamp.borrow()) {
            self.ask(jobs);
        }
        let written = async { stamp.wait_for(is_fresh).await.is_ok() };
        if !tokio::time::timeout(limits::READY_TIMEOUT, written).await.unwrap_or(false) {
            return Err(StoreError::NotReady("nothing was written in time"));
        }
        looking.await.map_err(|_| StoreError::Busy)?
    }

    /// Has something written, at most once at a time: a store that hangs collects no work from those who look at it.
    fn ask(&self, jobs: &mpsc::Sender<Job>) {
        if self.is_asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let (done, written) = oneshot::channel();
        // It changes nothing, and is written all the same.
        let write = |db: &Connection| execute(db, "UPDATE changes SET last = last", []);
        let sent = jobs.try_send(Work::Grouped(Box::new(WriteOnce::new(write, done))).into());
        let (stamp, is_asking) = (self.stamp.clone(), Arc::clone(&self.is_asking));
        tokio::spawn(async move {
            if sent.is_ok() && matches!(written.await, Ok(Ok(_))) {
                stamp.send_replace(Some(Instant::now()));
            }
            is_asking.store(false, Ordering::Release);
        });
    }
}

fn identity(path: &Path) -> Result<(u64, u64), StoreError> {
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Whether the file that is open still stands at its path, with so many bytes to grow.
fn look(path: &Path, file: (u64, u64), least_free: u64) -> Result<(), StoreError> {
    if identity(path).ok() != Some(file) {
        return Err(StoreError::NotReady("another file, or none, is at the database's path"));
    }
    let space = rustix::fs::statvfs(path).map_err(std::io::Error::from)?;
    if space.f_bavail.saturating_mul(space.f_frsize) < least_free {
        return Err(StoreError::NotReady("the disk is nearly full"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::TransactionBehavior;
    use tempfile::TempDir;

    use super::*;
    use crate::store::{OutboxStore, SqliteStore, Store};

    async fn open() -> (SqliteStore, PathBuf, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        let store = SqliteStore::open(&path, 1, Arc::new(())).await.unwrap();
        (store, path, folder)
    }

    fn is_not_ready(checked: &Result<(), StoreError>) -> bool {
        matches!(checked, Err(StoreError::NotReady(_)))
    }

    #[tokio::test]
    async fn a_store_that_writes_is_ready() {
        let (store, _path, _folder) = open().await;
        let (one, other) = tokio::join!(store.check(), store.check());
        assert!(one.is_ok() && other.is_ok());
        assert!(store.check().await.is_ok());
    }

    #[tokio::test]
    async fn a_store_that_another_process_locks_is_not_ready_until_it_can_write() {
        let (store, path, _folder) = open().await;
        let mut other = Connection::open(&path).unwrap();
        let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        assert!(is_not_ready(&store.check().await));
        assert!(store.cursor().await.is_ok(), "it can be read");
        lock.rollback().unwrap();
        // Whatever was asked for meanwhile is written before this.
        store.purge_outbox_counts(crate::clock::UnixMillis(0), 1).await.unwrap();
        store.check().await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_was_renamed_away_is_not_ready() {
        let (store, path, folder) = open().await;
        let away = folder.path().join("away.db");
        std::fs::rename(&path, &away).unwrap();
        assert!(is_not_ready(&store.check().await));
        std::fs::write(&path, "").unwrap();
        assert!(is_not_ready(&store.check().await), "another file is not this one");
        std::fs::rename(&away, &path).unwrap();
        store.check().await.unwrap();
    }

    #[test]
    fn a_disk_without_room_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        let file = identity(folder.path()).unwrap();
        assert!(look(folder.path(), file, 1).is_ok());
        assert!(is_not_ready(&look(folder.path(), file, u64::MAX)));
    }
}
