//! Endpoints of webhooks: added, tried, changed and deleted, and events delivered to them again.
//!
//! A secret is given out once, when it is made.

use std::{sync::Arc, time::Duration};

use data_encoding::HEXLOWER;
use ipnet::IpNet;
use loggin_protocol::{AppKey, webhook::WebhookSecret};
use tokio::time::{Instant, sleep};

use super::{Actor, Administration, AdministrationError, Missing, Right};
use crate::{
    clock::{UnixMillis, random_bytes},
    events, limits,
    outbox::webhooks::{WebhookKeys, check_url},
    store::{Act, DeliveryPosition, DeliveryState, EventKind, Replay, WebhookDelivery, WebhookEndpoint},
};

/// Random bytes of an endpoint's id.
const ID_BYTES: usize = 8;

/// How long a test waits for what the endpoint answers: a delivery, and the second in which a server looks for it.
const TEST_WAIT: Duration = limits::WEBHOOK_TIMEOUT.saturating_add(Duration::from_secs(5));

/// From one look at the store to the next.
const TEST_LOOK: Duration = Duration::from_millis(200);

const DISABLED: &str = "the endpoint is disabled: enable it first";

/// What secrets of endpoints are kept under, and where endpoints may be.
#[derive(Clone, Debug)]
pub(crate) struct WebhookRules {
    pub(crate) keys: WebhookKeys,
    /// Networks that are not public and are called all the same.
    pub(crate) networks: Arc<[IpNet]>,
}

/// A new endpoint.
#[derive(Clone, Debug)]
pub(crate) struct NewWebhook {
    pub(crate) app_key: AppKey,
    pub(crate) url: String,
    /// The names of the events that it is told; none: every one.
    pub(crate) events: Vec<String>,
}

/// Changes of an endpoint; what is not given stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct WebhookChanges {
    pub(crate) url: Option<String>,
    /// The names of the events that it is told, these alone; none: every one.
    pub(crate) events: Option<Vec<String>>,
}

/// Some deliveries, the latest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeliveryPage {
    pub(crate) rows: Vec<WebhookDelivery>,
    /// What to ask for to see earlier ones; `None` where there are none.
    pub(crate) next: Option<DeliveryPosition>,
}

/// What is delivered again.
#[derive(Clone, Debug)]
pub(crate) enum ReplayChoice {
    /// One event, whatever became of it.
    Event(String),
    /// All that were stored within this time and given up.
    GivenUpWithin(Duration),
}

impl Administration {
    /// The endpoints of an app, or of all that the actor reaches, oldest first.
    pub(crate) async fn webhooks(
        &self,
        actor: &Actor,
        app_key: Option<AppKey>,
    ) -> Result<Vec<WebhookEndpoint>, AdministrationError> {
        match app_key {
            Some(app_key) => drop(self.reached(actor, Right::ReadWebhooks, app_key).await?),
            None => actor.check(Right::ReadWebhooks)?,
        }
        let mut endpoints = self.store.webhook_endpoints(app_key).await?;
        endpoints.retain(|endpoint| actor.reaches(endpoint.app_key));
        Ok(endpoints)
    }

    /// One endpoint.
    pub(crate) async fn webhook(
        &self,
        actor: &Actor,
        id: &str,
    ) -> Result<WebhookEndpoint, AdministrationError> {
        self.endpoint(actor, Right::ReadWebhooks, id).await
    }

    /// Adds an endpoint, and tells the secret that signs.
    pub(crate) async fn add_webhook(
        &self,
        actor: &Actor,
        new: NewWebhook,
    ) -> Result<(WebhookEndpoint, WebhookSecret), AdministrationError> {
        let app = self.reached(actor, Right::WriteWebhooks, new.app_key).await?;
        let url = self.webhook_url(&new.url)?;
        let events = event_names(&new.events)?;
        let id = format!("whe_{:016x}", u64::from_be_bytes(random_bytes::<ID_BYTES>(&*self.random)));
        let (secret, sealed) = self.new_secret(&id)?;
        let endpoint = WebhookEndpoint {
            id,
            app_key: app.app_key,
            url,
            events,
            secret: sealed,
            old_secret: None,
            created_at: self.clock.now(),
            disabled: None,
            succeeded_at: None,
        };
        let refusal = format!("nothing was added: the app has {} endpoints", limits::WEBHOOKS_PER_APP);
        self.done_or(actor, Act::AddWebhook(endpoint.clone()), &refusal).await?;
        Ok((endpoint, secret))
    }

    /// Has an endpoint be at another URL, or be told other events. What waits for it goes to the new URL.
    pub(crate) async fn change_webhook(
        &self,
        actor: &Actor,
        id: &str,
        changes: WebhookChanges,
    ) -> Result<WebhookEndpoint, AdministrationError> {
        let before = self.endpoint(actor, Right::WriteWebhooks, id).await?;
        let url = changes.url.map(|url| self.webhook_url(&url)).transpose()?;
        let events = changes.events.map(|names| event_names(&names)).transpose()?;
        let url = url.filter(|url| *url != before.url);
        let events = events.filter(|events| *events != before.events);
        let fields = [("url", url.is_some()), ("events", events.is_some())];
        let fields: Vec<_> =
            fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
        if fields.is_empty() {
            return Err(AdministrationError::Refused("nothing would change".to_owned()));
        }
        let act = Act::ChangeWebhook(before.id.clone(), url.clone(), events.clone(), fields);
        self.done_to_endpoint(actor, act).await?;
        let (url, events) = (url.unwrap_or(before.url), events.unwrap_or(before.events));
        Ok(WebhookEndpoint { url, events, ..before })
    }

    /// Gives an endpoint another secret; the one before signs too for a while, a day where nothing is said.
    pub(crate) async fn rotate_webhook(
        &self,
        actor: &Actor,
        id: &str,
        overlap: Option<Duration>,
    ) -> Result<(WebhookEndpoint, WebhookSecret), AdministrationError> {
        let endpoint = self.endpoint(actor, Right::WriteWebhooks, id).await?;
        let (secret, sealed) = self.new_secret(&endpoint.id)?;
        let overlap = overlap.unwrap_or(limits::WEBHOOK_OVERLAP);
        let until = self.clock.now() + overlap;
        let act = Act::RotateWebhook(endpoint.id.clone(), sealed.clone(), until);
        self.done_to_endpoint(actor, act).await?;
        let old_secret = Some((endpoint.secret.clone(), until)).filter(|_| overlap > Duration::ZERO);
        Ok((WebhookEndpoint { secret: sealed, old_secret, ..endpoint }, secret))
    }

    /// Tells an endpoint nothing from now on. What happens meanwhile it is never told.
    pub(crate) async fn disable_webhook(&self, actor: &Actor, id: &str) -> Result<(), AdministrationError> {
        let id = self.endpoint(actor, Right::WriteWebhooks, id).await?.id;
        let act = Act::DisableWebhook(id, self.clock.now());
        self.done_or(actor, act, "nothing was changed: the endpoint is disabled already").await
    }

    /// Tells a disabled endpoint again, first of all what waits for it.
    pub(crate) async fn enable_webhook(&self, actor: &Actor, id: &str) -> Result<(), AdministrationError> {
        let id = self.endpoint(actor, Right::WriteWebhooks, id).await?.id;
        let now = self.clock.now();
        let act = Act::EnableWebhook(id, now, now + limits::WEBHOOK_GIVEN_UP);
        self.done_or(actor, act, "nothing was changed: the endpoint is not disabled").await
    }

    /// Deletes an endpoint, with what waits for it.
    pub(crate) async fn delete_webhook(&self, actor: &Actor, id: &str) -> Result<(), AdministrationError> {
        let id = self.endpoint(actor, Right::WriteWebhooks, id).await?.id;
        self.done_to_endpoint(actor, Act::DeleteWebhook(id)).await
    }

    /// Deliveries to an endpoint, the latest first; behind a position where one is given.
    pub(crate) async fn deliveries(
        &self,
        actor: &Actor,
        id: &str,
        state: Option<DeliveryState>,
        after: Option<DeliveryPosition>,
        limit: u32,
    ) -> Result<DeliveryPage, AdministrationError> {
        let id = self.endpoint(actor, Right::ReadWebhooks, id).await?.id;
        let limit = limit.clamp(1, limits::ADMIN_PAGE_MOST);
        let mut rows = self.store.webhook_deliveries(&id, state, after, limit + 1).await?;
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().map(DeliveryPosition::of).filter(|_| has_more);
        Ok(DeliveryPage { rows, next })
    }

    /// Has events be delivered again.
    pub(crate) async fn replay_webhook(
        &self,
        actor: &Actor,
        id: &str,
        what: ReplayChoice,
    ) -> Result<(), AdministrationError> {
        let endpoint = self.endpoint(actor, Right::WriteWebhooks, id).await?;
        if endpoint.disabled.is_some() {
            return Err(AdministrationError::Refused(DISABLED.to_owned()));
        }
        let now = self.clock.now();
        let event = match what {
            ReplayChoice::Event(id) => Ok(id),
            ReplayChoice::GivenUpWithin(time) => Err(now - time),
        };
        let until = now + limits::WEBHOOK_GIVEN_UP;
        let act = Act::ReplayWebhook(Replay { endpoint_id: endpoint.id, event, now, until });
        if self.carry_out(actor, act).await? {
            return Ok(());
        }
        Err(AdministrationError::NotFound(Missing::Event))
    }

    /// Has an event be delivered that means nothing, and waits for what becomes of it: a delivery without a try is one that
    /// no server has sent yet.
    pub(crate) async fn test_webhook(
        &self,
        actor: &Actor,
        id: &str,
    ) -> Result<WebhookDelivery, AdministrationError> {
        let endpoint = self.endpoint(actor, Right::WriteWebhooks, id).await?;
        let name = HEXLOWER.encode(&random_bytes::<16>(&*self.random));
        let event = events::test(endpoint.app_key, &name, self.clock.now());
        let event_id = event.id.clone();
        self.done_or(actor, Act::TestWebhook(endpoint.id.clone(), Box::new(event)), DISABLED).await?;
        let given_up = Instant::now() + TEST_WAIT;
        loop {
            let delivery = self.store.webhook_delivery(&event_id, &endpoint.id).await?;
            let delivery = delivery
                .ok_or_else(|| AdministrationError::Refused("the endpoint was deleted".to_owned()))?;
            if delivery.tries > 0 || Instant::now() >= given_up {
                return Ok(delivery);
            }
            sleep(TEST_LOOK).await;
        }
    }

    /// The endpoint with this id, where the actor has this right on its app.
    async fn endpoint(
        &self,
        actor: &Actor,
        right: Right,
        id: &str,
    ) -> Result<WebhookEndpoint, AdministrationError> {
        actor.check(right)?;
        let endpoint = self.store.webhook_endpoint(id.trim()).await?;
        endpoint
            .filter(|endpoint| actor.reaches(endpoint.app_key))
            .ok_or(AdministrationError::NotFound(Missing::Webhook))
    }

    /// A URL that may be called, as it is kept.
    fn webhook_url(&self, given: &str) -> Result<String, AdministrationError> {
        let networks = self.webhooks.as_ref().map(|rules| &*rules.networks).unwrap_or_default();
        check_url(given, networks).map_err(|reason| AdministrationError::invalid("url", reason))
    }

    fn new_secret(&self, id: &str) -> Result<(WebhookSecret, Vec<u8>), AdministrationError> {
        let drawn = self.webhooks.as_ref().and_then(|rules| rules.keys.draw(&*self.random, id));
        drawn.ok_or(AdministrationError::NoWebhookSecret)
    }

    async fn done_to_endpoint(&self, actor: &Actor, act: Act) -> Result<(), AdministrationError> {
        if self.carry_out(actor, act).await? {
            return Ok(());
        }
        Err(AdministrationError::NotFound(Missing::Webhook))
    }

    async fn done_or(&self, actor: &Actor, act: Act, refusal: &str) -> Result<(), AdministrationError> {
        if self.carry_out(actor, act).await? {
            return Ok(());
        }
        Err(AdministrationError::Refused(refusal.to_owned()))
    }
}

impl WebhookEndpoint {
    /// Until when the secret that is being replaced signs too, where it does at this moment.
    pub(crate) fn old_secret_until(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.old_secret.as_ref().map(|(_, until)| *until).filter(|until| now < *until)
    }
}

/// The names of events, each once.
fn event_names(given: &[String]) -> Result<Vec<String>, AdministrationError> {
    let mut events: Vec<String> = Vec::new();
    for name in given.iter().map(|name| name.trim().to_lowercase()) {
        if !EventKind::CHOICE.iter().any(|kind| kind.as_str() == name) {
            let names: Vec<&str> = EventKind::CHOICE.iter().map(|kind| kind.as_str()).collect();
            let message = format!("must be one of {}", names.join(", "));
            return Err(AdministrationError::invalid("events", message));
        }
        if !events.contains(&name) {
            events.push(name);
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_named_as_payloads_name_them() {
        let given = ["login.verified", " OTP.failed ", "login.verified"].map(str::to_owned);
        assert_eq!(event_names(&given).unwrap(), ["login.verified", "otp.failed"]);
        assert_eq!(event_names(&[]).unwrap(), Vec::<String>::new());
        for name in ["", "login", "login.*", "webhook.test"] {
            assert!(event_names(&[name.to_owned()]).is_err(), "{name}");
        }
    }
}
