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
    StoreError,
    sqlite_connections::execute,
    sqlite_writer::{Job, WriteOnce},
};
use crate::limits;

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
        let looking = tokio::task::spawn_blocking(move || look(&path, file));
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
        let sent = jobs.try_send(Job::Grouped(Box::new(WriteOnce::new(write, done))));
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

/// Whether the file that is open still stands at its path, with room to grow.
fn look(path: &Path, file: (u64, u64)) -> Result<(), StoreError> {
    if identity(path).ok() != Some(file) {
        return Err(StoreError::NotReady("another file, or none, is at the database's path"));
    }
    let space = rustix::fs::statvfs(path).map_err(std::io::Error::from)?;
    if space.f_bavail.saturating_mul(space.f_frsize) < limits::FREE_SPACE {
        return Err(StoreError::NotReady("the disk is nearly full"));
    }
    Ok(())
}
