//! The endpoints of the OpenID issuer: OAuth and OpenID Connect as they have it; the rules stand in `crate::openid`.

mod authorize;
pub(crate) mod browser;
mod client_auth;
mod device;
mod discovery;
mod end_session;
mod par;
pub(crate) mod respond;
#[cfg(test)]
mod tests;
mod token;
mod userinfo;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderMap, Method, header},
    routing::{get, post},
};
use tower_http::cors::{Any, CorsLayer};

use self::respond::CallFailure;
use super::{ApiError, client_address, routes};
use crate::{
    limits::{self, customer},
    openid::{CallError, OAuthError, OAuthErrorCode},
    state::Server,
    telemetry::metrics::{self, Limit},
};

/// Where each endpoint is, on the issuer's own origin.
const AUTHORIZE: &str = "/openid/authorize";
const DEVICE: &str = "/openid/device-authorization";
const END_SESSION: &str = "/openid/end-session";
const INTROSPECT: &str = "/openid/introspect";
const JWKS: &str = "/openid/jwks";
const PAR: &str = "/openid/par";
const REVOKE: &str = "/openid/revoke";
const TOKEN: &str = "/openid/token";
const USERINFO: &str = "/openid/userinfo";

/// How long a browser may remember a preflight.
const PREFLIGHT: Duration = Duration::from_secs(600);

/// The routes of the issuer.
pub(super) fn routes() -> Router<Arc<Server>> {
    // Programs in browsers call these. No cookie opens any of them, so any page may.
    let open = Router::new()
        .route("/.well-known/openid-configuration", get(discovery::configuration))
        .route("/.well-known/oauth-authorization-server", get(discovery::configuration))
        .route(JWKS, get(discovery::keys))
        .route(TOKEN, post(token::exchange))
        .route(REVOKE, post(token::revoke))
        .route(USERINFO, get(userinfo::by_header).post(userinfo::by_header_or_form))
        // Before the layer, which answers preflights: a method that no route has comes this way.
        .method_not_allowed_fallback(routes::fallback::method_not_allowed)
        .layer(
            CorsLayer::new()
                .allow_origin(Any)
                .allow_methods([Method::GET, Method::POST])
                .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
                .expose_headers([header::WWW_AUTHENTICATE, header::RETRY_AFTER])
                .max_age(PREFLIGHT),
        );
    Router::new()
        .route(AUTHORIZE, get(authorize::by_query).post(authorize::by_form))
        .route(PAR, post(par::handle))
        .route(INTROSPECT, post(token::introspect))
        .route(DEVICE, post(device::handle))
        .route(END_SESSION, get(end_session::by_query).post(end_session::by_form))
        .merge(open)
}

/// Counts a call of whoever has not shown a client's secret; an error where its address makes too many.
fn count(server: &Server, peer: SocketAddr, headers: &HeaderMap) -> Result<(), CallFailure> {
    let address = client_address::of(server, peer, headers);
    if !server.settings.counts_addresses
        || server.openid_counts.count(customer(address), 1, server.clock.now())
    {
        return Ok(());
    }
    metrics::limit_hit(Limit::OpenIdCalls);
    let error = OAuthError::new(OAuthErrorCode::TemporarilyUnavailable, "This address calls too often.");
    Err(CallFailure::from(CallError::OAuth(error)).too_many())
}

/// A body that is no form of this size, as OAuth answers it.
fn no_form(error: &ApiError) -> CallFailure {
    let description = "The body must be a form (`application/x-www-form-urlencoded`), of 8 KiB at most.";
    match error.code() {
        loggin_protocol::ErrorCode::Unavailable => {
            let code = OAuthErrorCode::TemporarilyUnavailable;
            CallError::OAuth(OAuthError::new(code, "The body did not arrive.")).into()
        }
        _ => CallError::OAuth(OAuthError::invalid_request(description)).into(),
    }
}

const _: () = assert!(limits::OPENID_FORM <= limits::FREE_BODY);
