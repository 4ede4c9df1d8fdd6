//! Threads that make calls for async callers: they come with the work and go without it. A call that pauses sits in a
//! queue, and occupies none of them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::thread::{no_thread, spawn, unwound};
use loggin_protocol::{Error, ErrorCode};

/// Most threads: as many calls may hang, each for its own time, before another waits for one of them.
const MAX_WORKERS: usize = 128;

/// Calls that may wait for a thread; beyond it the caller is told to come back, instead of queueing without end.
const MAX_QUEUED: usize = 10_000;

/// How long a worker stays with nothing to do.
const IDLE_WORKER: Duration = Duration::from_secs(5);

/// Work that is done in one go, or asks to be called again after a pause.
pub(super) type Job = Box<dyn FnMut() -> Option<Duration> + Send>;

pub(super) struct Workers {
    state: Mutex<Queue>,
    has_work: Condvar,
}

#[derive(Default)]
struct Queue {
    ready: VecDeque<Job>,
    /// Jobs that pause, by the moment that they are due; the number tells those of one moment apart.
    paused: BTreeMap<(Instant, u64), Job>,
    last_number: u64,
    workers: usize,
    idle: usize,
}

impl Workers {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), has_work: Condvar::new() }
    }

    /// Has a worker do the job.
    ///
    /// # Errors
    /// `unavailable` where there is neither room nor a thread.
    pub(super) fn run(self: &Arc<Self>, job: Job) -> Result<(), Error> {
        let mut queue = self.lock();
        if queue.ready.len() + queue.paused.len() >= MAX_QUEUED {
            return Err(Error::new(ErrorCode::Unavailable, "Too many calls are waiting in this process."));
        }
        queue.ready.push_back(job);
        self.call_workers(&mut queue);
        if queue.workers > 0 {
            return Ok(());
        }
        let job = queue.ready.pop_back();
        drop(queue);
        drop(job);
        Err(no_thread())
    }

    /// Sees to it that there are workers for what is ready, as far as there may be any.
    fn call_workers(self: &Arc<Self>, queue: &mut Queue) {
        let mut missing = queue.ready.len().saturating_sub(queue.idle).min(MAX_WORKERS - queue.workers);
        for _ in 0..queue.ready.len().min(queue.idle) {
            self.has_work.notify_one();
        }
        while missing > 0 {
            let workers = Arc::clone(self);
            if spawn("loggin-call", move || workers.work()).is_err() {
                return;
            }
            queue.workers += 1;
            missing -= 1;
        }
    }

    fn work(self: &Arc<Self>) {
        let mut queue = self.lock();
        let mut has_waited = false;
        loop {
            let next = self.take_due(&mut queue);
            if let Some(mut job) = queue.ready.pop_front() {
                drop(queue);
                let pause = unwound(&mut job).flatten();
                queue = self.lock();
                if let Some(pause) = pause {
                    queue.last_number += 1;
                    let key = (Instant::now() + pause, queue.last_number);
                    queue.paused.insert(key, job);
                } else {
                    drop(queue);
                    drop(job);
                    queue = self.lock();
                }
                has_waited = false;
                continue;
            }
            if has_waited && next.is_none() {
                queue.workers -= 1;
                return;
            }
            let timeout = next.map_or(IDLE_WORKER, |due| due.saturating_duration_since(Instant::now()));
            queue.idle += 1;
            let (guard, wait) =
                self.has_work.wait_timeout(queue, timeout).unwrap_or_else(PoisonError::into_inner);
            queue = guard;
            queue.idle -= 1;
            has_waited = wait.timed_out();
        }
    }

    /// Makes ready what has paused for long enough; the moment when the next job is due.
    fn take_due(self: &Arc<Self>, queue: &mut Queue) -> Option<Instant> {
        let now = Instant::now();
        let mut taken = 0;
        while let Some(entry) = queue.paused.first_entry()
            && entry.key().0 <= now
        {
            let job = entry.remove();
            queue.ready.push_back(job);
            taken += 1;
        }
        if taken > 1 {
            self.call_workers(queue);
        }
        queue.paused.first_key_value().map(|((due, _), _)| *due)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
