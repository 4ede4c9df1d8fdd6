//! Errors in the shape that each server reads, with the status that makes it do what is right: try again, or tell whoever
//! waits.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use loggin_protocol::ErrorCode;
use serde_json::{Value, json};

use crate::{
    http::{ApiError, error::OwnBody},
    store::GatewayKind,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The response as this server reads it; one that is no error is as it was.
pub(super) fn in_shape_of(kind: GatewayKind, response: Response) -> Response {
    let Some(error) = response.extensions().get::<ApiError>().cloned() else {
        return response;
    };
    let status = response.status();
    let (status, content_type, body) = match kind {
        GatewayKind::Supabase => supabase(&error, status),
        GatewayKind::Kratos => (status, JSON, kratos(&error, status).to_string()),
        GatewayKind::Authentik => (status, TEXT, sentence(error.code()).to_owned()),
        // They look at the status alone, or write our own body to their log.
        GatewayKind::Generic | GatewayKind::Keycloak | GatewayKind::Zitadel => return response,
    };
    let mut shaped = (status, body).into_response();
    for (name, value) in response.headers() {
        shaped.headers_mut().insert(name, value.clone());
    }
    shaped.headers_mut().remove(header::CONTENT_LENGTH);
    shaped.headers_mut().insert(header::CONTENT_TYPE, content_type);
    if status == StatusCode::OK {
        // It would be tried again at once.
        shaped.headers_mut().remove(header::RETRY_AFTER);
    }
    shaped.extensions_mut().insert(OwnBody);
    shaped.extensions_mut().insert(error);
    shaped
}

/// Supabase hands an error on to whoever asked for the code where it stands in the body of a 200, and tries a 503 again
/// three times within its five seconds. It does not look into the body of anything else, which is right for what only an
/// operator can mend.
fn supabase(error: &ApiError, status: StatusCode) -> (StatusCode, HeaderValue, String) {
    let body = json!({ "error": { "http_code": status.as_u16(), "message": sentence(error.code()) } });
    let is_operators = matches!(
        error.code(),
        ErrorCode::Unauthorized
            | ErrorCode::InvalidSignature
            | ErrorCode::InvalidRequest
            | ErrorCode::NotFound
            | ErrorCode::PayloadTooLarge
    );
    (if is_operators { status } else { StatusCode::OK }, JSON, body.to_string())
}

/// Kratos writes it to its log, and tries anything but a 2xx again.
fn kratos(error: &ApiError, status: StatusCode) -> Value {
    json!({ "error": {
        "code": status.as_u16(),
        "status": status.canonical_reason().unwrap_or_default(),
        "reason": error.code().as_str(),
        "message": error.message(),
    } })
}

/// What a person can read: authentik shows it in its form, and Supabase's clients are given it.
fn sentence(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidPhone => "This is no phone number that a WhatsApp message can be sent to.",
        ErrorCode::SendFailed => "WhatsApp does not deliver to this number.",
        ErrorCode::Blocked => "No code is sent to this number now.",
        ErrorCode::RateLimited => "A code was sent a moment ago: try again shortly.",
        ErrorCode::QuotaExceeded => "The codes of this month are used up.",
        ErrorCode::InvalidRequest => "The code cannot be sent by WhatsApp.",
        ErrorCode::Unauthorized | ErrorCode::InvalidSignature => "The gateway does not know this server.",
        _ => "WhatsApp cannot be reached at the moment: try again shortly.",
    }
}
