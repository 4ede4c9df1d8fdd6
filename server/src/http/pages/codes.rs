//! `POST /demo/codes/start` and `/demo/codes/verify`: one-time codes of the demo's app, which this server asks for in the
//! place of an app's own. Only its own page may call, and no address often: each code is paid for.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use loggin_protocol::ErrorCode;

use super::demo::demo;
use crate::{
    clock::UnixMillis,
    http::{
        ApiError,
        auth_call::AuthCall,
        caller::is_of_own_page,
        client_address,
        routes::{auth_start, auth_verify},
    },
    limits::DemoCounts,
    state::Server,
    telemetry::metrics::{self, Limit},
};

/// Sends a code.
pub(super) async fn start(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match call(&server, peer, &headers, DemoCounts::count_code).await {
        Ok(call) => auth_start::respond(&call, &headers, body).await,
        Err(error) => error.into_response(),
    }
}

/// Takes what was typed.
pub(super) async fn verify(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match call(&server, peer, &headers, DemoCounts::count_try).await {
        Ok(call) => auth_verify::respond(&call, &headers, body).await,
        Err(error) => error.into_response(),
    }
}

/// The call in the name of the demo's app, if it is one of the demo's page and not one too many.
async fn call(
    server: &Server,
    peer: SocketAddr,
    headers: &HeaderMap,
    count: impl Fn(&DemoCounts, IpAddr, UnixMillis) -> Result<(), Duration>,
) -> Result<AuthCall, ApiError> {
    const NONE: ApiError = ApiError::new(ErrorCode::NotFound, "The demo of this server sends no codes.");
    if !is_of_own_page(server, headers) {
        return Err(ApiError::new(ErrorCode::Unauthorized, "Only the demo's own page may call this."));
    }
    let (demo, app) = demo(server).await?.ok_or(NONE)?;
    let otp = server.otp.clone().filter(|_| demo.codes).ok_or(NONE)?;
    if server.settings.counts_addresses {
        let address = client_address::of(server, peer, headers);
        count(&server.demo_counts, address, server.clock.now()).map_err(|window| {
            metrics::limit_hit(Limit::Demo);
            ApiError::new(ErrorCode::RateLimited, "The demo was tried too often: try again later.")
                .with_retry_after(window)
        })?;
    }
    Ok(AuthCall::for_app(otp, app))
}
