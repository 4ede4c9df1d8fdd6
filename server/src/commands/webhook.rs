//! `loggin-server webhook …`: where apps are told of what happens, and what became of telling them.
//!
//! A secret is printed once, when it is made.

mod deliveries;
mod view;

use clap::{ArgGroup, Args, Subcommand};

use self::deliveries::{DeliveriesArgs, ReplayArgs};
use super::{
    administrator::{self, Administrator},
    app_key::Time,
    output::print_line,
    run::{self, RunError},
};
use crate::{
    administration::{NewWebhook, WebhookChanges},
    clock::{Clock, SystemClock},
    config::Settings,
};

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
    /// Have an endpoint be at another URL, or be told other events; what is not named stays, its secret too.
    Set(SetArgs),
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
    /// List deliveries to an endpoint, the latest first.
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

/// Changes of an endpoint.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(["url", "events", "every_event"])))]
pub(crate) struct SetArgs {
    /// The endpoint, by its id.
    endpoint_id: String,
    /// Where it is told from now on, what waits for it too: https, or http within the setting `LOGGIN_WEBHOOK_NETWORKS`.
    #[arg(long)]
    url: Option<String>,
    /// An event that it is told of, such as login.verified; repeat it for several, which are all that it is told of.
    #[arg(long = "event", value_name = "NAME")]
    events: Vec<String>,
    /// Tell it every event.
    #[arg(long, conflicts_with = "events")]
    every_event: bool,
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
    let mut user = Administrator::of(&run::location(settings)?).await?;
    if matches!(command, WebhookCommand::Add(_) | WebhookCommand::Set(_) | WebhookCommand::Rotate(_)) {
        user = user.with_webhooks(settings)?;
    }
    let done = carry_out(&user, command).await;
    user.close().await;
    done
}

async fn carry_out(user: &Administrator, command: WebhookCommand) -> Result<(), RunError> {
    let Administrator { administration, actor, .. } = user;
    match command {
        WebhookCommand::Add(arguments) => add(user, arguments).await,
        WebhookCommand::List { app_key, json } => list(user, app_key.as_deref(), json).await,
        WebhookCommand::Show { endpoint_id, json } => show(user, &endpoint_id, json).await,
        WebhookCommand::Set(arguments) => set(user, arguments).await,
        WebhookCommand::Rotate(arguments) => rotate(user, &arguments).await,
        WebhookCommand::Disable { endpoint_id } => {
            Ok(administration.disable_webhook(actor, &endpoint_id).await?)
        }
        WebhookCommand::Enable { endpoint_id } => {
            Ok(administration.enable_webhook(actor, &endpoint_id).await?)
        }
        WebhookCommand::Delete { yes: false, .. } => {
            Err(RunError::Refused("nothing was deleted: say --yes, as there is no way back".into()))
        }
        WebhookCommand::Delete { endpoint_id, yes: true } => {
            Ok(administration.delete_webhook(actor, &endpoint_id).await?)
        }
        WebhookCommand::Test { endpoint_id, json } => deliveries::test(user, &endpoint_id, json).await,
        WebhookCommand::Replay(arguments) => deliveries::replay(user, arguments).await,
        WebhookCommand::Deliveries(arguments) => deliveries::list(user, &arguments).await,
    }
}

async fn add(user: &Administrator, arguments: AddArgs) -> Result<(), RunError> {
    let AddArgs { app_key, url, events, json } = arguments;
    let new = NewWebhook { app_key: administrator::app_key(&app_key)?, url, events };
    let (endpoint, secret) = user.administration.add_webhook(&user.actor, new).await?;
    view::print_with_secret(&endpoint, &secret, json)
}

async fn list(user: &Administrator, app_key: Option<&str>, json: bool) -> Result<(), RunError> {
    let app_key = app_key.map(administrator::app_key).transpose()?;
    let endpoints = user.administration.webhooks(&user.actor, app_key).await?;
    let now = SystemClock.now();
    if json {
        let endpoints: Vec<_> = endpoints.iter().map(|endpoint| view::as_json(endpoint, now)).collect();
        return print_line(&serde_json::Value::from(endpoints).to_string());
    }
    endpoints.iter().try_for_each(|endpoint| print_line(&view::line(endpoint)))
}

async fn show(user: &Administrator, id: &str, json: bool) -> Result<(), RunError> {
    let endpoint = user.administration.webhook(&user.actor, id).await?;
    let now = SystemClock.now();
    if json {
        return print_line(&view::as_json(&endpoint, now).to_string());
    }
    view::print(&endpoint, now)
}

async fn set(user: &Administrator, arguments: SetArgs) -> Result<(), RunError> {
    let SetArgs { endpoint_id, url, events, every_event, json } = arguments;
    let events = (every_event || !events.is_empty()).then_some(events);
    let changes = WebhookChanges { url, events };
    let endpoint = user.administration.change_webhook(&user.actor, &endpoint_id, changes).await?;
    let now = SystemClock.now();
    if json {
        return print_line(&view::as_json(&endpoint, now).to_string());
    }
    view::print(&endpoint, now)
}

async fn rotate(user: &Administrator, arguments: &RotateArgs) -> Result<(), RunError> {
    let (id, overlap) = (&arguments.endpoint_id, arguments.overlap.map(|time| time.0));
    let (endpoint, secret) = user.administration.rotate_webhook(&user.actor, id, overlap).await?;
    view::print_with_secret(&endpoint, &secret, arguments.json)
}
