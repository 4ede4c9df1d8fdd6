//! `/api/v1/admin`: what administrators do, for programs with an access key.
//!
//! It is for servers: no preflight of a browser is answered for it.

mod access;
mod apps;
mod audit;
mod call;
mod gateways;
mod guards;
mod health;
mod keys;
mod logs;
mod nodes;
mod page;
mod test_numbers;
mod usage;
mod webhooks;

use std::sync::Arc;

use axum::{
    Router,
    routing::{delete, get, post},
};
use utoipa::OpenApi;

use crate::state::Server;

/// The part of the OpenAPI document that describes these calls.
#[derive(OpenApi)]
#[openapi(paths(
    apps::list,
    apps::create,
    apps::show,
    apps::update,
    apps::remove,
    apps::pause,
    apps::resume,
    guards::show,
    guards::update,
    guards::resume,
    keys::list,
    keys::create,
    keys::rotate,
    keys::revoke,
    logs::list,
    usage::show,
    nodes::list,
    health::show,
    webhooks::list,
    webhooks::create,
    webhooks::show,
    webhooks::update,
    webhooks::remove,
    webhooks::rotate,
    webhooks::enable,
    webhooks::disable,
    webhooks::test,
    webhooks::deliveries,
    webhooks::replay,
    gateways::list,
    gateways::create,
    gateways::show,
    gateways::remove,
    gateways::rotate,
    test_numbers::list,
    test_numbers::put,
    test_numbers::remove,
    audit::list,
    access::keys,
    access::create_key,
    access::revoke_key,
    access::admins,
    access::put_admin,
    access::remove_admin,
    access::sign_out_admin,
))]
pub(crate) struct Document;

/// The routes, below `/api/v1/admin`.
pub(crate) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/apps", get(apps::list).post(apps::create))
        .route("/apps/{app_key}", get(apps::show).patch(apps::update).delete(apps::remove))
        .route("/apps/{app_key}/pause", post(apps::pause))
        .route("/apps/{app_key}/resume", post(apps::resume))
        .route("/apps/{app_key}/guards", get(guards::show).patch(guards::update))
        .route("/apps/{app_key}/guards/pauses/{country}", delete(guards::resume))
        .route("/apps/{app_key}/keys", get(keys::list).post(keys::create))
        .route("/apps/{app_key}/keys/{key_id}", delete(keys::revoke))
        .route("/apps/{app_key}/keys/{key_id}/rotate", post(keys::rotate))
        .route("/logs", get(logs::list))
        .route("/usage", get(usage::show))
        .route("/nodes", get(nodes::list))
        .route("/health", get(health::show))
        .route("/webhooks", get(webhooks::list).post(webhooks::create))
        .route(
            "/webhooks/{endpoint_id}",
            get(webhooks::show).patch(webhooks::update).delete(webhooks::remove),
        )
        .route("/webhooks/{endpoint_id}/rotate", post(webhooks::rotate))
        .route("/webhooks/{endpoint_id}/enable", post(webhooks::enable))
        .route("/webhooks/{endpoint_id}/disable", post(webhooks::disable))
        .route("/webhooks/{endpoint_id}/test", post(webhooks::test))
        .route("/webhooks/{endpoint_id}/deliveries", get(webhooks::deliveries))
        .route("/webhooks/{endpoint_id}/replay", post(webhooks::replay))
        .route("/gateways", get(gateways::list).post(gateways::create))
        .route("/gateways/{gateway_id}", get(gateways::show).delete(gateways::remove))
        .route("/gateways/{gateway_id}/rotate", post(gateways::rotate))
        .route("/test-numbers", get(test_numbers::list).post(test_numbers::put))
        .route("/test-numbers/{number}", delete(test_numbers::remove))
        .route("/audit", get(audit::list))
        .route("/access-keys", get(access::keys).post(access::create_key))
        .route("/access-keys/{key_id}", delete(access::revoke_key))
        .route("/admins", get(access::admins).post(access::put_admin))
        .route("/admins/{admin_name}", delete(access::remove_admin))
        .route("/admins/{admin_name}/sign-out", post(access::sign_out_admin))
}

#[cfg(test)]
mod tests;
