//! `POST /api/v1/tokens/events`: wait for tokens, on a stream or by a long poll.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use loggin_protocol::{
    Code, ErrorCode,
    wire::{self, ErrorBody, EventsRequest, EventsResponse, Progress, TokenEvent},
};

use super::verify::audience;
use crate::{
    http::{
        ApiError, asker, body,
        caller::Caller,
        event_stream::EventStream,
        request::idempotency_key,
        subscription::{Asked, Subscription, Woken},
    },
    limits::{self, CountedStream},
    logins::{Asks, Viewer},
    state::Server,
    telemetry::metrics::{self, Limit},
};

/// The name that proxies like nginx know for "pass this on at once".
const X_ACCEL_BUFFERING: header::HeaderName = header::HeaderName::from_static("x-accel-buffering");

/// One event of the stream.
#[derive(utoipa::ToSchema)]
#[allow(dead_code)] // described, never made
struct StreamEvent {
    /// `ready`, `progress`, `verified` or `rejected`.
    event: Option<String>,
    /// JSON.
    data: Option<String>,
    /// Milliseconds after which to come back: the server is being restarted.
    retry: Option<u32>,
}

/// Waits for tokens.
#[utoipa::path(
    post,
    operation_id = "waitForTokens",
    path = "/api/v1/tokens/events",
    tag = "tokens",
    summary = "Wait for tokens",
    description = "Answers with an event stream, or, with `Accept: application/json`, as a long poll.",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = r"\S", description = "Names the redeemer; required with `claim: true`.")),
    request_body = EventsRequest,
    responses(
        (status = 200, description = "Events `ready`, `progress`, `verified` and `rejected`; or what a long poll learnt.",
            content((StreamEvent = "text/event-stream"), (EventsResponse = "application/json"))),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security((), ("secret_key" = []), ("api_key" = [])),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let caller = Caller::of(&server, peer, &headers).await?;
    let request: EventsRequest =
        body::large_json(&headers, body, limits::EVENTS_BODY, caller.room(&server)).await?;
    check_count(&server, &caller, request.tokens.len())?;
    let viewer = viewer(request.claim, &headers)?;
    caller.count_waits(&server, request.tokens.len())?;
    let counted = count_stream(&server, &caller)?;
    // Who shows a secret key is an app's server, and no page.
    let page = || asker::of(&server.settings.trusted_proxies, peer.ip(), &headers, server.clock.now());
    let asks = Asks { confirm: request.confirm, asker: caller.app_key().is_none().then(page).flatten() };
    let asked = Asked {
        tokens: request.tokens,
        app_key: audience(request.app_key.as_deref())?,
        viewer,
        asks,
        phone: request.phone,
        return_to: request.return_to,
    };
    let started = Subscription::start(&server, &caller, asked, counted);
    let (subscription, events) = started.await?;
    if wants_json(&headers) {
        Ok(Json(long_poll(&server, subscription, events, &request.known).await?).into_response())
    } else {
        Ok(stream(subscription, &events))
    }
}

fn check_count(server: &Server, caller: &Caller, count: usize) -> Result<(), ApiError> {
    let most = match caller.app_key() {
        Some(_) => wire::MAX_TOKENS,
        None => server.settings.tokens_without_key,
    };
    if (1..=most).contains(&count) {
        return Ok(());
    }
    metrics::limit_hit(Limit::TokensPerCall);
    Err(ApiError::invalid_request(
        "A call names 1 to 10,000 tokens, or up to 100 where it shows no secret key.",
    ))
}

/// Counts the stream for its address, unless an app's server holds it.
pub(in crate::http) fn count_stream(
    server: &Server,
    caller: &Caller,
) -> Result<Option<CountedStream>, ApiError> {
    if !caller.is_counted(server) {
        return Ok(None);
    }
    server.streams.count(caller.address).map(Some).ok_or_else(|| {
        metrics::limit_hit(Limit::StreamsPerAddress);
        ApiError::new(ErrorCode::RateLimited, "This address holds as many streams as it may.")
            .with_retry_after(limits::STREAMS_RETRY_AFTER)
    })
}

fn viewer(claim: bool, headers: &HeaderMap) -> Result<Viewer, ApiError> {
    let key = idempotency_key(headers)?;
    if !claim {
        return Ok(Viewer::Observer);
    }
    key.map(Viewer::redeemer).ok_or(ApiError::invalid_request("Claiming needs an `Idempotency-Key` header."))
}

/// Whether the caller takes JSON rather than a stream.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let accept = accept.unwrap_or_default().to_ascii_lowercase();
    accept.contains("application/json") && !accept.contains("text/event-stream")
}

/// The response that is a stream.
pub(in crate::http) fn stream(subscription: Subscription, events: &[TokenEvent]) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response.extensions_mut().insert(EventStream::new(subscription, events).into_extension());
    response
}

/// Waits for the first end or unknown progress of a login, or until the poll's time is up.
async fn long_poll(
    server: &Server,
    mut subscription: Subscription,
    events: Vec<TokenEvent>,
    known: &HashMap<Code, Progress>,
) -> Result<EventsResponse, ApiError> {
    let mut events: Vec<TokenEvent> = events.into_iter().filter(|event| is_news(event, known)).collect();
    let deadline = tokio::time::Instant::now() + server.settings.long_poll;
    while events.is_empty() && subscription.open() > 0 {
        match tokio::time::timeout_at(deadline, subscription.woken()).await {
            Ok(Woken::Changed(logins)) => {
                let told = subscription.events(&logins).await?;
                events.extend(told.into_iter().filter(|event| is_news(event, known)));
            }
            Ok(Woken::Heartbeat) => events.extend(subscription.ends_with_app().await),
            Ok(Woken::Stopping) | Err(_) => break,
        }
    }
    Ok(EventsResponse { events })
}

/// Whether a poll answers for an event: an end always, progress where its caller was not told of it before.
fn is_news(event: &TokenEvent, known: &HashMap<Code, Progress>) -> bool {
    match event {
        TokenEvent::Ready(_) => false,
        TokenEvent::Progress(progress) => {
            known.get(&progress.code).map(Progress::as_str) != Some(progress.status.as_str())
        }
        TokenEvent::Verified(_) | TokenEvent::Rejected(_) => true,
    }
}

#[cfg(test)]
mod tests;
