//! `loggin-server webhook …`: where apps are told of what happens, and what became of telling them.
//!
//! A secret is printed once, when it is made.

mod deliveries;
mod view;

use std::{sync::Arc, time::Duration};

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;

use self::deliveries::{DeliveriesArgs, ReplayArgs};
use super::{
    app_key::Time,
    app_view, audit,
    output::print_line,
    run::{self, RunError},
};
use crate::{
    clock::{Clock, Random, SystemClock, SystemRandom, UnixMillis, random_bytes},
    config::Settings,
    limits,
    outbox::webhooks::{WebhookKeys, check_url},
    store::{Act, EventKind, Store, WebhookEndpoint},
};

/// Random bytes of an endpoint's id.
const ID_BYTES: usize = 8;

/// What is done to endpoints of webhooks.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Have an app be told at a URL, and print the secret that signs this once.
    Add(AddArgs),
    /// List the endpoints of an app, or of all.
    List {
        /// The app.
        app_key: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show an endpoint.
    Show {
        /// The endpoint, by its id.
        endpoint_id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give an endpoint another secret, and print it this once; both sign for a while.
    Rotate(RotateArgs),
    /// Tell an endpoint nothing from now on. What happens meanwhile it is never told.
    Disable {
        /// The endpoint, by its id.
        endpoint_id: String,
    },
    /// Tell a disabled endpoint again, first of all what waits for it.
    Enable {
        /// The endpoint, by its id.
        endpoint_id: String,
    },
    /// Delete an endpoint, with what waits for it.
    Delete {
        /// The endpoint, by its id.
        endpoint_id: String,
        /// Do it: there is no way back.
        #[arg(long)]
        yes: bool,
    },
    /// Send an endpoint an event of the kind `webhook.test`, and wait for what it answers.
    Test {
        /// The endpoint, by its id.
        endpoint_id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Deliver one event again, or all that were given up.
    Replay(ReplayArgs),
    /// List the latest deliveries to an endpoint, the latest first.
    Deliveries(DeliveriesArgs),
}

/// A new endpoint.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The app.
    app_key: String,
    /// Where it is told: https, or http within the setting `LOGGIN_WEBHOOK_NETWORKS`.
    url: String,
    /// An event that it is told of, such as login.verified; repeat it for several [default: every event].
    #[arg(long = "event", value_name = "NAME")]
    events: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A secret in the place of another.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// The endpoint, by its id.
    endpoint_id: String,
    /// How long the old secret signs too, such as `24h`, `7d` or `0`.
    #[arg(long, value_name = "TIME")]
    overlap: Option<Time>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Carries out one command.
pub(super) async fn run(settings: &Settings, command: WebhookCommand) -> Result<(), RunError> {
    let store = run::open_store(&run::location(settings)?, Arc::new(())).await?;
    let done = carry_out(&*store, settings, command).await;
    store.close().await;
    done
}

async fn carry_out(store: &dyn Store, settings: &Settings, command: WebhookCommand) -> Result<(), RunError> {
    match command {
        WebhookCommand::Add(arguments) => add(store, settings, &arguments).await,
        WebhookCommand::List { app_key, json } => list(store, app_key.as_deref(), json).await,
        WebhookCommand::Show { endpoint_id, json } => show(store, &endpoint_id, json).await,
        WebhookCommand::Rotate(arguments) => rotate(store, settings, &arguments).await,
        WebhookCommand::Disable { endpoint_id } => {
            let id = find(store, &endpoint_id).await?.id;
            let act = Act::DisableWebhook(id, SystemClock.now());
            do_or(store, act, "nothing was changed: the endpoint is disabled already").await
        }
        WebhookCommand::Enable { endpoint_id } => {
            let (id, now) = (find(store, &endpoint_id).await?.id, SystemClock.now());
            let act = Act::EnableWebhook(id, now, now + limits::WEBHOOK_GIVEN_UP);
            do_or(store, act, "nothing was changed: the endpoint is not disabled").await
        }
        WebhookCommand::Delete { yes: false, .. } => {
            Err(RunError::Refused("nothing was deleted: say --yes, as there is no way back".into()))
        }
        WebhookCommand::Delete { endpoint_id, yes: true } => {
            let act = Act::DeleteWebhook(find(store, &endpoint_id).await?.id);
            do_or(store, act, "there is no such endpoint (`webhook list`)").await
        }
        WebhookCommand::Test { endpoint_id, json } => {
            deliveries::test(store, &find(store, &endpoint_id).await?, json).await
        }
        WebhookCommand::Replay(arguments) => deliveries::replay(store, &arguments).await,
        WebhookCommand::Deliveries(arguments) => deliveries::list(store, &arguments).await,
    }
}

async fn do_or(store: &dyn Store, act: Act, refusal: &str) -> Result<(), RunError> {
    if audit::administer(store, act).await? { Ok(()) } else { Err(RunError::Refused(refusal.to_owned())) }
}

/// The endpoint with this id.
async fn find(store: &dyn Store, id: &str) -> Result<WebhookEndpoint, RunError> {
    let endpoint = store.webhook_endpoint(id.trim()).await?;
    endpoint.ok_or_else(|| RunError::Refused("there is no such endpoint (`webhook list`)".into()))
}

fn keys(settings: &Settings) -> Result<WebhookKeys, RunError> {
    let secrets = settings.webhooks()?.secrets;
    if secrets.is_empty() {
        return Err(Settings::webhook_secret_missing().into());
    }
    Ok(WebhookKeys::derive(secrets.iter().map(|secret| secret.expose_secret().as_bytes())))
}

async fn add(store: &dyn Store, settings: &Settings, arguments: &AddArgs) -> Result<(), RunError> {
    let app = app_view::find(store, &arguments.app_key).await?;
    let url = check_url(&arguments.url, &settings.webhooks()?.networks)
        .map_err(|reason| RunError::Refused(format!("the URL {reason}")))?;
    let events = events(&arguments.events)?;
    let id = new_id(&SystemRandom);
    let drawn = keys(settings)?.draw(&SystemRandom, &id);
    let (secret, sealed) = drawn.ok_or_else(Settings::webhook_secret_missing)?;
    let endpoint = WebhookEndpoint {
        id,
        app_key: app.app_key,
        url,
        events,
        secret: sealed,
        old_secret: None,
        created_at: SystemClock.now(),
        disabled: None,
        succeeded_at: None,
    };
    let refusal = format!("nothing was added: the app has {} endpoints", limits::WEBHOOKS_PER_APP);
    do_or(store, Act::AddWebhook(endpoint.clone()), &refusal).await?;
    view::print_with_secret(&endpoint, &secret, arguments.json)
}

fn new_id(random: &dyn Random) -> String {
    format!("whe_{:016x}", u64::from_be_bytes(random_bytes::<ID_BYTES>(random)))
}

/// The names of events, each once.
fn events(given: &[String]) -> Result<Vec<String>, RunError> {
    let mut events: Vec<String> = Vec::new();
    for name in given.iter().map(|name| name.trim().to_lowercase()) {
        if !EventKind::CHOICE.iter().any(|kind| kind.as_str() == name) {
            let names: Vec<&str> = EventKind::CHOICE.iter().map(|kind| kind.as_str()).collect();
            return Err(RunError::Refused(format!("--event: must be one of {}", names.join(", "))));
        }
        if !events.contains(&name) {
            events.push(name);
        }
    }
    Ok(events)
}

async fn list(store: &dyn Store, app_key: Option<&str>, json: bool) -> Result<(), RunError> {
    let app_key = match app_key {
        Some(app_key) => Some(app_view::find(store, app_key).await?.app_key),
        None => None,
    };
    let endpoints = store.webhook_endpoints(app_key).await?;
    let now = SystemClock.now();
    if json {
        let endpoints: Vec<_> = endpoints.iter().map(|endpoint| view::as_json(endpoint, now)).collect();
        return print_line(&serde_json::Value::from(endpoints).to_string());
    }
    endpoints.iter().try_for_each(|endpoint| print_line(&view::line(endpoint)))
}

async fn show(store: &dyn Store, id: &str, json: bool) -> Result<(), RunError> {
    let endpoint = find(store, id).await?;
    let now = SystemClock.now();
    if json {
        return print_line(&view::as_json(&endpoint, now).to_string());
    }
    view::print(&endpoint, now)
}

async fn rotate(store: &dyn Store, settings: &Settings, arguments: &RotateArgs) -> Result<(), RunError> {
    let endpoint = find(store, &arguments.endpoint_id).await?;
    let drawn = keys(settings)?.draw(&SystemRandom, &endpoint.id);
    let (secret, sealed) = drawn.ok_or_else(Settings::webhook_secret_missing)?;
    let overlap = arguments.overlap.map_or(limits::WEBHOOK_OVERLAP, |time| time.0);
    let until = SystemClock.now() + overlap;
    let act = Act::RotateWebhook(endpoint.id.clone(), sealed.clone(), until);
    do_or(store, act, "there is no such endpoint (`webhook list`)").await?;
    let old_secret = Some((endpoint.secret.clone(), until)).filter(|_| overlap > Duration::ZERO);
    let rotated = WebhookEndpoint { secret: sealed, old_secret, ..endpoint };
    view::print_with_secret(&rotated, &secret, arguments.json)
}

/// Whether a secret that is being replaced signs at this moment, and until when.
fn old_until(endpoint: &WebhookEndpoint, now: UnixMillis) -> Option<UnixMillis> {
    endpoint.old_secret.as_ref().map(|(_, until)| *until).filter(|until| now < *until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_named_as_payloads_name_them() {
        let given = ["login.verified", " OTP.failed ", "login.verified"].map(str::to_owned);
        assert_eq!(events(&given).unwrap(), ["login.verified", "otp.failed"]);
        assert_eq!(events(&[]).unwrap(), Vec::<String>::new());
        for name in ["", "login", "login.*", "webhook.test"] {
            assert!(events(&[name.to_owned()]).is_err(), "{name}");
        }
    }
}
