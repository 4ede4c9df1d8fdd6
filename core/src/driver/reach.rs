//! What is known of the way to the server: whether a stream is ready, and what the last failure was.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use loggin_protocol::{Cause, Error, ErrorCode, waits::StreamId};

/// How far the server is reached.
#[derive(Default)]
pub(crate) struct Reached {
    /// Whether a stream is ready.
    pub(crate) is_connected: bool,
    /// Since when it is or, with a cause, since when the server has not been reached.
    pub(crate) since: Option<SystemTime>,
    pub(crate) cause: Option<Cause>,
}

/// Kept beside the machine, which needs none of it. Its lock is taken last, and held over nothing.
#[derive(Default)]
pub(super) struct Reach(Mutex<State>);

#[derive(Default)]
struct State {
    ready: HashSet<StreamId>,
    connected_since: Option<SystemTime>,
    outage: Option<Outage>,
}

/// A time in which nothing was reached.
#[derive(Clone, Copy)]
struct Outage {
    since: SystemTime,
    /// The last reason.
    cause: Cause,
    /// The reason that was logged last.
    logged: Option<Cause>,
}

impl Reach {
    /// A stream has said that it is ready.
    pub(super) fn ready(&self, id: StreamId) {
        let mut state = self.lock();
        let outage = state.outage.take();
        state.ready.insert(id);
        state.connected_since.get_or_insert_with(SystemTime::now);
        drop(state);
        log::debug!(target: "loggin", "a stream is ready");
        log_end(outage);
    }

    /// A stream has ended, for whatever reason.
    pub(super) fn ended(&self, id: StreamId) {
        let mut state = self.lock();
        state.ready.remove(&id);
        if state.ready.is_empty() {
            state.connected_since = None;
        }
    }

    /// The server has answered a call.
    pub(super) fn answered(&self) {
        let outage = self.lock().outage.take();
        log_end(outage);
    }

    /// A call or a stream has failed.
    ///
    /// An outage is logged once, and again where its reason is another. That a stream was lost which had been ready is none
    /// yet: proxies end them after a while, and the next one says whether the server is there.
    pub(super) fn failed(&self, cause: Cause, stream: Option<StreamId>) {
        let mut state = self.lock();
        let before = state.outage;
        let was_ready = stream.is_some_and(|id| state.ready.contains(&id));
        let logged = before.and_then(|outage| outage.logged);
        let is_news = !was_ready && logged != Some(cause);
        state.outage = Some(Outage {
            since: before.map_or_else(SystemTime::now, |outage| outage.since),
            cause,
            logged: if is_news { Some(cause) } else { logged },
        });
        drop(state);
        if is_news {
            log::warn!(target: "loggin", "the server is not reached: {cause}");
        }
    }

    /// A wait's `timeout`, which says so where the server was not reached: it is not the person then who did not come.
    pub(super) fn explain(&self, error: Error) -> Error {
        let state = self.lock();
        if error.code() != ErrorCode::Timeout || state.connected_since.is_some() {
            return error;
        }
        let (message, cause) = match state.outage {
            Some(Outage { since, cause, .. }) => {
                let seconds = since.elapsed().unwrap_or_default().as_secs();
                let message = format!(
                    "The wait's deadline passed; the server has not been reached for {seconds} s: {cause}."
                );
                (message, cause)
            }
            None => ("The wait's deadline passed before the server answered.".to_owned(), Cause::Timeout),
        };
        Error::new(ErrorCode::Timeout, message).with_cause(Some(cause))
    }

    /// What is known now.
    pub(super) fn known(&self) -> Reached {
        let state = self.lock();
        Reached {
            is_connected: state.connected_since.is_some(),
            since: state.connected_since.or(state.outage.map(|outage| outage.since)),
            cause: state.outage.map(|outage| outage.cause),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs the end of an outage whose beginning was logged.
fn log_end(outage: Option<Outage>) {
    if let Some(Outage { since, logged: Some(_), .. }) = outage {
        let seconds = since.elapsed().unwrap_or_default().as_secs();
        log::info!(target: "loggin", "the server is reached again, after {seconds} s");
    }
}
