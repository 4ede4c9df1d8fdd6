//! `GET` and `POST /webhooks/whatsapp`: what Meta calls.
//!
//! An answer of 200 means that everything in the call is durable; anything else has it delivered again, for days.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use loggin::ErrorCode;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::{app::Server, body, error::ApiError, intake, limits, whatsapp};

/// The header that signs a call's body.
const SIGNATURE: &str = "x-hub-signature-256";

/// How Meta asks whether this is the server that its operator set up.
#[derive(Deserialize)]
pub(crate) struct Challenge {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Gives a challenge back to whoever knows the verify token.
#[utoipa::path(
    get,
    path = "/webhooks/whatsapp",
    tag = "webhooks",
    summary = "Confirm the webhook's address",
    params(
        ("hub.mode" = String, Query, description = "Always `subscribe`."),
        ("hub.verify_token" = String, Query, description = "The configured token."),
        ("hub.challenge" = String, Query, description = "What is given back."),
    ),
    responses(
        (status = 200, description = "The challenge.", body = String, content_type = "text/plain"),
        (status = 403, description = "The token is another."),
    ),
)]
pub(crate) async fn subscribe(
    State(server): State<Arc<Server>>,
    query: Result<Query<Challenge>, QueryRejection>,
) -> Result<Response, ApiError> {
    let expected = server.settings.whatsapp.verify_token.expose().as_bytes();
    let given = query.ok().and_then(|Query(query)| {
        let subscribes = query.mode.as_deref() == Some("subscribe");
        let known = bool::from(query.verify_token?.as_bytes().ct_eq(expected));
        query.challenge.filter(|_| subscribes && known)
    });
    let Some(challenge) = given else {
        return Ok(StatusCode::FORBIDDEN.into_response());
    };
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], challenge).into_response())
}

/// Takes a call's updates.
#[utoipa::path(
    post,
    path = "/webhooks/whatsapp",
    tag = "webhooks",
    summary = "Deliver updates",
    params(("X-Hub-Signature-256" = String, Header, description = "HMAC-SHA256 over the body's bytes.")),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses(
        (status = 200, description = "Everything is durable."),
        (status = 400, description = "This is no webhook.", body = super::openapi::Error),
        (status = 401, description = "The signature is missing or wrong.", body = super::openapi::Error),
        (status = 413, description = "The body is too large.", body = super::openapi::Error),
        (status = "5XX", description = "The server failed.", body = super::openapi::Error),
    ),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let body = body::raw(body, limits::WEBHOOK_BODY).await?;
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    if !whatsapp::verify_signature(&server.app_secrets, signature, &body) {
        return Err(ApiError::new(
            ErrorCode::InvalidSignature,
            "The body is not signed with the app secret.",
        ));
    }
    let updates = whatsapp::parse(&body).map_err(|error| {
        tracing::warn!(%error, "a signed webhook could not be read");
        ApiError::invalid_request("The body is no webhook of WhatsApp.")
    })?;
    intake::take(&server, updates).await?;
    Ok(StatusCode::OK)
}
