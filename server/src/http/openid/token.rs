//! `/openid/token`, `/openid/revoke` and `/openid/introspect`: what clients do with codes and tokens.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

use super::{
    client_auth::{Needs, call},
    respond::CallFailure,
};
use crate::{openid::Tokens, state::Server};

/// Exchanges a code, a refresh token or what a device was given for tokens.
pub(super) async fn exchange(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Tokens>, CallFailure> {
    let (client, form) = call(&server, peer, &headers, body, Needs::Client).await?;
    Ok(Json(server.openid.exchange(&client, &form).await?))
}

/// Ends a token with all that hang on the same sign-in.
pub(super) async fn revoke(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, CallFailure> {
    let (client, form) = call(&server, peer, &headers, body, Needs::Client).await?;
    server.openid.revoke(&client, &form).await?;
    Ok(StatusCode::OK)
}

/// Says what a token is worth.
pub(super) async fn introspect(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, CallFailure> {
    let (client, form) = call(&server, peer, &headers, body, Needs::Secret).await?;
    Ok(Json(server.openid.introspect(&client, &form).await?))
}
