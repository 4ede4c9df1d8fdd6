//! The rate of an app's calls: each is counted with the first thing that it writes, in one transaction.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use super::{Otp, OtpError};
use crate::{
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

impl Otp {
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
        let now = self.clock.now();
        let (since, most) = (now - limits::CALLS_WINDOW, app.calls_per_minute);
        let call = CallCount { app_key: app.app_key, now, since, most };
        let (counted, outcome) = self.store.write_counted(Some(call), writes).await?;
        let Some(counted) = counted else { return Ok(outcome) };
        let found = rate.get_or_init(|| CallRate {
            limit: most,
            remaining: most.saturating_sub(counted.calls),
            reset: (counted.since + limits::CALLS_WINDOW).since(now),
            exceeded: counted.calls > most,
        });
        found.check().map(|()| outcome)
    }
}
