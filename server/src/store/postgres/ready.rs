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
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    connections::Connections,
    health::{Health, Seen},
    writer::{Job, Work},
};
use crate::{limits, store::StoreError};

/// What is known of the database, and of the task that writes.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    health: Health,
    /// Whether a write is under way that was asked for here.
    is_asking: Arc<AtomicBool>,
}

impl Readiness {
    pub(super) fn health(&self) -> Health {
        self.health.clone()
    }

    /// Reads something, and has something written unless that was seen to work a moment ago.
    ///
    /// It takes less than [`limits::READY_TIMEOUT`] whatever the database does: a process whose database is away works,
    /// and nothing is mended by starting it again.
    pub(super) async fn check(
        &self,
        jobs: &mpsc::Sender<Job>,
        connections: &Connections,
    ) -> Result<(), StoreError> {
        if jobs.is_closed() {
            return Err(StoreError::Busy);
        }
        let asked_at = Instant::now();
        let is_fresh =
            |seen: &Seen| seen.stored_at.is_some_and(|at| at + limits::READY_STAMP_VALID > asked_at);
        let mut health = self.health.seen();
        if !is_fresh(&health.borrow()) {
            self.ask(jobs);
        }
        let written = async {
            let known = health.wait_for(|seen| is_fresh(seen) || seen.is_failing).await;
            if known.is_ok_and(|seen| is_fresh(&seen)) {
                return Ok(());
            }
            let again = timeout(limits::DATABASE_READY_AGAIN, health.wait_for(is_fresh)).await;
            match again {
                Ok(Ok(_)) => Ok(()),
                _ => Err(StoreError::NotReady("nothing can be written")),
            }
        };
        let read = async { connections.rows("SELECT last FROM changes", &[]).await.map(drop) };
        let both = timeout(limits::DATABASE_READY, async { tokio::try_join!(written, read) }).await;
        both.unwrap_or(Err(StoreError::NotReady("nothing was written or read in time"))).map(drop)
    }

    /// Has something written, at most once at a time: a store that hangs collects no work from those who look at it.
    fn ask(&self, jobs: &mpsc::Sender<Job>) {
        if self.is_asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let (done, written) = oneshot::channel();
        // It changes nothing, and is written all the same; what came of it is told by who writes.
        let sent = jobs.try_send(Work::Others { writes: vec![json!({ "write": "nothing" })], done }.into());
        let is_asking = Arc::clone(&self.is_asking);
        tokio::spawn(async move {
            if sent.is_ok() {
                let _ = written.await;
            }
            is_asking.store(false, Ordering::Release);
        });
    }
}
