//! How an endpoint of webhooks is shown: its secret never, but for the once that it is made.

use loggin_protocol::webhook::WebhookSecret;
use serde_json::{Value, json};

use crate::{
    clock::{Clock, SystemClock, UnixMillis},
    commands::{
        output::{moment, print_line},
        run::RunError,
    },
    store::WebhookEndpoint,
};

/// What stands for a list of events that has none.
const EVERY: &str = "every event";

fn events(endpoint: &WebhookEndpoint) -> String {
    if endpoint.events.is_empty() { EVERY.to_owned() } else { endpoint.events.join(" ") }
}

fn state(endpoint: &WebhookEndpoint) -> String {
    match endpoint.disabled {
        None => "enabled".to_owned(),
        Some((at, why)) => format!("disabled {} ({})", moment(at), why.as_str()),
    }
}

/// An endpoint in one line.
pub(super) fn line(endpoint: &WebhookEndpoint) -> String {
    let WebhookEndpoint { id, app_key, url, .. } = endpoint;
    format!("{id}  {app_key}  {}  {url}  {}", state(endpoint), events(endpoint))
}

/// An endpoint in a few lines.
pub(super) fn print(endpoint: &WebhookEndpoint, now: UnixMillis) -> Result<(), RunError> {
    print_line(&format!("endpoint_id  {}", endpoint.id))?;
    print_line(&format!("app_key      {}", endpoint.app_key))?;
    print_line(&format!("url          {}", endpoint.url))?;
    print_line(&format!("events       {}", events(endpoint)))?;
    print_line(&format!("state        {}", state(endpoint)))?;
    print_line(&format!("created      {}", moment(endpoint.created_at)))?;
    let succeeded = endpoint.succeeded_at.map_or_else(|| "never".to_owned(), moment);
    print_line(&format!("delivered    {succeeded}"))?;
    match endpoint.old_secret_until(now) {
        Some(until) => print_line(&format!("The secret before signs too, until {}.", moment(until))),
        None => Ok(()),
    }
}

/// An endpoint whose secret is new, with the secret.
pub(super) fn print_with_secret(
    endpoint: &WebhookEndpoint,
    secret: &WebhookSecret,
    json: bool,
) -> Result<(), RunError> {
    let now = SystemClock.now();
    if json {
        let mut value = as_json(endpoint, now);
        value["secret"] = secret.expose().into();
        return print_line(&value.to_string());
    }
    print_line(&format!("endpoint_id  {}", endpoint.id))?;
    print_line(&format!("secret       {}", secret.expose()))?;
    if let Some(until) = endpoint.old_secret_until(now) {
        print_line(&format!("The secret before signs too, until {}.", moment(until)))?;
    }
    print_line("The secret is shown this once: give it to the program that receives the webhooks.")
}

/// An endpoint as JSON.
pub(super) fn as_json(endpoint: &WebhookEndpoint, now: UnixMillis) -> Value {
    json!({
        "endpoint_id": endpoint.id,
        "app_key": endpoint.app_key,
        "url": endpoint.url,
        "events": endpoint.events,
        "created_at": moment(endpoint.created_at),
        "delivered_at": endpoint.succeeded_at.map(moment),
        "disabled_at": endpoint.disabled.map(|(at, _)| moment(at)),
        "disabled_for": endpoint.disabled.map(|(_, why)| why.as_str()),
        "old_secret_until": endpoint.old_secret_until(now).map(moment),
    })
}
