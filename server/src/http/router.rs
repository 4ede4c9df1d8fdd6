//! All routes, and what surrounds each call.

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{get, post},
};
use tower_http::catch_panic::CatchPanicLayer;

use super::{admin, console, cors, gateway, hosted, openid, pages, request, routes, seen, serve};
use crate::state::Server;

/// All routes, with what surrounds each call.
pub(crate) fn router(server: &Arc<Server>) -> Router {
    let api = Router::new()
        .route("/tokens/events", post(routes::events::handle))
        .route("/tokens/verify", post(routes::verify::handle))
        .route("/tokens/confirm", post(routes::confirm::handle))
        .route("/tokens/denied", post(routes::denied::handle))
        .route("/auth/start", post(routes::auth_start::handle))
        .route("/auth/verify", post(routes::auth_verify::handle))
        .route("/auth/status", get(routes::auth_status::handle))
        // Before the layer, which answers preflights: a method that no route has comes this way.
        .method_not_allowed_fallback(routes::fallback::method_not_allowed)
        .layer(middleware::from_fn(serve::only_where_there_is_room))
        .layer(cors::layer(server));
    // Without the layer of the others, which answers preflights: these are for servers.
    let admin = admin::routes()
        .method_not_allowed_fallback(routes::fallback::method_not_allowed)
        .layer(middleware::from_fn(serve::only_where_there_is_room));
    let gateway = gateway::routes()
        .method_not_allowed_fallback(routes::fallback::method_not_allowed)
        .layer(middleware::from_fn(serve::only_where_there_is_room));
    let pages = Router::new()
        .route("/l/{code}", get(routes::link::handle))
        .route("/openapi.json", get(routes::openapi::handle))
        .merge(pages::routes())
        .merge(openid::routes())
        .merge(console::routes(server))
        .merge(hosted::routes(server))
        .method_not_allowed_fallback(routes::fallback::method_not_allowed)
        .layer(middleware::from_fn(serve::only_where_there_is_room));
    // What stands outside of these is served also where the server is full.
    Router::new()
        .nest("/api/v1/admin", admin)
        .nest("/api/v1/gateway", gateway)
        .nest("/api/v1", api)
        .merge(pages)
        .route("/webhooks/whatsapp", get(routes::webhook::subscribe).post(routes::webhook::handle))
        .route("/healthz", get(routes::health::alive))
        .route("/readyz", get(routes::health::ready))
        .fallback(routes::fallback::not_found)
        .method_not_allowed_fallback(routes::fallback::method_not_allowed)
        .layer(CatchPanicLayer::custom(routes::fallback::panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(server), seen::layer))
        .layer(middleware::from_fn(request::layer))
        .with_state(Arc::clone(server))
}

#[cfg(test)]
mod tests;
