//! Whether the store does what it promises: that what is written now is stored, and found again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use serde_json::json;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

use super::{
    connections::Connections,
    writer::{Job, Work},
};
use crate::{limits, store::StoreError};

/// What is known of the database, and of the task that writes.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    /// When a write was last seen to be stored.
    stamp: watch::Sender<Option<Instant>>,
    /// Whether a write is under way whose end will set the stamp.
    is_asking: Arc<AtomicBool>,
}

impl Readiness {
    /// Reads something, and has something written unless that was seen to work a moment ago.
    pub(super) async fn check(
        &self,
        jobs: &mpsc::Sender<Job>,
        connections: &Connections,
    ) -> Result<(), StoreError> {
        if jobs.is_closed() {
            return Err(StoreError::Busy);
        }
        let asked_at = Instant::now();
        let mut stamp = self.stamp.subscribe();
        let is_fresh =
            |stamp: &Option<Instant>| stamp.is_some_and(|at| at + limits::READY_STAMP_VALID > asked_at);
        if !is_fresh(&stamp.borrow()) {
            self.ask(jobs);
        }
        let written = timeout(limits::READY_TIMEOUT, async { stamp.wait_for(is_fresh).await.is_ok() });
        let read = timeout(limits::READY_TIMEOUT, connections.rows("SELECT last FROM changes", &[]));
        let (written, read) = tokio::join!(written, read);
        if !written.unwrap_or(false) {
            return Err(StoreError::NotReady("nothing was written in time"));
        }
        read.map_err(|_| StoreError::NotReady("nothing was read in time"))?.map(drop)
    }

    /// Has something written, at most once at a time: a store that hangs collects no work from those who look at it.
    fn ask(&self, jobs: &mpsc::Sender<Job>) {
        if self.is_asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let (done, written) = oneshot::channel();
        // It changes nothing, and is written all the same.
        let sent = jobs.try_send(Work::Others { writes: vec![json!({ "write": "nothing" })], done }.into());
        let (stamp, is_asking) = (self.stamp.clone(), Arc::clone(&self.is_asking));
        tokio::spawn(async move {
            if sent.is_ok() && matches!(written.await, Ok(Ok(_))) {
                stamp.send_replace(Some(Instant::now()));
            }
            is_asking.store(false, Ordering::Release);
        });
    }
}
