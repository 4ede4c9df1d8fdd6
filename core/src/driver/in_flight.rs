//! The calls that are under way: each can be hung up on by itself, and all of them with the client. Their connections are
//! kept for later calls.

use std::{
    collections::HashMap,
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    thread::unwound,
    transport::{CallConfig, Http},
};
use loggin_protocol::{Error, ErrorCode};

/// Most connections that are kept for later calls.
const MAX_SPARE: usize = 16;

/// Names one call of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallId(u64);

/// Is told that a call has ended from outside.
type GiveUp = Box<dyn FnOnce(Error) + Send>;

/// A call that is under way.
struct Ongoing {
    /// What a try is being made with.
    http: Option<Http>,
    give_up: Option<GiveUp>,
}

pub(super) struct InFlight {
    config: CallConfig,
    state: Mutex<State>,
    /// A call has been ended from outside.
    has_ended: Condvar,
}

#[derive(Default)]
struct State {
    calls: HashMap<CallId, Ongoing>,
    spare: Vec<Http>,
    last_id: u64,
    is_closed: bool,
}

impl InFlight {
    pub(super) fn new(config: CallConfig) -> Self {
        Self { config, state: Mutex::default(), has_ended: Condvar::new() }
    }

    /// Begins a call; `None` where the client is closed.
    pub(super) fn begin(&self, give_up: Option<GiveUp>) -> Option<CallId> {
        let mut state = self.lock();
        if state.is_closed {
            return None;
        }
        state.last_id += 1;
        let id = CallId(state.last_id);
        state.calls.insert(id, Ongoing { http: None, give_up });
        Some(id)
    }

    /// A connection for one try; `None` where the call has been ended.
    pub(super) fn take(&self, id: CallId) -> Option<Http> {
        let mut state = self.lock();
        let State { calls, spare, .. } = &mut *state;
        let call = calls.get_mut(&id)?;
        let http = spare.pop().unwrap_or_else(|| Http::for_calls(&self.config));
        call.http = Some(http.clone());
        Some(http)
    }

    /// A try is over; whether the call goes on. Its connection may be used again unless it was hung up on.
    pub(super) fn put_back(&self, id: CallId, http: Http) -> bool {
        let mut state = self.lock();
        let Some(call) = state.calls.get_mut(&id) else { return false };
        call.http = None;
        if state.spare.len() < MAX_SPARE {
            state.spare.push(http);
        }
        true
    }

    /// Blocks this thread for the pause between two tries; whether the call goes on.
    pub(super) fn pause(&self, id: CallId, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        while state.calls.contains_key(&id) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            state = self.has_ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    /// A call has its result.
    pub(super) fn end(&self, id: CallId) {
        let _call = self.lock().calls.remove(&id);
    }

    /// Ends a call that nobody waits for any more.
    pub(super) fn cancel(&self, id: CallId) {
        let call = self.lock().calls.remove(&id);
        self.has_ended.notify_all();
        if let Some(http) = call.and_then(|call| call.http) {
            unwound(|| http.hang_up());
        }
    }

    /// Ends every call with `closed`; none can begin after.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let calls = mem::take(&mut state.calls);
        drop(state);
        self.has_ended.notify_all();
        for call in calls.into_values() {
            if let Some(give_up) = call.give_up {
                give_up(closed());
            }
            if let Some(http) = call.http {
                unwound(|| http.hang_up());
            }
        }
    }

    /// Keeps no connection for later calls: those that are there may be dead without knowing.
    pub(super) fn renew(&self) {
        let spare = mem::take(&mut self.lock().spare);
        drop(spare);
    }

    /// Lets go of the connections without ending them: they are the parent's.
    pub(super) fn forget(&mut self) {
        mem::forget(mem::take(self.state.get_mut().unwrap_or_else(PoisonError::into_inner)));
    }

    /// Nothing panics while the lock is held, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error for what begins after the client was closed, or was ended by that.
pub(super) fn closed() -> Error {
    Error::new(ErrorCode::Closed, "The client was closed.")
}
