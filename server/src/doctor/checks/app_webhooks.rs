//! Webhooks to apps: whether each endpoint may be called, can be signed for, and takes what it is told.
//!
//! Nothing is sent. An endpoint is named by its id: its URL may have a secret in it.

use futures_util::{StreamExt, TryStreamExt, stream};
use ipnet::IpNet;
use secrecy::ExposeSecret;

use super::store::{UNREAD, opened};
use crate::{
    clock::UnixMillis,
    doctor::{codes, finding::Finding, subject::Subject},
    limits,
    outbox::webhooks::{WebhookKeys, check_reach},
    store::{DeliveryState, DisabledFor, Store, StoreError, WebhookDelivery, WebhookEndpoint},
};

pub(in crate::doctor) const NAME: &str = "app_webhooks";

const SECRET: &str = "LOGGIN_WEBHOOK_SECRET";
const NETWORKS: &str = "LOGGIN_WEBHOOK_NETWORKS";

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    if let Some(lacking) = subject.lacks(&[SECRET, NETWORKS]) {
        return vec![Finding::skipped(NAME, lacking)];
    }
    let store = match opened(subject).await {
        Ok(store) => store,
        Err(why) => return vec![Finding::skipped(NAME, why)],
    };
    let looked = look(&*store, subject).await;
    store.close().await;
    looked.unwrap_or_else(|_| vec![Finding::skipped(NAME, UNREAD)])
}

pub(in crate::doctor) async fn look(
    store: &dyn Store,
    subject: &Subject,
) -> Result<Vec<Finding>, StoreError> {
    let endpoints = store.webhook_endpoints(None).await?;
    let secrets = &subject.config.webhooks.secrets;
    let keys = WebhookKeys::derive(secrets.iter().map(|secret| secret.expose_secret().as_bytes()));
    let keys = Some(keys).filter(|_| !secrets.is_empty());
    let mut found = Vec::new();
    let enabled = endpoints.iter().filter(|endpoint| endpoint.disabled.is_none()).count();
    if keys.is_none() && enabled > 0 {
        let message = format!("{SECRET} is not set, so that none of {enabled} endpoints is told anything");
        found.push(Finding::of(NAME, &codes::ENDPOINT_SECRET_MISSING, message));
    }
    let networks = &subject.config.webhooks.networks;
    let judging: Vec<_> =
        endpoints.iter().map(|endpoint| judge(store, endpoint, keys.as_ref(), networks)).collect();
    let judged = stream::iter(judging).buffered(limits::DOCTOR_LOOKUPS);
    found.extend(judged.try_collect::<Vec<_>>().await?.into_iter().flatten());
    if found.is_empty() {
        found.extend(late(store.webhook_health().await?.oldest, subject.clock.now()));
    }
    if found.is_empty() {
        found.push(Finding::ok(NAME, well(endpoints.len())));
    }
    Ok(found)
}

fn well(endpoints: usize) -> String {
    match endpoints {
        0 => "no app is told anything by webhook".to_owned(),
        _ => "each endpoint may be called, and takes what it is told".to_owned(),
    }
}

/// What is wrong with an endpoint: the first cause alone, as others follow from it.
async fn judge(
    store: &dyn Store,
    endpoint: &WebhookEndpoint,
    keys: Option<&WebhookKeys>,
    networks: &[IpNet],
) -> Result<Option<Finding>, StoreError> {
    let named = format!("the endpoint {} of the app {}", endpoint.id, endpoint.app_key);
    let of = |known, what: String| Ok(Some(Finding::of(NAME, known, format!("{named} {what}"))));
    match endpoint.disabled {
        Some((_, DisabledFor::Administrator)) => return Ok(None),
        Some((_, DisabledFor::Failing)) => {
            return of(&codes::ENDPOINT_DISABLED, "is disabled: it took nothing for three days".to_owned());
        }
        Some((_, DisabledFor::Gone)) => {
            return of(&codes::ENDPOINT_DISABLED, "is disabled: it said that it is gone for good".to_owned());
        }
        None => {}
    }
    if let Err(reason) = check_reach(&endpoint.url, networks).await {
        return of(&codes::ENDPOINT_REFUSED, format!("is told nothing: its URL {reason}"));
    }
    let Some(keys) = keys else { return Ok(None) };
    if !keys.is_readable(endpoint) {
        let what = format!("is told nothing: its secret was sealed under another {SECRET}");
        return of(&codes::ENDPOINT_SECRET_OTHER, what);
    }
    let latest = store.webhook_deliveries(&endpoint.id, None, None, limits::WEBHOOKS_SHOWN).await?;
    match failing(&latest) {
        Some(what) => of(&codes::ENDPOINT_FAILS, what),
        None => Ok(None),
    }
}

/// How an endpoint fails, where it took none of those that were tried last. The latest come first.
fn failing(latest: &[WebhookDelivery]) -> Option<String> {
    let most = usize::try_from(limits::DOCTOR_DELIVERIES).unwrap_or(usize::MAX);
    let tried: Vec<_> = latest.iter().filter(|delivery| delivery.tries > 0).take(most).collect();
    let newest = tried.first()?;
    if tried.iter().any(|delivery| delivery.state == DeliveryState::Delivered) {
        return None;
    }
    let why = match (newest.status, newest.failure.as_deref()) {
        (Some(status), _) => format!("status {status}"),
        (None, Some(failure)) => format!("`{failure}`"),
        (None, None) => return None,
    };
    Some(match tried.len() {
        1 => format!("did not take its latest event: {why}"),
        count => format!("took none of its latest {count} events: {why}"),
    })
}

/// Whether events wait longer than deliveries take.
fn late(oldest: Option<UnixMillis>, now: UnixMillis) -> Option<Finding> {
    let oldest = oldest.filter(|oldest| *oldest + limits::EVENT_LATE < now)?;
    let hours = now.since(oldest).as_secs() / 3_600;
    let message = format!("an event has waited for {hours} hours or more to be delivered");
    Some(Finding::of(NAME, &codes::EVENTS_LATE, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(tries: u32, state: DeliveryState, status: Option<u16>) -> WebhookDelivery {
        let at = UnixMillis(0);
        WebhookDelivery {
            event_id: String::new(),
            endpoint_id: String::new(),
            kind: String::new(),
            payload: String::new(),
            state,
            queued_at: at,
            due_at: at,
            until: at,
            tries,
            status,
            failure: status.is_none().then(|| "connect".to_owned()),
            ended_at: None,
        }
    }

    #[test]
    fn an_endpoint_fails_that_took_none_of_the_latest() {
        let waits = |status| delivery(2, DeliveryState::Waiting, status);
        let untried = delivery(0, DeliveryState::Waiting, None);
        let taken = delivery(1, DeliveryState::Delivered, Some(204));
        assert_eq!(failing(&[]), None);
        assert_eq!(failing(std::slice::from_ref(&untried)), None);
        assert_eq!(
            failing(&[untried, waits(Some(500))]).as_deref(),
            Some("did not take its latest event: status 500")
        );
        assert_eq!(
            failing(&[waits(None), delivery(40, DeliveryState::GivenUp, Some(404))]).as_deref(),
            Some("took none of its latest 2 events: `connect`")
        );
        let mut latest = vec![waits(None); 4];
        latest.push(taken);
        assert_eq!(failing(&latest), None, "it took one of five");
        latest.insert(0, waits(None));
        assert!(failing(&latest).is_some(), "the one that it took is too long ago");
    }

    #[test]
    fn an_hour_is_what_an_event_may_wait() {
        let now = UnixMillis(0) + limits::EVENT_LATE;
        assert!(late(None, now).is_none() && late(Some(UnixMillis(0)), now).is_none());
        assert!(late(Some(UnixMillis(0)), now + limits::EVENT_LATE).is_some());
    }
}
