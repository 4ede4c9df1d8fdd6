//! `/openid/device-authorization`: where a device without a browser begins (RFC 8628).

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, State},
    http::HeaderMap,
};

use super::{
    client_auth::{Needs, call},
    respond::CallFailure,
};
use crate::{openid::DeviceCodes, state::Server};

/// Gives a device its codes.
pub(super) async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DeviceCodes>, CallFailure> {
    let (client, form) = call(&server, peer, &headers, body, Needs::Client).await?;
    Ok(Json(server.openid.begin_device(&client, &form).await?))
}
