//! Calls that are answered at once, with their retries, and the few threads that make them for async callers.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Hub,
    hub::{STACK_SIZE, closed, no_thread},
    jitter, new_idempotency_key,
    pending::{Pending, Slot},
    transport::{Answer, MAX_ANSWER, Request, invalid_answer},
    unwound,
};
use crate::{
    backoff,
    error::{Error, ErrorCode, Retry},
    session::Session,
    token::Token,
    wire::{VERIFY_PATH, VerifyRequest, VerifyResponse},
};

/// Threads that make calls for async callers: a call is a round trip, so a few carry hundreds a second, and as many
/// again may hang on a server that does not answer.
const MAX_WORKERS: usize = 16;

/// Calls that may wait for a thread; beyond it the caller is told to come back, instead of queueing without end.
const MAX_QUEUED: usize = 10_000;

/// How long a worker stays with nothing to do.
const IDLE_WORKER: Duration = Duration::from_secs(5);

/// The longest `Retry-After` that a call waits for; a longer one is the caller's to wait for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The same for a call that a person at a form waits for: they and the app's server can do with a few seconds, but the
/// half minute between two codes is theirs to be told of.
const MAX_RETRY_AFTER_AT_FORM: Duration = Duration::from_secs(5);

impl Hub {
    /// Redeems a token on this thread; `None` while nobody has signed in.
    pub(crate) fn verify(&self, token: &Token) -> Result<Option<Session>, Error> {
        let app_key = self.settings().app_key.map(|app_key| app_key.to_string());
        let request = VerifyRequest { token: token.expose(), app_key };
        match self.post(VERIFY_PATH, self.idempotency_key(), &request, MAX_RETRY_AFTER)? {
            VerifyResponse::Pending => Ok(None),
            VerifyResponse::Verified(session) => session.of_app(token.app_key())?.try_into().map(Some),
        }
    }

    /// Makes a call of the app's server on this thread. It counts once, however often it is sent: the server knows it
    /// by a key of its own.
    pub(crate) fn post_once<A: DeserializeOwned>(
        &self,
        path: &str,
        request: &impl Serialize,
    ) -> Result<A, Error> {
        if self.settings().secret_key.is_none() {
            return Err(Error::new(
                ErrorCode::Unauthorized,
                "This call needs the app's secret key: the option secret_key, or LOGGIN_SECRET_KEY.",
            ));
        }
        self.post(path, &new_idempotency_key()?, request, MAX_RETRY_AFTER_AT_FORM)
    }

    /// Makes a call on a thread of the client's own.
    pub(crate) fn begin<T: Clone + Send + 'static>(
        self: &Arc<Self>,
        call: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        let slot = Slot::new();
        let (hub, result) = (Arc::clone(self), Arc::clone(&slot));
        let job = Box::new(move || result.settle(unwound(|| call(&hub)).unwrap_or_else(|| Err(panicked()))));
        if let Err(error) = self.workers().run(job) {
            slot.settle(Err(error));
        }
        Pending::new(slot, None)
    }

    fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        idempotency_key: &str,
        request: &impl Serialize,
        longest_pause: Duration,
    ) -> Result<A, Error> {
        let body = serde_json::to_vec(request).map_err(|_| invalid_answer(0))?;
        let request =
            Request { path, accept: "application/json", idempotency_key, body: &body, timeout: None };
        let answer = self.call(&request, longest_pause)?;
        serde_json::from_slice(&answer).map_err(|_| invalid_answer(200))
    }

    /// Makes a call, and again where its failure passes and the server asks for no longer pause. Returns the body of a
    /// 200.
    fn call(&self, request: &Request<'_>, longest_pause: Duration) -> Result<Vec<u8>, Error> {
        let began = Instant::now();
        let mut attempt = 0;
        loop {
            if self.is_closed() {
                return Err(closed());
            }
            let sent = unwound(|| match self.calls().send(self.settings(), request) {
                Ok(answer) => read_answer(answer),
                Err(_) => Err(Error::new(ErrorCode::Connection, "The server was not reached.")),
            });
            let error = match sent.unwrap_or_else(|| Err(panicked())) {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            let pause = error.retry_after();
            if attempt == self.settings().max_retries
                || !is_worth_repeating(&error)
                || pause.is_some_and(|pause| pause > longest_pause)
            {
                return Err(error);
            }
            thread::sleep(backoff::delay(attempt, began.elapsed(), pause, jitter()));
            attempt += 1;
        }
    }
}

/// The error of a call whose own code, or that of a library, gave way.
fn panicked() -> Error {
    Error::new(ErrorCode::Internal, "The call panicked; the panic hook has reported where.")
}

fn read_answer(mut answer: Answer) -> Result<Vec<u8>, Error> {
    if answer.status == 200 {
        return answer.read_json(MAX_ANSWER);
    }
    let pause = answer.retry_after();
    Err(answer.read_error().unwrap_or_else(|error| error.with_retry_after(pause)))
}

/// The error's code decides; where it is none of the protocol's, the status does.
fn is_worth_repeating(error: &Error) -> bool {
    match error.code() {
        ErrorCode::InvalidResponse | ErrorCode::Unrecognized => {
            matches!(error.status(), Some(408 | 429 | 502..=504))
        }
        ErrorCode::Connection | ErrorCode::RateLimited | ErrorCode::Unavailable => true,
        code => code.retry() == Retry::Temporary && matches!(error.status(), Some(502..=504)),
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that come with the work and go without it.
pub(super) struct Workers {
    state: Mutex<Queue>,
    has_work: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    workers: usize,
    idle: usize,
}

impl Workers {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), has_work: Condvar::new() }
    }

    /// Has a worker do the job.
    fn run(self: &Arc<Self>, job: Job) -> Result<(), Error> {
        let mut queue = self.lock();
        if queue.jobs.len() >= MAX_QUEUED {
            return Err(Error::new(ErrorCode::Unavailable, "Too many calls are waiting in this process."));
        }
        queue.jobs.push_back(job);
        if queue.idle >= queue.jobs.len() || queue.workers >= MAX_WORKERS {
            self.has_work.notify_one();
            return Ok(());
        }
        let workers = Arc::clone(self);
        let thread = thread::Builder::new().name("loggin-call".into()).stack_size(STACK_SIZE);
        if thread.spawn(move || workers.work()).is_ok() {
            queue.workers += 1;
        } else if queue.workers == 0 {
            queue.jobs.pop_back();
            return Err(no_thread());
        }
        Ok(())
    }

    fn work(&self) {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                drop(queue);
                job();
                queue = self.lock();
                continue;
            }
            queue.idle += 1;
            let (guard, wait) =
                self.has_work.wait_timeout(queue, IDLE_WORKER).unwrap_or_else(PoisonError::into_inner);
            queue = guard;
            queue.idle -= 1;
            if wait.timed_out() && queue.jobs.is_empty() {
                queue.workers -= 1;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
