//! `/api/v1/admin/webhooks`: where apps are told of what happens, and what became of telling them.
//!
//! A secret is told once, when it is made.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode},
};
use loggin_protocol::{webhook::WebhookSecret, wire::ErrorBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    call::AdminCall,
    page::{Page, Paging, Parameters, app_key, by_time, choice, seconds},
};
use crate::{
    administration::{NewWebhook, ReplayChoice, WebhookChanges},
    clock::UnixMillis,
    history::row::moment,
    http::{ApiError, body},
    store::{DeliveryState, WebhookDelivery, WebhookEndpoint},
};

/// Where an app is told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminWebhook)]
pub(super) struct WebhookBody {
    endpoint_id: String,
    app_key: String,
    url: String,
    /// The events that it is told; every one where none is named.
    events: Vec<String>,
    created_at: String,
    /// When it last took a delivery.
    #[schema(required = true)]
    delivered_at: Option<String>,
    #[schema(required = true)]
    disabled_at: Option<String>,
    /// `administrator`, `failing` or `gone`.
    #[schema(required = true)]
    disabled_for: Option<&'static str>,
    /// Until when the secret before signs too.
    #[schema(required = true)]
    old_secret_until: Option<String>,
}

/// An endpoint whose secret is new. The secret is told this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminNewWebhook)]
pub(super) struct NewWebhookBody {
    #[serde(flatten)]
    endpoint: WebhookBody,
    secret: String,
}

/// An event on its way to an endpoint. What it says is not told: people are in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminDelivery)]
pub(super) struct DeliveryBody {
    event_id: String,
    endpoint_id: String,
    r#type: String,
    /// `waiting`, `delivered` or `given_up`.
    state: &'static str,
    tries: u32,
    /// The HTTP status of the last try.
    #[schema(required = true)]
    status: Option<u16>,
    /// Why the last try failed, in a word.
    #[schema(required = true)]
    failure: Option<String>,
    queued_at: String,
    /// When it is tried again.
    #[schema(required = true)]
    due_at: Option<String>,
    #[schema(required = true)]
    ended_at: Option<String>,
}

impl WebhookBody {
    fn of(endpoint: &WebhookEndpoint, now: UnixMillis) -> Self {
        Self {
            endpoint_id: endpoint.id.clone(),
            app_key: endpoint.app_key.as_str().to_owned(),
            url: endpoint.url.clone(),
            events: endpoint.events.clone(),
            created_at: moment(endpoint.created_at),
            delivered_at: endpoint.succeeded_at.map(moment),
            disabled_at: endpoint.disabled.map(|(at, _)| moment(at)),
            disabled_for: endpoint.disabled.map(|(_, why)| why.as_str()),
            old_secret_until: endpoint.old_secret_until(now).map(moment),
        }
    }

    fn with_secret(endpoint: &WebhookEndpoint, secret: &WebhookSecret, now: UnixMillis) -> NewWebhookBody {
        NewWebhookBody { endpoint: Self::of(endpoint, now), secret: secret.expose().clone() }
    }
}

impl From<&WebhookDelivery> for DeliveryBody {
    fn from(delivery: &WebhookDelivery) -> Self {
        let is_waiting = delivery.state == DeliveryState::Waiting;
        Self {
            event_id: delivery.event_id.clone(),
            endpoint_id: delivery.endpoint_id.clone(),
            r#type: delivery.kind.clone(),
            state: delivery.state.as_str(),
            tries: delivery.tries,
            status: delivery.status,
            failure: delivery.failure.clone(),
            queued_at: moment(delivery.queued_at),
            due_at: is_waiting.then(|| moment(delivery.due_at)),
            ended_at: delivery.ended_at.map(moment),
        }
    }
}

/// Which endpoints are asked for.
#[derive(Deserialize)]
pub(super) struct ListQuery {
    app_key: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

/// A new endpoint.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminWebhookRequest)]
pub(super) struct CreateRequest {
    app_key: String,
    /// Where it is told: https, or http within the setting `LOGGIN_WEBHOOK_NETWORKS`.
    url: String,
    /// The events that it is told, such as `login.verified`; every one where none is named.
    #[serde(default)]
    events: Vec<String>,
}

/// Changes of an endpoint. What is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminWebhookChanges)]
pub(super) struct UpdateRequest {
    /// Where it is told from now on, what waits for it too: https, or http within the setting `LOGGIN_WEBHOOK_NETWORKS`.
    url: Option<String>,
    /// The events that it is told, these alone; every one where the list is empty.
    events: Option<Vec<String>>,
}

/// A secret in the place of another.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminWebhookRotation)]
pub(super) struct RotateRequest {
    /// For so many seconds the old secret signs too; a day where nothing is said.
    #[schema(maximum = 315_360_000)]
    overlap: Option<u32>,
}

/// What is delivered again: one event, or all of some time that were given up.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AdminReplay)]
pub(super) struct ReplayRequest {
    /// The event, whatever became of it.
    event_id: Option<String>,
    /// Every event of the last so many seconds that was given up.
    #[schema(maximum = 315_360_000)]
    given_up_within: Option<u32>,
}

/// Which deliveries are asked for.
#[derive(Deserialize)]
pub(super) struct DeliveriesQuery {
    state: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

/// Lists the endpoints of an app, or of all that the key reaches, oldest first.
#[utoipa::path(get, operation_id = "adminListWebhooks", path = "/api/v1/admin/webhooks", tag = "admin", summary = "List endpoints of webhooks",
    params(
        ("app_key" = Option<String>, Query, description = "Of this app."),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of endpoints.", body = Page<WebhookBody>),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:read"]), ("api_key" = ["webhooks:read"])))]
pub(super) async fn list(
    call: AdminCall,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Json<Page<WebhookBody>>, ApiError> {
    let of_app = query.app_key.as_deref().map(app_key).transpose()?;
    let endpoints = call.administration().webhooks(&call.actor, of_app).await?;
    let now = call.server().clock.now();
    let key = |endpoint: &WebhookEndpoint| by_time(endpoint.created_at, &endpoint.id);
    query.paging.page_of(endpoints, key, |endpoint| WebhookBody::of(endpoint, now)).map(Json)
}

/// Has an app be told at a URL.
#[utoipa::path(post, operation_id = "adminAddWebhook", path = "/api/v1/admin/webhooks", tag = "admin", summary = "Add an endpoint of webhooks",
    request_body = CreateRequest,
    responses(
        (status = 201, description = "The endpoint, and this once the secret that signs.", body = NewWebhookBody),
        (status = "4XX", description = "The call was refused; 409 where the app has as many endpoints as it may.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:write"]), ("api_key" = ["webhooks:write"])))]
pub(super) async fn create(
    call: AdminCall,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<NewWebhookBody>), ApiError> {
    let CreateRequest { app_key: key, url, events } = body::free_json(&headers, body).await?;
    let new = NewWebhook { app_key: app_key(&key)?, url, events };
    let (endpoint, secret) = call.administration().add_webhook(&call.actor, new).await?;
    let body = WebhookBody::with_secret(&endpoint, &secret, endpoint.created_at);
    Ok((StatusCode::CREATED, Json(body)))
}

/// Shows an endpoint.
#[utoipa::path(get, operation_id = "adminShowWebhook", path = "/api/v1/admin/webhooks/{endpoint_id}", tag = "admin", summary = "Show an endpoint of webhooks",
    params(("endpoint_id" = String, Path)),
    responses(
        (status = 200, description = "The endpoint.", body = WebhookBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:read"]), ("api_key" = ["webhooks:read"])))]
pub(super) async fn show(call: AdminCall, Path(id): Path<String>) -> Result<Json<WebhookBody>, ApiError> {
    let endpoint = call.administration().webhook(&call.actor, &id).await?;
    Ok(Json(WebhookBody::of(&endpoint, call.server().clock.now())))
}

/// Has an endpoint be at another URL, or be told other events; what is not given stays. Its secret stays too.
#[utoipa::path(patch, operation_id = "adminUpdateWebhook", path = "/api/v1/admin/webhooks/{endpoint_id}", tag = "admin", summary = "Change an endpoint of webhooks",
    params(("endpoint_id" = String, Path)),
    request_body = UpdateRequest,
    responses(
        (status = 200, description = "The endpoint as it is now.", body = WebhookBody),
        (status = "4XX", description = "The call was refused; 409 where nothing would change.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:write"]), ("api_key" = ["webhooks:write"])))]
pub(super) async fn update(
    call: AdminCall,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<WebhookBody>, ApiError> {
    let UpdateRequest { url, events } = body::free_json(&headers, body).await?;
    let changes = WebhookChanges { url, events };
    let endpoint = call.administration().change_webhook(&call.actor, &id, changes).await?;
    Ok(Json(WebhookBody::of(&endpoint, call.server().clock.now())))
}

/// Deletes an endpoint, with what waits for it.
#[utoipa::path(delete, operation_id = "adminDeleteWebhook", path = "/api/v1/admin/webhooks/{endpoint_id}", tag = "admin", summary = "Delete an endpoint of webhooks",
    params(("endpoint_id" = String, Path)),
    responses(
        (status = 204, description = "It is gone."),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:write"]), ("api_key" = ["webhooks:write"])))]
pub(super) async fn remove(call: AdminCall, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    call.administration().delete_webhook(&call.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an endpoint another secret; both sign for a while.
#[utoipa::path(post, operation_id = "adminRotateWebhook", path = "/api/v1/admin/webhooks/{endpoint_id}/rotate", tag = "admin", summary = "Replace the secret of an endpoint",
    params(("endpoint_id" = String, Path)),
    request_body = RotateRequest,
    responses(
        (status = 200, description = "The endpoint, and this once its new secret.", body = NewWebhookBody),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:write"]), ("api_key" = ["webhooks:write"])))]
pub(super) async fn rotate(
    call: AdminCall,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<NewWebhookBody>, ApiError> {
    let request: RotateRequest = body::free_json(&headers, body).await?;
    let overlap = seconds("overlap", request.overlap)?;
    let (endpoint, secret) = call.administration().rotate_webhook(&call.actor, &id, overlap).await?;
    Ok(Json(WebhookBody::with_secret(&endpoint, &secret, call.server().clock.now())))
}

/// Tells a disabled endpoint again, first of all what waits for it.
#[utoipa::path(post, operation_id = "adminEnableWebhook", path = "/api/v1/admin/webhooks/{endpoint_id}/enable", tag = "admin", summary = "Enable an endpoint of webhooks",
    params(("endpoint_id" = String, Path)),
    responses(
        (status = 204, description = "It is told again."),
        (status = "4XX", description = "The call was refused; 409 where it is not disabled.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:write"]), ("api_key" = ["webhooks:write"])))]
pub(super) async fn enable(call: AdminCall, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    call.administration().enable_webhook(&call.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells an endpoint nothing from now on. What happens meanwhile it is never told.
#[utoipa::path(post, operation_id = "adminDisableWebhook", path = "/api/v1/admin/webhooks/{endpoint_id}/disable", tag = "admin", summary = "Disable an endpoint of webhooks",
    params(("endpoint_id" = String, Path)),
    responses(
        (status = 204, description = "It is told nothing."),
        (status = "4XX", description = "The call was refused; 409 where it was disabled before.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:write"]), ("api_key" = ["webhooks:write"])))]
pub(super) async fn disable(call: AdminCall, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    call.administration().disable_webhook(&call.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends an endpoint an event of the type `webhook.test`, and waits up to 15 seconds for what it answers.
#[utoipa::path(post, operation_id = "adminTestWebhook", path = "/api/v1/admin/webhooks/{endpoint_id}/test", tag = "admin", summary = "Try an endpoint of webhooks",
    params(("endpoint_id" = String, Path)),
    responses(
        (status = 200, description = "What became of it; without `tries` no server has sent it yet.", body = DeliveryBody),
        (status = "4XX", description = "The call was refused; 409 where it is disabled.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:write"]), ("api_key" = ["webhooks:write"])))]
pub(super) async fn test(call: AdminCall, Path(id): Path<String>) -> Result<Json<DeliveryBody>, ApiError> {
    let delivery = call.administration().test_webhook(&call.actor, &id).await?;
    Ok(Json((&delivery).into()))
}

/// Lists the deliveries to an endpoint, the latest first.
#[utoipa::path(get, operation_id = "adminListDeliveries", path = "/api/v1/admin/webhooks/{endpoint_id}/deliveries", tag = "admin", summary = "List deliveries",
    params(
        ("endpoint_id" = String, Path),
        ("state" = Option<String>, Query, description = "Only those that are `waiting`, `delivered` or `given_up`."),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "How many at most; 100 where nothing is said."),
    ),
    responses(
        (status = 200, description = "A page of deliveries.", body = Page<DeliveryBody>),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:read"]), ("api_key" = ["webhooks:read"])))]
pub(super) async fn deliveries(
    call: AdminCall,
    Path(id): Path<String>,
    Parameters(query): Parameters<DeliveriesQuery>,
) -> Result<Json<Page<DeliveryBody>>, ApiError> {
    let states = [DeliveryState::Waiting, DeliveryState::Delivered, DeliveryState::GivenUp];
    let state = choice("state", query.state.as_deref(), &states.map(|state| (state.as_str(), state)))?;
    let (after, limit) = (query.paging.delivery()?, query.paging.limit()?);
    let page = call.administration().deliveries(&call.actor, &id, state, after, limit).await?;
    let next = page.next.map(|position| position.to_string());
    Ok(Json(Page { data: page.rows.iter().map(DeliveryBody::from).collect(), next }))
}

/// Delivers one event again, or all of some time that were given up.
#[utoipa::path(post, operation_id = "adminReplayWebhook", path = "/api/v1/admin/webhooks/{endpoint_id}/replay", tag = "admin", summary = "Deliver again",
    params(("endpoint_id" = String, Path)),
    request_body = ReplayRequest,
    responses(
        (status = 204, description = "They are delivered again."),
        (status = "4XX", description = "The call was refused; 404 where no such event is kept, 409 where the endpoint is disabled.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("access_key" = ["webhooks:write"]), ("api_key" = ["webhooks:write"])))]
pub(super) async fn replay(
    call: AdminCall,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let request: ReplayRequest = body::free_json(&headers, body).await?;
    let time: Option<Duration> = seconds("given_up_within", request.given_up_within)?;
    let what = match (request.event_id, time) {
        (Some(event), None) => ReplayChoice::Event(event),
        (None, Some(time)) => ReplayChoice::GivenUpWithin(time),
        _ => {
            return Err(ApiError::invalid_request("Either `event_id` or `given_up_within` is needed."));
        }
    };
    call.administration().replay_webhook(&call.actor, &id, what).await?;
    Ok(StatusCode::NO_CONTENT)
}
