//! `GET /openid/sign-in/events`: tells the page of a browser that its login has moved on.
//!
//! It is the stream that waits for tokens, for the one that this browser's cookie holds; an `EventSource` can send no token.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use loggin_protocol::PhoneNeed;

use super::{attempt::Attempt, error::HostedError, target::Target, visit::Shown};
use crate::{
    http::{
        caller::Caller,
        routes::events::{count_stream, stream},
        subscription::{Asked, Subscription},
    },
    logins::{Asks, Viewer},
    state::Server,
};

/// Begins a stream; a browser that has no such login is not told again after such a status.
pub(super) async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Query(shown): Query<Shown>,
) -> Response {
    match begin(&server, peer, &headers, &shown.request).await {
        Ok(Some(response)) => response,
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => error.in_language_of(&headers).into_response(),
    }
}

async fn begin(
    server: &Arc<Server>,
    peer: SocketAddr,
    headers: &HeaderMap,
    request: &str,
) -> Result<Option<Response>, HostedError> {
    let Some(attempt) = Attempt::of(server, headers, request) else { return Ok(None) };
    let Some(target) = Target::find(server, peer, headers, request).await? else { return Ok(None) };
    let caller = Caller::of(server, peer, headers).await?;
    let counted = count_stream(server, &caller)?;
    let app_key = target.client().app_key;
    let asked = Asked {
        tokens: vec![attempt.token(app_key).expose()],
        app_key: Some(app_key),
        viewer: Viewer::Observer,
        asks: Asks::default(),
        phone: PhoneNeed::Optional,
        return_to: None,
    };
    let (subscription, events) = Subscription::start(server, &caller, asked, counted).await?;
    Ok(Some(stream(subscription, &events)))
}
