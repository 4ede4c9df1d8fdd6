//! `GET /healthz` and `GET /readyz`: whether the process lives, and whether it can work.

use std::sync::Arc;

use axum::{Json, extract::State};
use loggin_protocol::{ErrorCode, wire::ErrorBody};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{http::ApiError, state::Server};

/// The response of both.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: otherwise the response is an error.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Tells that the process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", summary = "Whether the process answers",
    responses((status = 200, body = Health)))]
pub(crate) async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Tells whether the store can be reached and the server is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "operations", summary = "Whether the server can work",
    responses((status = 200, body = Health), (status = 503, body = ErrorBody)))]
pub(crate) async fn ready(State(server): State<Arc<Server>>) -> Result<Json<Health>, ApiError> {
    if *server.stopping.borrow() {
        return Err(ApiError::new(ErrorCode::Unavailable, "The server is stopping."));
    }
    server.store.check().await?;
    Ok(Json(Health { status: "ok" }))
}

#[cfg(test)]
mod tests {
    use crate::tests::{TestServer, error_of};

    #[tokio::test]
    async fn a_server_without_its_store_lives_but_is_not_ready() {
        let server = TestServer::start().await;
        for path in ["/healthz", "/readyz"] {
            assert_eq!(server.get(path).send().await.unwrap().status(), 200, "{path}");
        }
        server.server.store.close().await;
        assert_eq!(server.get("/healthz").send().await.unwrap().status(), 200);
        let response = server.get("/readyz").send().await.unwrap();
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(error_of(response).await, (503, "unavailable".to_owned()));
    }
}
