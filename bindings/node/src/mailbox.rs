//! The way back: results come in on the client's threads and go out to JavaScript in batches.
//!
//! A client has one function that other threads call. Only the result that finds the box empty calls it, so that a
//! burst of results is one visit to the event loop.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use loggin::{Error, Pending, Update, Watch};
use napi::{
    Env, Status,
    bindgen_prelude::Function,
    check_status, sys,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};

use crate::values::{AnySession, Outcome, Settled};

/// Weak: by itself it does not keep the event loop running.
type Notify = ThreadsafeFunction<(), (), Vec<Settled>, Status, false, true>;

pub(crate) struct Mailbox {
    state: Arc<Mutex<State>>,
    notify: Notify,
}

type Cancel = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    /// Waits and calls that are under way, and how each is ended.
    under_way: HashMap<u32, Cancel>,
    arrived: Vec<(u32, Result<Outcome, Error>)>,
}

impl Mailbox {
    pub(crate) fn new(settle: &Function<'_, Vec<Settled>, ()>) -> napi::Result<Self> {
        let state = Arc::new(Mutex::<State>::default());
        let weak = Arc::downgrade(&state);
        let notify = settle
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .build_callback(move |_| Ok(weak.upgrade().map(|state| collect(&state)).unwrap_or_default()))?;
        Ok(Self { state, notify })
    }

    pub(crate) fn expect_answer<T: Clone + Send + 'static>(
        self: &Arc<Self>,
        id: u32,
        pending: Pending<T>,
        outcome: fn(T) -> Outcome,
    ) {
        let weak = Arc::downgrade(self);
        pending.on_settle(move |result| {
            weak.upgrade().inspect(|mailbox| mailbox.deliver(id, result.map(outcome)));
        });
        lock(&self.state).under_way.insert(id, Box::new(move || pending.cancel()));
    }

    pub(crate) fn expect_updates(self: &Arc<Self>, id: u32, watch: Watch<AnySession>) {
        let weak = Arc::downgrade(self);
        watch.on_update(move |update| {
            let told = update.map(|update| match update {
                Update::Progress(progress) => Outcome::Progress(progress),
                Update::Verified(session) => Outcome::Session(Some(session)),
            });
            weak.upgrade().inspect(|mailbox| mailbox.deliver(id, told));
        });
        lock(&self.state).under_way.insert(id, Box::new(move || watch.cancel()));
    }

    pub(crate) fn forget(&self, id: u32) {
        // Called outside the lock: the end of a wait may bring other results, which come here.
        let cancel = lock(&self.state).under_way.remove(&id);
        if let Some(cancel) = cancel {
            cancel();
        }
    }

    fn deliver(&self, id: u32, outcome: Result<Outcome, Error>) {
        let mut state = lock(&self.state);
        let was_empty = state.arrived.is_empty();
        state.arrived.push((id, outcome));
        drop(state);
        if was_empty {
            // It fails only where Node is ending, and then nobody waits.
            self.notify.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    #[expect(unsafe_code)]
    pub(crate) fn hold(&self, env: Env) -> napi::Result<()> {
        // SAFETY: called on the thread of `env`, which made the function; `self` keeps the function alive.
        check_status!(unsafe { sys::napi_ref_threadsafe_function(env.raw(), self.notify.raw()) })
    }

    #[expect(unsafe_code)]
    pub(crate) fn release(&self, env: Env) -> napi::Result<()> {
        // SAFETY: as in `hold`.
        check_status!(unsafe { sys::napi_unref_threadsafe_function(env.raw(), self.notify.raw()) })
    }
}

/// Empties the box, on the thread of the event loop.
fn collect(state: &Mutex<State>) -> Vec<Settled> {
    let mut state = lock(state);
    let arrived = mem::take(&mut state.arrived);
    let ended = arrived.iter().filter(|(_, outcome)| !matches!(outcome, Ok(Outcome::Progress(_))));
    let _done: Vec<_> = ended.map(|(id, _)| state.under_way.remove(id)).collect();
    drop(state);
    arrived.into_iter().map(|(id, outcome)| Settled::new(id, outcome)).collect()
}

/// Nothing panics while the lock is held, so a poisoned lock is as good as any.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
