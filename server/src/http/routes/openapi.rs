//! `GET /openapi.json`: the document that describes this API.

use std::sync::LazyLock;

use axum::{http::header, response::IntoResponse};
use bytes::Bytes;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use crate::http::{admin, gateway};

/// The document, but for the gateways and the admin API.
#[derive(OpenApi)]
#[openapi(
    info(title = "Loggin", description = "Sign in with WhatsApp.", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    paths(
        super::events::handle,
        super::verify::handle,
        super::confirm::handle,
        super::denied::handle,
        super::auth_start::handle,
        super::auth_verify::handle,
        super::auth_status::handle,
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

/// The two headers that a secret key, or an access key, may stand in.
struct SecretKeys;

impl Modify for SecretKeys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let header = ApiKey::Header(ApiKeyValue::new("X-Api-Key"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("secret_key", SecurityScheme::Http(bearer.clone()));
        components.add_security_scheme("access_key", SecurityScheme::Http(bearer));
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(header));
    }
}

/// The document as it is committed and served.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi().merge_from(gateway::Document::openapi()).merge_from(admin::Document::openapi())
}

/// The document's bytes: it does not change while the server runs.
static BYTES: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(&document()).unwrap_or_default().into());

/// Serves the document.
#[utoipa::path(get, operation_id = "describe", path = "/openapi.json", tag = "operations", summary = "This document",
    responses((status = 200, body = serde_json::Value)))]
pub(crate) async fn handle() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], BYTES.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use loggin_protocol::{
        AppKey, Assurance, Confirm, PhoneNeed, PhoneNumber, Subject,
        wire::{self, SessionBody, Timestamp},
    };
    use serde_json::{Value, json, value::RawValue};

    use super::*;
    use crate::tests::{TestServer, token};

    fn schemas() -> Value {
        serde_json::to_value(document()).unwrap()["components"]["schemas"].take()
    }

    /// The names that a schema has, those of the schemas that it is put together from among them.
    fn names(schemas: &Value, schema: &Value) -> BTreeSet<String> {
        if let Some(reference) = schema["$ref"].as_str() {
            return names(schemas, &schemas[reference.rsplit('/').next().unwrap()]);
        }
        let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
        let parts = ["allOf", "oneOf"].into_iter().flat_map(|of| schema[of].as_array().into_iter().flatten());
        own.chain(parts.flat_map(|part| names(schemas, part))).collect()
    }

    fn session() -> SessionBody {
        SessionBody {
            app_key: AppKey::parse("8XKPQ2WN").unwrap(),
            phone: Some(PhoneNumber::parse("919876543210").unwrap()),
            user_id: None,
            subject: Subject::from_random([7; 20]),
            confirmation: Confirm::Code,
            assurance: Assurance::Normal,
            verified_at: Timestamp(std::time::SystemTime::UNIX_EPOCH),
        }
    }

    /// The document describes what the wire types write, field by field.
    #[test]
    fn the_schemas_are_what_is_written() {
        let error = wire::ErrorBody {
            error: "expired".into(),
            message: "".into(),
            request_id: Some("1".to_owned()),
            attempts_left: Some(1),
            retry_after: Some(1.0),
        };
        let rejected = wire::RejectedEvent {
            code: Some(token(1).code()),
            token_index: Some(1),
            error: "expired".into(),
            message: "".into(),
        };
        let events = wire::EventsRequest {
            tokens: Vec::new(),
            claim: true,
            app_key: Some(String::new()),
            confirm: Confirm::Code,
            return_to: Some(String::new()),
            phone: PhoneNeed::Optional,
            known: [(token(1).code(), wire::Progress::MessageReceived)].into(),
        };
        let redeem = wire::VerifyRequest {
            token: String::new(),
            app_key: Some(String::new()),
            confirm: Confirm::Code,
            phone: PhoneNeed::Optional,
        };
        let confirm = wire::ConfirmRequest { token: String::new(), confirmation_code: String::new() };
        let start = wire::OtpStartRequest {
            phone: String::new(),
            country_code: Some(String::new()),
            otp_length: Some(6),
            meta: Some(RawValue::NULL.to_owned()),
            client_ip: Some(String::new()),
        };
        let started = wire::OtpStartResponse {
            session_id: String::new(),
            expires_in: 300,
            sent_via_engine: true,
            quota_remaining: None,
        };
        let typed = wire::OtpVerifyRequest { session_id: String::new(), otp_code: String::new() };
        let right = wire::OtpVerifyResponse {
            status: wire::OtpStatus::Verified,
            phone: String::new(),
            verified_at: Timestamp(std::time::SystemTime::UNIX_EPOCH),
            meta: None,
        };
        let written = [
            ("OtpStartRequest", json!(start)),
            ("OtpStartResponse", json!(started)),
            ("OtpVerifyRequest", json!(typed)),
            ("OtpVerifyResponse", json!(right)),
            ("EventsRequest", json!(events)),
            ("EventsResponse", json!(wire::EventsResponse::default())),
            ("VerifyRequest", json!(redeem)),
            ("ConfirmRequest", json!(confirm)),
            ("DeniedRequest", json!(wire::DeniedRequest { login_ids: Vec::new() })),
            ("DeniedResponse", json!(wire::DeniedResponse::default())),
            ("ConfirmResponse", json!(wire::ConfirmResponse::Verified)),
            ("Session", json!(session())),
            ("VerifyResponse", json!(wire::VerifyResponse::Verified(session()))),
            ("RejectedEvent", json!(rejected)),
            ("Error", json!(error)),
        ];
        let schemas = schemas();
        for (name, value) in written {
            let written: BTreeSet<String> = value.as_object().unwrap().keys().cloned().collect();
            assert_eq!(names(&schemas, &schemas[name]), written, "{name}");
        }
    }

    #[tokio::test]
    async fn the_document_is_served_and_names_every_route() {
        let server = TestServer::start().await;
        let response: Value = server.get("/openapi.json").send().await.unwrap().json().await.unwrap();
        assert_eq!(response, serde_json::to_value(document()).unwrap());
        for (path, operations) in response["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let url = format!("{}{path}", server.url);
                let status = server.client.request(method, url).send().await.unwrap().status();
                assert_ne!(status, 405, "{path}");
            }
        }
    }
}
