//! `GET /openapi.json`: the document that describes this API.

mod shapes;

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

pub(crate) use shapes::{
    ConfirmRequest, ConfirmResponse, Error, EventsRequest, EventsResponse, VerifyRequest, VerifyResponse,
};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Loggin", description = "Sign in with WhatsApp.", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    paths(
        super::events::handle,
        super::verify::handle,
        super::confirm::handle,
        super::link::handle,
        super::webhook::subscribe,
        super::webhook::handle,
        super::health::alive,
        super::health::ready,
        handle,
    ),
    modifiers(&SecretKeys),
)]
struct Document;

/// The two headers that a secret key may stand in.
struct SecretKeys;

impl Modify for SecretKeys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let header = ApiKey::Header(ApiKeyValue::new("X-Api-Key"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("secret_key", SecurityScheme::Http(bearer));
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(header));
    }
}

/// The document as it is committed and served.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Serves the document.
#[utoipa::path(get, operation_id = "describe", path = "/openapi.json", tag = "operations", summary = "This document",
    responses((status = 200, body = serde_json::Value)))]
pub(crate) async fn handle() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
