//! `/console/webhooks`: endpoints that are told by webhooks, and `/console/webhooks/{id}`: what became of deliveries.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use loggin_protocol::AppKey;
use serde::Deserialize;

use super::{
    Head, May,
    admin::Admin,
    error::ConsoleError,
    page,
    secret::SecretPage,
    words::{self, Fields, field},
};
use crate::{
    administration::{NewWebhook, ReplayChoice, WebhookChanges},
    limits,
    state::Server,
    store::{App, DeliveryPosition, DeliveryState, DisabledFor, EventKind, WebhookDelivery, WebhookEndpoint},
};

/// What was given up within this time can be delivered again at once.
const REPLAYED: Duration = Duration::from_hours(24 * 7);

/// The routes of webhooks.
pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/console/webhooks", get(list).post(add))
        .route("/console/webhooks/{id}", get(show).post(change))
}

struct EndpointRow {
    id: String,
    app_key: AppKey,
    url: String,
    events: String,
    succeeded: Option<String>,
    disabled: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "console/webhooks.html")]
struct WebhooksPage {
    head: Head,
    may: May,
    endpoints: Vec<EndpointRow>,
    apps: Vec<App>,
    events: Vec<&'static str>,
    wrong: Option<String>,
    url: String,
}

fn row(endpoint: WebhookEndpoint) -> EndpointRow {
    let events: Vec<&str> = endpoint.events.iter().map(String::as_str).collect();
    EndpointRow {
        id: endpoint.id,
        app_key: endpoint.app_key,
        url: endpoint.url,
        events: if events.is_empty() { "every event".to_owned() } else { events.join(", ") },
        succeeded: endpoint.succeeded_at.map(words::time),
        disabled: endpoint.disabled.map(|(_, why)| match why {
            DisabledFor::Administrator => "disabled here",
            DisabledFor::Failing => "disabled: it took nothing for days",
            DisabledFor::Gone => "disabled: it answered 410 Gone",
        }),
    }
}

async fn list(State(server): State<Arc<Server>>, admin: Admin) -> Result<Response, ConsoleError> {
    listed(&server, &admin, StatusCode::OK, None, String::new()).await
}

async fn listed(
    server: &Server,
    admin: &Admin,
    status: StatusCode,
    wrong: Option<String>,
    url: String,
) -> Result<Response, ConsoleError> {
    let endpoints = server.administration.webhooks(admin.actor(), None).await?;
    let webhooks_page = WebhooksPage {
        head: Head::of(admin, "webhooks"),
        may: May::of(admin),
        endpoints: endpoints.into_iter().map(row).collect(),
        apps: server.administration.apps(admin.actor()).await?,
        events: EventKind::CHOICE.map(EventKind::as_str).into(),
        wrong,
        url,
    };
    Ok(page(status, &webhooks_page))
}

/// Adds an endpoint, and shows the secret that signs this once. A form has a field for each event that is ticked.
async fn add(
    State(server): State<Arc<Server>>,
    admin: Admin,
    Form(fields): Form<Fields>,
) -> Result<Response, ConsoleError> {
    admin.check_recent(&server, &fields)?;
    let url = field(&fields, "url").to_owned();
    let app_key = words::app_key(field(&fields, "app"))?;
    let new = NewWebhook { app_key, url: url.clone(), events: ticked(&fields) };
    match server.administration.add_webhook(admin.actor(), new).await.map_err(ConsoleError::from) {
        Ok((endpoint, secret)) => Ok(secret_page(&admin, &endpoint, secret.expose())),
        Err(ConsoleError::Invalid(wrong)) => {
            listed(&server, &admin, StatusCode::UNPROCESSABLE_ENTITY, Some(wrong), url).await
        }
        Err(error) => Err(error),
    }
}

/// The events that are ticked.
fn ticked(fields: &Fields) -> Vec<String> {
    let events = EventKind::CHOICE.map(EventKind::as_str).into_iter();
    events.filter(|event| fields.contains_key(*event)).map(str::to_owned).collect()
}

fn secret_page(admin: &Admin, endpoint: &WebhookEndpoint, secret: String) -> Response {
    let secret_page = SecretPage {
        head: Head::of(admin, "webhooks"),
        title: "The endpoint has a secret".to_owned(),
        what: "signing secret",
        secret,
        public: Some(("endpoint", endpoint.url.clone())),
        back: format!("/console/webhooks/{}", endpoint.id),
    };
    page(StatusCode::CREATED, &secret_page)
}

struct DeliveryRow {
    event_id: String,
    kind: String,
    queued: String,
    state: &'static str,
    tries: u32,
    outcome: String,
}

/// An event to be ticked.
struct Tick {
    name: &'static str,
    is_ticked: bool,
}

/// What is wrong with a form, and what was typed into it.
struct Wrong {
    text: String,
    url: String,
    events: Vec<String>,
}

#[derive(Template)]
#[template(path = "console/webhook.html")]
struct WebhookPage {
    head: Head,
    may: May,
    endpoint: EndpointRow,
    url: String,
    events: Vec<Tick>,
    deliveries: Vec<DeliveryRow>,
    is_first: bool,
    /// What to ask for to see earlier ones.
    older: Option<String>,
    wrong: Option<String>,
}

/// Which deliveries are shown.
#[derive(Debug, Default, Deserialize)]
struct DeliveriesQuery {
    #[serde(default)]
    after: Option<String>,
}

fn delivery(delivery: WebhookDelivery) -> DeliveryRow {
    let outcome = match (delivery.status, &delivery.failure) {
        (Some(status), _) => status.to_string(),
        (None, Some(failure)) => failure.clone(),
        (None, None) => String::new(),
    };
    DeliveryRow {
        event_id: delivery.event_id,
        kind: delivery.kind,
        queued: words::time(delivery.queued_at),
        state: match delivery.state {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::GivenUp => "given up",
        },
        tries: delivery.tries,
        outcome,
    }
}

async fn show(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    Query(query): Query<DeliveriesQuery>,
    admin: Admin,
) -> Result<Response, ConsoleError> {
    let after = query.after.as_deref().map(str::parse).transpose();
    let after = after.map_err(|_| ConsoleError::NotFound)?;
    shown(&server, &admin, &id, after, None).await
}

async fn shown(
    server: &Server,
    admin: &Admin,
    id: &str,
    after: Option<DeliveryPosition>,
    wrong: Option<Wrong>,
) -> Result<Response, ConsoleError> {
    let (all, actor) = (&server.administration, admin.actor());
    let endpoint = all.webhook(actor, id).await?;
    let is_first = after.is_none();
    let found = all.deliveries(actor, id, None, after, limits::WEBHOOKS_SHOWN).await?;
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (wrong, url, wanted) = match wrong {
        Some(Wrong { text, url, events }) => (Some(text), url, events),
        None => (None, endpoint.url.clone(), endpoint.events.clone()),
    };
    let tick = |name: &'static str| Tick { name, is_ticked: wanted.iter().any(|event| event == name) };
    let webhook_page = WebhookPage {
        head: Head::of(admin, "webhooks"),
        may: May::of(admin),
        endpoint: row(endpoint),
        url,
        events: EventKind::CHOICE.map(EventKind::as_str).map(tick).into(),
        deliveries: found.rows.into_iter().map(delivery).collect(),
        is_first,
        older: found.next.map(|position| position.to_string()),
        wrong,
    };
    Ok(page(status, &webhook_page))
}

/// Carries out what a form of the page asks for, as its `act` says.
async fn change(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    admin: Admin,
    Form(fields): Form<Fields>,
) -> Result<Response, ConsoleError> {
    let (text, is_save) = match carried_out(&server, &admin, &id, &fields).await {
        Err(ConsoleError::Invalid(text)) => (text, field(&fields, "act") == "save"),
        other => return other,
    };
    let (url, events) = if is_save {
        (field(&fields, "url").to_owned(), ticked(&fields))
    } else {
        let endpoint = server.administration.webhook(admin.actor(), &id).await?;
        (endpoint.url, endpoint.events)
    };
    shown(&server, &admin, &id, None, Some(Wrong { text, url, events })).await
}

async fn carried_out(
    server: &Server,
    admin: &Admin,
    id: &str,
    fields: &Fields,
) -> Result<Response, ConsoleError> {
    let (all, actor) = (&server.administration, admin.actor());
    match field(fields, "act") {
        "save" => {
            // People are told of at the new URL.
            admin.check_recent(server, fields)?;
            let changes =
                WebhookChanges { url: Some(field(fields, "url").to_owned()), events: Some(ticked(fields)) };
            all.change_webhook(actor, id, changes).await?;
        }
        "test" => drop(all.test_webhook(actor, id).await?),
        "disable" => all.disable_webhook(actor, id).await?,
        "enable" => all.enable_webhook(actor, id).await?,
        "replay" => {
            let event = fields.get("event").filter(|event| !event.is_empty());
            let what = event
                .map_or(ReplayChoice::GivenUpWithin(REPLAYED), |event| ReplayChoice::Event(event.clone()));
            all.replay_webhook(actor, id, what).await?;
        }
        "rotate" => {
            admin.check_recent(server, fields)?;
            let (endpoint, secret) = all.rotate_webhook(actor, id, None).await?;
            return Ok(secret_page(admin, &endpoint, secret.expose()));
        }
        "delete" => {
            all.delete_webhook(actor, id).await?;
            return Ok(Redirect::to("/console/webhooks").into_response());
        }
        _ => return Err(ConsoleError::Invalid("This form is not known here.".to_owned())),
    }
    Ok(Redirect::to(&format!("/console/webhooks/{id}")).into_response())
}
