//! The rate of an app's calls: each is counted with the first thing that it writes, in one transaction.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use loggin_protocol::AppKey;

use super::{Otp, OtpError};
use crate::{
    clock::UnixMillis,
    limits,
    store::{App, CallCount, OtpOutcome, OtpWrite},
};

/// One call of an app's key.
#[derive(Debug)]
pub(crate) struct Meter {
    app: Arc<App>,
    /// Set once the call is counted.
    rate: OnceLock<CallRate>,
}

/// How much of its calls an app's key has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallRate {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// When all are there again.
    pub(crate) reset: Duration,
    /// Whether this call is one too many.
    exceeded: bool,
}

impl Meter {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app, rate: OnceLock::new() }
    }

    /// What the call came to; `None` before it is counted.
    pub(crate) fn rate(&self) -> Option<CallRate> {
        self.rate.get().copied()
    }
}

impl CallRate {
    fn check(self) -> Result<(), OtpError> {
        if self.exceeded { Err(OtpError::TooManyCalls(self.reset)) } else { Ok(()) }
    }
}

/// Apps that have used up their calls until some moment: a further call of theirs is refused without a write.
#[derive(Debug, Default)]
pub(super) struct UsedUp(Mutex<HashMap<AppKey, Window>>);

/// A window in which no more calls are let in.
#[derive(Clone, Copy, Debug)]
struct Window {
    ends_at: UnixMillis,
    /// What the app might do when it was used up: one that is permitted more since is counted again.
    limit: u32,
}

impl UsedUp {
    fn remember(&self, app: &App, ends_at: UnixMillis, now: UnixMillis) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= limits::USED_UP_REMEMBERED {
            windows.retain(|_, window| now < window.ends_at);
        }
        if windows.len() >= limits::USED_UP_REMEMBERED {
            let first = windows.iter().min_by_key(|(_, window)| window.ends_at);
            if let Some(app_key) = first.map(|(app_key, _)| *app_key) {
                windows.remove(&app_key);
            }
        }
        windows.insert(app.app_key, Window { ends_at, limit: app.calls_per_minute });
    }

    /// How long it is until the app may call again; `None` where it may, as far as is remembered.
    fn remaining(&self, app: &App, now: UnixMillis) -> Option<Duration> {
        let windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.get(&app.app_key).filter(|window| window.limit == app.calls_per_minute)?;
        // A window that ends later was remembered when the clock was ahead.
        let is_now = now < window.ends_at && window.ends_at <= now + limits::CALLS_WINDOW;
        is_now.then(|| window.ends_at.since(now))
    }
}

impl Otp {
    /// Refuses a call of an app that is known to have used up its calls, before anything is read for it.
    ///
    /// # Errors
    /// [`OtpError::TooManyCalls`].
    pub(crate) fn check_used_up(&self, meter: &Meter) -> Result<(), OtpError> {
        let Meter { app, rate } = meter;
        let Some(reset) = self.used_up.remaining(app, self.clock.now()) else {
            return Ok(());
        };
        let refused = CallRate { limit: app.calls_per_minute, remaining: 0, reset, exceeded: true };
        rate.get_or_init(|| refused).check()
    }

    /// Counts a call, unless what it wrote has done so.
    ///
    /// # Errors
    /// [`OtpError::TooManyCalls`] for one too many.
    pub(crate) async fn count(&self, meter: &Meter) -> Result<(), OtpError> {
        match meter.rate() {
            Some(rate) => rate.check(),
            // Nothing is written with it that could be refused.
            None => self.write(Some(meter), Vec::new()).await.map(drop),
        }
    }

    /// Makes these writes of a call, all or none, and counts it with the first of them; `meter` is none where nothing
    /// is counted.
    ///
    /// # Errors
    /// [`OtpError::TooManyCalls`] for a call too many, which writes nothing.
    pub(super) async fn write(
        &self,
        meter: Option<&Meter>,
        writes: Vec<OtpWrite>,
    ) -> Result<OtpOutcome, OtpError> {
        let Some(Meter { app, rate }) = meter.filter(|meter| meter.rate().is_none()) else {
            return Ok(self.store.write(writes).await?);
        };
        if let Some(meter) = meter {
            self.check_used_up(meter)?;
        }
        let now = self.clock.now();
        let (since, most) = (now - limits::CALLS_WINDOW, app.calls_per_minute);
        let call = CallCount { app_key: app.app_key, now, since, most };
        let (counted, outcome) = self.store.write_counted(Some(call), writes).await?;
        let Some(counted) = counted else { return Ok(outcome) };
        let ends_at = counted.since + limits::CALLS_WINDOW;
        if counted.calls > most {
            self.used_up.remember(app, ends_at, now);
        }
        let found = rate.get_or_init(|| CallRate {
            limit: most,
            remaining: most.saturating_sub(counted.calls),
            reset: ends_at.since(now),
            exceeded: counted.calls > most,
        });
        found.check().map(|()| outcome)
    }
}
