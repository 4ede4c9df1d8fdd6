//! Drives the machine: feeds it, does what it asks for, and keeps its time.
//!
//! Whoever brings an input takes the lock, feeds the machine, and does what it asked for after letting the lock go: so
//! a result reaches its waiter without another thread in between, and wakers run with no lock held. One thread keeps
//! the time; it ends when nothing has waited for a while.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use super::{
    clock::{Clock, SystemClock},
    fork,
    in_flight::{InFlight, closed},
    pages::Pages,
    random::{jitter, new_idempotency_key},
    reach::{Reach, Reached},
    stream::{self, Owner},
    thread::{self, no_thread, unwound},
    transport::{CallConfig, Http, Network, Settings, StreamConfig},
    waiter::Waiter,
    workers::Workers,
};
use loggin_protocol::{
    AppKey, Cause, Confirm, Error, PhoneNeed, Token,
    waits::{Action, Closed, Form, Machine, Outcome, StreamId, WaitId},
    wire::{Progress, SessionBody, TokenEvent},
};

/// How long the timekeeper stays with nothing to do before its thread ends.
const IDLE_THREAD: Duration = Duration::from_secs(5);

/// The longest span that is added to the clock, so that no deadline overflows it.
pub(super) const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

pub(crate) struct Hub {
    settings: Arc<Settings>,
    idempotency_key: String,
    generation: u64,
    clock: Box<dyn Clock>,
    state: Mutex<State>,
    /// Tells the timekeeper that its next deadline may have changed.
    sooner: Condvar,
    in_flight: InFlight,
    stream_config: StreamConfig,
    workers: Arc<Workers>,
    reach: Reach,
    /// The hubs that ask for something else, by need of the phone and then by least confirmation: one request asks the
    /// same of all its tokens.
    others: [[OnceLock<Arc<Hub>>; Confirm::ALL.len()]; PhoneNeed::ALL.len()],
    /// Those that ask the same, of logins that began at a page.
    pages: Pages<Self>,
}

struct State {
    machine: Machine<Arc<dyn Waiter>>,
    streams: HashMap<StreamId, Http>,
    is_closed: bool,
    is_suspended: bool,
    has_timekeeper: bool,
    /// When the timekeeper will look again; none while it is awake or not there.
    alarm: Option<Duration>,
}

/// What is done once the lock is let go.
#[derive(Default)]
struct Actions {
    open: Vec<(StreamId, Http, Vec<Token>, Form)>,
    hang_up: Vec<Http>,
    tell: Vec<(Arc<dyn Waiter>, Progress)>,
    settle: Vec<(Arc<dyn Waiter>, Outcome)>,
}

impl Hub {
    pub(super) fn new(settings: Arc<Settings>) -> Result<Arc<Self>, Error> {
        Self::with_clock(settings, Box::new(SystemClock::start()))
    }

    pub(super) fn with_clock(settings: Arc<Settings>, clock: Box<dyn Clock>) -> Result<Arc<Self>, Error> {
        let network = Network::new(&settings)?;
        Self::over(network, settings, clock)
    }

    fn over(network: Network, settings: Arc<Settings>, clock: Box<dyn Clock>) -> Result<Arc<Self>, Error> {
        let idempotency_key = match &settings.idempotency_key {
            Some(key) => key.clone(),
            None => new_idempotency_key()?,
        };
        let state = State {
            machine: Machine::default(),
            streams: HashMap::new(),
            is_closed: false,
            is_suspended: false,
            has_timekeeper: false,
            alarm: None,
        };
        Ok(Arc::new(Self {
            in_flight: InFlight::new(CallConfig::new(&settings, network.clone())?),
            stream_config: StreamConfig::new(&settings, network)?,
            settings,
            idempotency_key,
            generation: fork::generation(),
            clock,
            state: Mutex::new(state),
            sooner: Condvar::new(),
            workers: Arc::new(Workers::new()),
            reach: Reach::default(),
            others: Default::default(),
            pages: Pages::new(),
        }))
    }

    /// The hub that accepts no less than this as confirmation, and has this need of the phone; it redeems as this one does.
    pub(crate) fn asking(self: &Arc<Self>, least: Confirm, need: PhoneNeed) -> Result<&Arc<Self>, Error> {
        let least = least.max(self.settings.least);
        let place = Confirm::ALL.iter().position(|confirm| *confirm == least).unwrap_or_default();
        let row = PhoneNeed::ALL.iter().position(|other| *other == need).unwrap_or_default();
        let is_other = (least, need) != (self.settings.least, self.settings.need);
        let Some(other) = self.others.get(row).and_then(|row| row.get(place)).filter(|_| is_other) else {
            return Ok(self);
        };
        if let Some(hub) = other.get() {
            return Ok(hub);
        }
        let hub = self.beside(Settings { least, need, ..Settings::clone(&self.settings) })?;
        let hub = other.get_or_init(|| hub);
        self.bring_along(hub);
        Ok(hub)
    }

    /// The hub for a login that began at this page, where its message is to lead back; it redeems as this one does.
    pub(crate) fn returning_to(
        self: &Arc<Self>,
        page: Option<&Arc<str>>,
        app_key: AppKey,
    ) -> Result<Arc<Self>, Error> {
        let Some(page) = page else { return Ok(Arc::clone(self)) };
        let return_to = Some(Arc::clone(page));
        let make = || self.beside(Settings { return_to, ..Settings::clone(&self.settings) });
        let Some(hub) = self.pages.get_or_make((app_key, Arc::clone(page)), make)? else {
            log::warn!(target: "loggin", "too many pages are waited for: a login goes on without a link back");
            return Ok(Arc::clone(self));
        };
        self.bring_along(&hub);
        Ok(hub)
    }

    /// A hub of other settings, which redeems as this one does and has learnt the same of the network.
    fn beside(&self, settings: Settings) -> Result<Arc<Self>, Error> {
        let idempotency_key = Some(self.idempotency_key.clone());
        let settings = Settings { idempotency_key, ..settings };
        Self::over(self.stream_config.network(), Arc::new(settings), Box::new(SystemClock::start()))
    }

    /// Has a hub that was made beside this one stand as it does. It can be found by then: what this one is told from now on
    /// reaches it, too.
    fn bring_along(&self, hub: &Arc<Self>) {
        let state = self.lock();
        let (is_closed, is_suspended) = (state.is_closed, state.is_suspended);
        drop(state);
        if is_closed {
            hub.close();
        } else if is_suspended {
            hub.suspend();
        }
    }

    /// This hub's own that ask for something else.
    fn others(&self) -> impl Iterator<Item = Arc<Self>> {
        let asking = self.others.iter().flatten().filter_map(OnceLock::get).cloned();
        asking.chain(self.pages.all())
    }

    /// A session, where the server kept to what was asked for.
    fn accept(&self, session: SessionBody) -> Result<SessionBody, Error> {
        let Settings { least, need, is_redeemer, .. } = *self.settings;
        // Whoever only observes may be told of no phone in any case.
        session.confirmed_by(least)?.told_to(if is_redeemer { need } else { PhoneNeed::Optional })
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    pub(crate) fn idempotency_key(&self) -> &str {
        &self.idempotency_key
    }

    pub(crate) fn reached(&self) -> Reached {
        let connected = |reached: &Reached| reached.is_connected;
        let own = self.reach.known();
        let mut others = self.others().map(|hub| hub.reached());
        if own.is_connected { own } else { others.find(connected).unwrap_or(own) }
    }

    pub(super) fn reach(&self) -> &Reach {
        &self.reach
    }

    pub(super) fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    pub(super) fn workers(&self) -> &Arc<Workers> {
        &self.workers
    }

    /// Begins a wait; `None` where the client is closed.
    pub(super) fn add_wait(
        self: &Arc<Self>,
        token: Token,
        timeout: Duration,
        waiter: Arc<dyn Waiter>,
    ) -> Option<WaitId> {
        self.feed(|state, now| {
            if state.is_closed {
                return None;
            }
            Some(state.machine.handle_wait(now, token, now + timeout.min(FOREVER), waiter))
        })
    }

    /// Ends a wait that nobody waits for any more.
    pub(super) fn cancel(self: &Arc<Self>, id: WaitId) {
        // The slot is dropped outside the lock: its waker's drop is foreign code.
        let _waiter = self.feed(|state, now| state.machine.handle_cancel(now, id));
    }

    /// Ends every wait and call with `closed`; none can begin after.
    pub(crate) fn close(self: &Arc<Self>) {
        self.feed(|state, _| {
            state.is_closed = true;
            state.machine.handle_shutdown(&closed());
        });
        self.in_flight.close();
        self.others().for_each(|hub| hub.close());
    }

    /// Hangs up every stream and opens none until [`Hub::resume`]. The waits go on.
    pub(crate) fn suspend(self: &Arc<Self>) {
        self.feed(|state, now| {
            state.is_suspended = true;
            state.machine.handle_suspend(now);
        });
        self.others().for_each(|hub| hub.suspend());
    }

    /// Has all waits on a new stream at once, whatever became of the old ones, and later calls on new connections.
    pub(crate) fn resume(self: &Arc<Self>) {
        self.feed(|state, now| {
            state.is_suspended = false;
            state.machine.handle_resume(now);
        });
        self.in_flight.renew();
        self.others().for_each(|hub| hub.resume());
    }

    /// Looks whether the computer was asleep, for a call: where nothing waits, nobody else does.
    pub(super) fn look_at_clock(self: &Arc<Self>) {
        if self.feed(|state, now| self.has_slept(state, now)) {
            self.note_sleep();
        }
    }

    /// Feeds the machine, then does what it asks for.
    fn feed<R>(self: &Arc<Self>, input: impl FnOnce(&mut State, Duration) -> R) -> R {
        let mut state = self.lock();
        let result = input(&mut state, self.clock.now());
        let actions = self.take_actions(&mut state);
        let start_timekeeper = self.set_alarm(&mut state);
        drop(state);
        self.run_actions(actions);
        if start_timekeeper {
            self.start_timekeeper();
        }
        result
    }

    fn take_actions(&self, state: &mut State) -> Actions {
        let mut actions = Actions::default();
        while let Some(action) = state.machine.poll_action() {
            match action {
                Action::Open { stream, tokens, form } => {
                    let http = Http::for_stream(&self.stream_config);
                    state.streams.insert(stream, http.clone());
                    actions.open.push((stream, http, tokens, form));
                }
                Action::Close { stream } => actions.hang_up.extend(state.streams.remove(&stream)),
                Action::Tell { waiter, progress } => actions.tell.push((waiter, progress)),
                Action::Settle { waiter, outcome } => {
                    let outcome = outcome.map_err(|error| self.reach.explain(error));
                    let outcome = outcome.and_then(|session| self.accept(session));
                    actions.settle.push((waiter, outcome));
                }
            }
        }
        actions
    }

    fn run_actions(self: &Arc<Self>, actions: Actions) {
        for (waiter, progress) in actions.tell {
            waiter.tell(progress);
        }
        for (waiter, outcome) in actions.settle {
            waiter.settle(outcome);
        }
        for http in actions.hang_up {
            unwound(|| http.hang_up());
        }
        for (id, http, tokens, form) in actions.open {
            let hub = Arc::clone(self);
            let run = move || stream::run(&hub, id, &http, tokens, &form);
            if thread::spawn("loggin-stream", run).is_err() {
                self.stream_closed(id, Closed::Dropped { pause: None });
            }
        }
    }

    /// Sees to it that the timekeeper wakes in time; says whether it has to be started.
    fn set_alarm(&self, state: &mut State) -> bool {
        let Some(deadline) = state.machine.poll_deadline() else {
            return false;
        };
        if !state.has_timekeeper {
            state.has_timekeeper = true;
            return true;
        }
        if state.alarm.is_some_and(|alarm| deadline < alarm) {
            state.alarm = Some(deadline);
            self.sooner.notify_one();
        }
        false
    }

    fn start_timekeeper(self: &Arc<Self>) {
        let hub = Arc::clone(self);
        if thread::spawn("loggin-hub", move || hub.keep_time_always()).is_err() {
            // Without a thread nothing can be waited for: say so now rather than never.
            let mut state = self.lock();
            state.has_timekeeper = false;
            state.machine.handle_shutdown(&no_thread());
            let actions = self.take_actions(&mut state);
            drop(state);
            self.run_actions(actions);
        }
    }

    /// Should the time's keeping ever panic, it goes on: what was due is taken off the list by then.
    fn keep_time_always(self: &Arc<Self>) {
        while unwound(|| self.keep_time()).is_none() {}
    }

    fn keep_time(self: &Arc<Self>) {
        let mut state = self.lock();
        loop {
            let now = self.clock.now();
            let has_slept = self.has_slept(&mut state, now);
            state.machine.handle_timeout(now);
            let actions = self.take_actions(&mut state);
            if has_slept || !actions.is_empty() {
                drop(state);
                self.run_actions(actions);
                if has_slept {
                    self.note_sleep();
                }
                state = self.lock();
            }
            let now = self.clock.now();
            let deadline = state.machine.poll_deadline();
            if deadline.is_some_and(|deadline| deadline <= now) {
                continue;
            }
            let alarm = deadline.unwrap_or(now + IDLE_THREAD);
            state.alarm = Some(alarm);
            let (guard, wait) = self
                .sooner
                .wait_timeout(state, alarm.saturating_sub(now))
                .unwrap_or_else(PoisonError::into_inner);
            state = guard;
            state.alarm = None;
            if deadline.is_none() && wait.timed_out() && state.machine.poll_deadline().is_none() {
                state.has_timekeeper = false;
                return;
            }
        }
    }

    /// Tells the machine of both clocks; whether the computer was asleep.
    fn has_slept(&self, state: &mut State, now: Duration) -> bool {
        self.clock.awake().is_some_and(|awake| state.machine.handle_clock(now, awake))
    }

    fn note_sleep(&self) {
        log::info!(target: "loggin", "the computer was asleep: what waits connects anew");
        self.in_flight.renew();
    }

    /// The machine does not panic; should it, the others still get what it can give.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Owner for Hub {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn idempotency_key(&self) -> &str {
        &self.idempotency_key
    }

    /// A stream was not opened or has broken off; that the client hung up is no failure.
    fn stream_failed(&self, id: StreamId, cause: Cause) {
        let is_open = self.lock().streams.contains_key(&id);
        if is_open {
            log::debug!(target: "loggin", "a stream has ended: {cause}");
            self.reach.failed(cause, Some(id));
        }
    }

    fn stream_events(self: &Arc<Self>, id: StreamId, events: Vec<TokenEvent>) {
        if events.is_empty() {
            return;
        }
        if events.iter().any(|event| matches!(event, TokenEvent::Ready { .. })) {
            self.reach.ready(id);
        }
        self.feed(|state, now| {
            for event in events {
                state.machine.handle_event(now, id, event);
            }
        });
    }

    fn stream_closed(self: &Arc<Self>, id: StreamId, closed: Closed) {
        self.reach.ended(id);
        let random = jitter();
        self.feed(|state, now| {
            state.streams.remove(&id);
            state.machine.handle_closed(now, id, closed, random);
        });
    }
}

impl Actions {
    fn is_empty(&self) -> bool {
        self.open.is_empty() && self.hang_up.is_empty() && self.tell.is_empty() && self.settle.is_empty()
    }
}

impl Drop for Hub {
    /// In a forked child the parent's connections must not be ended, only let go of.
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
            mem::forget(mem::take(&mut state.streams));
            self.in_flight.forget();
        }
    }
}
