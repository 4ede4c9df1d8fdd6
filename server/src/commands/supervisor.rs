//! What a service manager is told, by the protocol of systemd: that the server is ready, that it stops, and, where it asks
//! for that, that it is alive. Without a manager that asks, nothing is done.

use std::{sync::Arc, time::Duration};

use sd_notify::NotifyState;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{limits, store::Store};

/// How often within its time a watchdog is fed: one look may come late.
const FEEDS: u32 = 3;

/// Says that calls are served from now on.
pub(super) async fn tell_ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("serving")]).await;
}

/// Says that the server stops, which may take some seconds.
pub(super) async fn tell_stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]).await;
}

/// Feeds the watchdog, for ever, as long as the store answers; that this runs shows that the runtime does. A store that
/// answers with an error answers: neither a full disk nor a database server that is away is mended by starting again.
pub(super) async fn feed_watchdog(store: Arc<dyn Store>) {
    let Some(time) = sd_notify::watchdog_enabled().filter(|time| !time.is_zero()) else {
        return std::future::pending().await;
    };
    let mut ticks = interval(time / FEEDS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(took) = answer_time(&*store).await {
            tell(&[NotifyState::Watchdog]).await;
            tracing::trace!(
                micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                "the watchdog is fed"
            );
        } else {
            tracing::warn!("the store does not answer: the watchdog is not fed");
        }
    }
}

/// How long the store takes to answer; `None` where that is as long as it may take to write something.
async fn answer_time(store: &dyn Store) -> Option<Duration> {
    let asked = Instant::now();
    let _ = tokio::time::timeout(limits::READY_TIMEOUT * 2, store.check()).await;
    Some(asked.elapsed()).filter(|took| *took < limits::READY_TIMEOUT)
}

async fn tell(state: &'static [NotifyState<'static>]) {
    // Off the threads that serve: a manager that does not read would hold one up.
    let telling = tokio::task::spawn_blocking(|| sd_notify::notify(state));
    // Nobody waits for a manager that hangs, and without one there is nothing to fail.
    let told = tokio::time::timeout(limits::ANNOUNCEMENT, telling).await;
    if let Ok(Ok(Err(error))) = told {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
