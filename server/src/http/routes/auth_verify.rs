//! `POST /api/v1/auth/verify`: type a one-time code.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use loggin_protocol::{
    ErrorCode,
    wire::{ErrorBody, OtpStatus, OtpVerifyRequest, OtpVerifyResponse, Timestamp},
};
use serde_json::value::RawValue;

use crate::http::auth_call::AuthCall;
use crate::{
    crypto::Digits,
    http::{ApiError, body},
    otp::{Found, NamedCall, OtpResponse},
    state::Server,
};

/// What a call asks for.
struct Order {
    found: Option<Found>,
    /// None where what was typed is no digits.
    code: Option<Digits>,
    call: Option<NamedCall>,
}

/// Takes a one-time code.
#[utoipa::path(
    post,
    operation_id = "verifyOtp",
    path = "/api/v1/auth/verify",
    tag = "otp",
    summary = "Type a one-time code",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = r"\S", description = "A repeated call is the same call for 24 hours: no attempt is spent again.")),
    request_body = OtpVerifyRequest,
    responses(
        (status = 200, description = "The code was right.", body = OtpVerifyResponse),
        (status = "4XX", description = "The call was refused, or the code was wrong.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("secret_key" = []), ("api_key" = [])),
)]
pub(crate) async fn handle(State(server): State<Arc<Server>>, headers: HeaderMap, body: Body) -> Response {
    let call = match AuthCall::new(&server, &headers).await {
        Ok(call) => call,
        Err(error) => return error.into_response(),
    };
    respond(&call, &headers, body).await
}

/// The response to a call of this app.
pub(crate) async fn respond(call: &AuthCall, headers: &HeaderMap, body: Body) -> Response {
    let result = verify(call, headers, body).await;
    call.respond(call.counted(result).await)
}

async fn verify(
    call: &AuthCall,
    headers: &HeaderMap,
    body: Body,
) -> Result<Json<OtpVerifyResponse>, ApiError> {
    call.check_used_up()?;
    let Order { found, code, call: named } = read(call, headers, body).await?;
    let found = found.ok_or(ApiError::new(ErrorCode::SessionNotFound, "The app has no such session."))?;
    match call.otp.verify(found, code.as_ref(), named.as_ref(), Some(&call.meter)).await? {
        OtpResponse::Verified { phone, verified_at, meta } => Ok(Json(OtpVerifyResponse {
            status: OtpStatus::Verified,
            phone: phone.expose().to_owned(),
            verified_at: Timestamp(verified_at.into()),
            // It was JSON when it came.
            meta: meta.and_then(|meta| RawValue::from_string(meta).ok()),
        })),
        OtpResponse::Refused(refusal) => Err(refusal.into()),
        OtpResponse::Started { .. } => {
            Err(ApiError::invalid_request("This is the response of another call."))
        }
    }
}

async fn read(call: &AuthCall, headers: &HeaderMap, body: Body) -> Result<Order, ApiError> {
    let (request, bytes) = body::json_and_bytes::<OtpVerifyRequest>(headers, body).await?;
    Ok(Order {
        found: call.otp.find(call.app.app_key, &request.session_id).await?,
        code: Digits::typed(&request.otp_code),
        call: call.named(headers, "verify", &bytes)?,
    })
}

#[cfg(test)]
mod tests;
