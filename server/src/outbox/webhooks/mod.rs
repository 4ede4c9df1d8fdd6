//! Webhooks to apps: events delivered from the store, where each was put with the change that brings it about.
//!
//! One process delivers, the one that leads; where two believe that they do, an event is delivered twice, which every
//! receiver has to expect. Waiting costs nothing but a row, and an endpoint that does not respond has few places, so that
//! it keeps nobody else's events back.

mod addresses;
mod caller;
mod secrets;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::Instant,
};

pub(crate) use addresses::{check_reach, check_url};
pub(crate) use caller::WebhookCaller;
use caller::{Failure, Responded};
pub(crate) use secrets::WebhookKeys;

use crate::{
    clock::{Clock, Random, UnixMillis, random_below},
    limits,
    store::{
        DeliveryEnd, DeliveryPurge, DisabledFor, Store, StoreError, Tried, WebhookDelivery, WebhookEndpoint,
    },
    telemetry::{
        WebhookOutcome,
        metrics::{self, Limit},
    },
};

/// How often the store is looked at where nothing calls for it, as for what another process stored.
const LOOK: Duration = Duration::from_secs(1);

/// How often what is old is taken away, and how often it is measured what only metrics tell.
const PURGE: Duration = Duration::from_secs(60);
/// See [`PURGE`].
const MEASURE: Duration = Duration::from_secs(10);

/// The part of a pause by which it is spread: a fifth.
const SPREAD: u32 = 5;

/// Delivers what apps are to be told.
#[derive(Debug)]
pub(crate) struct Webhooks {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) caller: WebhookCaller,
    pub(crate) keys: WebhookKeys,
    /// How long deliveries are kept that have ended.
    pub(crate) kept: Duration,
    /// Rung when an event was stored.
    pub(crate) queued: Arc<Notify>,
}

/// A delivery by its names: event and endpoint.
type Names = (String, String);

/// Deliveries that are being made.
#[derive(Default)]
struct Running {
    tasks: JoinSet<Names>,
    names: HashSet<Names>,
    by_endpoint: HashMap<String, u32>,
}

impl Running {
    fn room(&self) -> usize {
        limits::WEBHOOKS_AT_ONCE.saturating_sub(self.tasks.len())
    }

    /// Takes a place for a delivery; `false` where it is being made, or its endpoint has as many as it may.
    fn take(&mut self, names: &Names) -> bool {
        let of_endpoint = self.by_endpoint.entry(names.1.clone()).or_default();
        if *of_endpoint >= limits::WEBHOOKS_PER_ENDPOINT || !self.names.insert(names.clone()) {
            return false;
        }
        *of_endpoint += 1;
        true
    }

    fn free(&mut self, names: &Names) {
        self.names.remove(names);
        if let Some(count) = self.by_endpoint.get_mut(&names.1) {
            *count = count.saturating_sub(1);
        }
        self.by_endpoint.retain(|_, count| *count > 0);
    }
}

impl Webhooks {
    /// Delivers until `stopping` turns true; what is being delivered then is finished, or delivered again later.
    pub(crate) async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        self.reseal().await;
        let mut running = Running::default();
        let (mut purged, mut measured) = (None, None);
        loop {
            let delivers =
                self.look(&mut running, &mut purged, &mut measured).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "webhooks to apps cannot be read; trying again");
                    false
                });
            let has_room = running.room() > 0;
            tokio::select! {
                // Every login rings, so that nobody looks who has nothing to deliver.
                () = self.queued.notified(), if delivers && has_room => {}
                () = tokio::time::sleep(LOOK) => {}
                Some(ended) = running.tasks.join_next() => {
                    // One that panicked is a defect, and its place is lost with it.
                    if let Ok(names) = ended {
                        running.free(&names);
                    }
                }
                // An error means that whoever would tell is gone, which is the end too.
                _ = stopping.wait_for(|stopping| *stopping) => break,
            }
        }
        let finish = async { while running.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(limits::SHUTDOWN, finish).await.is_err() {
            tracing::warn!("some webhooks to apps were being delivered, and will be again");
        }
    }

    async fn reseal(&self) {
        match self.keys.reseal_all(&self.store, &*self.random).await {
            Ok(0) => {}
            Ok(count) => {
                tracing::info!(count, "secrets of webhooks are under the first LOGGIN_WEBHOOK_SECRET now");
            }
            Err(error) => tracing::warn!(%error, "secrets of webhooks could not be looked through"),
        }
    }

    /// Begins what is due, where this process is the one that does; whether it does, and has somebody to deliver to.
    async fn look(
        self: &Arc<Self>,
        running: &mut Running,
        purged: &mut Option<Instant>,
        measured: &mut Option<Instant>,
    ) -> Result<bool, StoreError> {
        if is_time(measured, MEASURE) {
            self.measure().await?;
        }
        if running.room() == 0 {
            return Ok(true);
        }
        if !self.store.leads().await? {
            return Ok(false);
        }
        if is_time(purged, PURGE) {
            self.purge().await?;
        }
        Ok(self.begin(running).await? || self.store.has_webhook_endpoint().await?)
    }

    /// Begins what is due; whether anything is.
    async fn begin(self: &Arc<Self>, running: &mut Running) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let due =
            self.store.due_deliveries(now, limits::WEBHOOKS_PER_ENDPOINT * 2, limits::WEBHOOKS_READ).await?;
        let is_any_due = !due.is_empty();
        let mut endpoints: HashMap<String, Option<WebhookEndpoint>> = HashMap::new();
        for delivery in due {
            if running.room() == 0 {
                break;
            }
            let names = (delivery.event_id.clone(), delivery.endpoint_id.clone());
            if !running.take(&names) {
                continue;
            }
            if !endpoints.contains_key(&delivery.endpoint_id) {
                let endpoint = self.store.webhook_endpoint(&delivery.endpoint_id).await?;
                endpoints.insert(delivery.endpoint_id.clone(), endpoint);
            }
            let endpoint = endpoints.get(&delivery.endpoint_id).cloned().flatten();
            let webhooks = Arc::clone(self);
            running.tasks.spawn(async move {
                if let Some(endpoint) = endpoint {
                    webhooks.deliver(&endpoint, &delivery).await;
                }
                names
            });
        }
        Ok(is_any_due)
    }

    /// Makes one delivery, and notes what became of it. Where that cannot be noted it is made again.
    async fn deliver(&self, endpoint: &WebhookEndpoint, delivery: &WebhookDelivery) {
        let now = self.clock.now();
        let responded = match self.keys.of(endpoint, now) {
            Some(secrets) => self.caller.call(&endpoint.url, delivery, &secrets, now).await,
            None => Failure::Secret.into(),
        };
        if let Err(error) = self.conclude(endpoint, delivery, responded).await {
            tracing::warn!(%error, "what became of a webhook cannot be stored");
            // It is still due: its place is kept, so that a store which only reads does not have it sent again and again.
            tokio::time::sleep(limits::WEBHOOK_PAUSE).await;
        }
    }

    async fn conclude(
        &self,
        endpoint: &WebhookEndpoint,
        delivery: &WebhookDelivery,
        responded: Responded,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        let tried = self.judge(delivery, responded, at);
        let end = DeliveryEnd {
            event_id: delivery.event_id.clone(),
            endpoint_id: endpoint.id.clone(),
            at,
            tried,
            status: responded.status,
            failure: responded.failure.map(Failure::as_str),
        };
        let is_disabled = self.store.end_delivery(end).await?;
        note(endpoint, delivery, responded, tried);
        if is_disabled {
            let why = if responded.is_gone() { DisabledFor::Gone } else { DisabledFor::Failing };
            metrics::webhook(WebhookOutcome::Disabled);
            tracing::error!(
                app_key = %endpoint.app_key,
                endpoint_id = endpoint.id,
                why = why.as_str(),
                "an endpoint of webhooks takes nothing any more, and is told nothing from now on"
            );
        }
        Ok(())
    }

    /// What follows from a response.
    fn judge(&self, delivery: &WebhookDelivery, responded: Responded, at: UnixMillis) -> Tried {
        if responded.failure.is_none() {
            return Tried::Delivered;
        }
        if responded.is_gone() {
            return Tried::GivenUp { why: DisabledFor::Gone };
        }
        if at >= delivery.until {
            return Tried::GivenUp { why: DisabledFor::Failing };
        }
        let pause = self.pause(delivery.tries).max(responded.after.unwrap_or_default());
        // The last try is at the very end.
        Tried::Retry { due_at: (at + pause).min(delivery.until) }
    }

    /// The pause before the next try: three times the one before, and spread.
    fn pause(&self, tries: u32) -> Duration {
        let pause = limits::WEBHOOK_PAUSE.saturating_mul(3_u32.saturating_pow(tries.min(16)));
        let pause = pause.min(limits::WEBHOOK_PAUSE_MAX);
        let spread = u32::try_from(pause.as_millis()).unwrap_or(u32::MAX) / SPREAD;
        pause + Duration::from_millis(random_below(&*self.random, spread.max(1)).into())
    }

    /// Takes away what is old, and what is too much.
    async fn purge(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (before, horizon) = (now - self.kept, now + limits::WEBHOOK_HORIZON);
        let purge = DeliveryPurge { now, before, horizon, most_waiting: limits::WEBHOOKS_WAITING };
        loop {
            let purged = self.store.purge_deliveries(purge, limits::SWEEP).await?;
            if purged.dropped > 0 {
                metrics::limit_hit(Limit::WebhooksWaiting);
                tracing::error!(
                    events = purged.dropped,
                    "events wait for an endpoint too long, or too many: dropped"
                );
            }
            if purged.old.max(purged.dropped) < u64::from(limits::SWEEP) {
                return Ok(());
            }
        }
    }

    async fn measure(&self) -> Result<(), StoreError> {
        let health = self.store.webhook_health().await?;
        let age = health.oldest.map_or(Duration::ZERO, |oldest| self.clock.now().since(oldest));
        metrics::webhooks(age, health.failing);
        Ok(())
    }

    /// Makes what is due now, and waits for the end of it.
    #[cfg(test)]
    pub(crate) async fn round(self: &Arc<Self>) {
        let mut running = Running::default();
        self.begin(&mut running).await.unwrap();
        while let Some(ended) = running.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

/// Whether so long has passed since this was last said.
fn is_time(last: &mut Option<Instant>, pause: Duration) -> bool {
    let is_time = last.is_none_or(|last| last.elapsed() >= pause);
    if is_time {
        *last = Some(Instant::now());
    }
    is_time
}

/// Logs and counts what became of a try, once it is stored. Neither URL nor payload is told.
fn note(endpoint: &WebhookEndpoint, delivery: &WebhookDelivery, responded: Responded, tried: Tried) {
    let outcome = match tried {
        Tried::Delivered => WebhookOutcome::Delivered,
        Tried::Retry { .. } => WebhookOutcome::Failed,
        Tried::GivenUp { .. } => WebhookOutcome::GivenUp,
    };
    metrics::webhook(outcome);
    let (app_key, endpoint_id, event_id) = (endpoint.app_key, &endpoint.id, &delivery.event_id);
    let (kind, count, status) = (&delivery.kind, delivery.tries + 1, responded.status);
    let failure = responded.failure.map(Failure::as_str);
    match tried {
        Tried::Delivered => {
            tracing::debug!(%app_key, endpoint_id, event_id, kind, tries = count, "a webhook was delivered");
        }
        Tried::Retry { .. } => {
            tracing::info!(%app_key, endpoint_id, event_id, kind, tries = count, status, failure, "a webhook was not taken");
        }
        Tried::GivenUp { .. } => {
            tracing::error!(%app_key, endpoint_id, event_id, kind, tries = count, status, failure, "a webhook is given up");
        }
    }
}
