//! `/openid/par`: requests that a client pushes before it leads a browser here (RFC 9126).

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};

use super::{
    client_auth::{Needs, call},
    respond::CallFailure,
};
use crate::state::Server;

/// Keeps a request, and answers the name by which a browser brings it.
pub(super) async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), CallFailure> {
    let (client, form) = call(&server, peer, &headers, body, Needs::Client).await?;
    let (uri, seconds) = server.openid.push(&client, &form).await?;
    Ok((StatusCode::CREATED, Json(json!({ "request_uri": uri, "expires_in": seconds }))))
}
