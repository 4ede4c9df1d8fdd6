//! `POST /api/v1/auth/start`: send a one-time code.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use loggin_protocol::wire::{ErrorBody, OtpStartRequest, OtpStartResponse};

use crate::http::auth_call::AuthCall;
use crate::{
    http::{ApiError, body},
    otp::{OtpResponse, Recipient, StartOrder, life},
    state::Server,
};

/// Digits of a code, unless the call says otherwise: NIST asks for six at least.
const DIGITS: u32 = 6;

/// Digits that a call may ask for. Four are as many as people know from their cards; eight fit the button.
const DIGITS_PERMITTED: std::ops::RangeInclusive<u32> = 4..=8;

/// Sends a one-time code.
#[utoipa::path(
    post,
    operation_id = "startOtp",
    path = "/api/v1/auth/start",
    tag = "otp",
    summary = "Send a one-time code",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = r"\S", description = "A repeated call is the same call for 24 hours: nothing is sent again.")),
    request_body = OtpStartRequest,
    responses(
        (status = 200, description = "WhatsApp took the code over, or the phone is a test number.", body = OtpStartResponse),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "WhatsApp refuses the recipient (502), or cannot be reached.", body = ErrorBody),
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
    let result = start(call, headers, body).await;
    call.respond(call.counted(result).await)
}

async fn start(call: &AuthCall, headers: &HeaderMap, body: Body) -> Result<Json<OtpStartResponse>, ApiError> {
    call.check_used_up()?;
    let order = read(call, headers, body).await?;
    let otp = Arc::clone(&call.otp);
    // On a task of its own: a caller that hangs up does not leave a code half sent.
    let started = call.otp.spawn(async move { otp.start(&order).await }).await;
    match started.map_err(|_| ApiError::new(loggin_protocol::ErrorCode::Internal, "The server failed."))?? {
        OtpResponse::Started { session_id, sent, quota_remaining } => Ok(Json(OtpStartResponse {
            session_id: session_id.to_string(),
            expires_in: life::LIFETIME.as_secs(),
            sent_via_engine: sent,
            quota_remaining: quota_remaining.map(u64::from),
        })),
        OtpResponse::Refused(refusal) => Err(refusal.into()),
        OtpResponse::Verified { .. } => {
            Err(ApiError::invalid_request("This is the response of another call."))
        }
    }
}

async fn read(call: &AuthCall, headers: &HeaderMap, body: Body) -> Result<StartOrder, ApiError> {
    let (request, bytes) = body::json_and_bytes::<OtpStartRequest>(headers, body).await?;
    let length = request.otp_length.unwrap_or(DIGITS);
    let recipient: Recipient =
        call.otp.recipient(&call.app, &request.phone, request.country_code.as_deref()).await?;
    let length = u8::try_from(length).ok().filter(|_| DIGITS_PERMITTED.contains(&length));
    let length = length.ok_or(ApiError::invalid_request("`otp_length` is 4 to 8."))?;
    let client_ip = request.client_ip.as_deref().map(str::trim).map(str::parse).transpose();
    let client_ip =
        client_ip.map_err(|_| ApiError::invalid_request("`client_ip` is an address of IPv4 or IPv6."))?;
    Ok(StartOrder {
        app: Arc::clone(&call.app),
        recipient,
        length,
        foreign: None,
        meta: request.meta.map(|meta| meta.get().to_owned()),
        client_ip,
        call: call.named(headers, "start", &bytes)?,
        meter: Some(Arc::clone(&call.meter)),
    })
}

#[cfg(test)]
mod tests;
