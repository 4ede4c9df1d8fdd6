//! What is known of the way to the server: whether a stream is ready, and what the last failure was.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use crate::{
    cause::Cause,
    error::{Error, ErrorCode},
    waits::StreamId,
};

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
    /// Since when nothing has been reached, and the last reason.
    failing: Option<(SystemTime, Cause)>,
}

impl Reach {
    /// A stream has said that it is ready.
    pub(super) fn ready(&self, id: StreamId) {
        let mut state = self.lock();
        let outage = state.failing.take();
        state.ready.insert(id);
        state.connected_since.get_or_insert_with(SystemTime::now);
        drop(state);
        log::debug!(target: "loggin", "a stream is ready");
        tell_of_end(outage);
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
        let outage = self.lock().failing.take();
        tell_of_end(outage);
    }

    /// A call or a stream has failed.
    pub(super) fn failed(&self, cause: Cause) {
        let mut state = self.lock();
        let before = state.failing;
        state.failing = Some((before.map_or_else(SystemTime::now, |(since, _)| since), cause));
        drop(state);
        // An outage is told once, and again where its reason is another.
        if before.is_none_or(|(_, before)| before != cause) {
            log::warn!(target: "loggin", "the server is not reached: {cause}");
        }
    }

    /// A wait's `timeout`, which says so where the server was not reached: it is not the person then who did not come.
    pub(super) fn explain(&self, error: Error) -> Error {
        let state = self.lock();
        if error.code() != ErrorCode::Timeout || state.connected_since.is_some() {
            return error;
        }
        let (message, cause) = match state.failing {
            Some((since, cause)) => {
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
            since: state.connected_since.or(state.failing.map(|(since, _)| since)),
            cause: state.failing.map(|(_, cause)| cause),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell_of_end(outage: Option<(SystemTime, Cause)>) {
    if let Some((since, _)) = outage {
        let seconds = since.elapsed().unwrap_or_default().as_secs();
        log::info!(target: "loggin", "the server is reached again, after {seconds} s");
    }
}
