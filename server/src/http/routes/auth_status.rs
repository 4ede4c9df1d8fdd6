//! `GET /api/v1/auth/status`: how far a session of one-time codes and its message have come.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use loggin_protocol::{ErrorCode, wire::ErrorBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::auth_call::AuthCall;
use crate::{
    http::ApiError,
    otp::{Delivery, Failure, Status, life::Progress},
    state::Server,
};

/// What is asked for.
#[derive(Deserialize)]
pub(crate) struct StatusQuery {
    session_id: String,
}

/// How far a session has come. No SDK reads it yet.
#[derive(Serialize, ToSchema)]
struct OtpStatusResponse {
    status: OtpProgress,
    /// Null before WhatsApp has taken the message, and for a test number.
    #[schema(required = true)]
    delivery: Option<OtpDelivery>,
    /// Why the message does not arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<OtpFailure>,
}

/// `pending`: the code can be typed, or is on its way. `blocked`: no code is taken for now. `failed`: it does not arrive.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OtpProgress {
    Pending,
    Verified,
    Expired,
    Blocked,
    Failed,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OtpDelivery {
    Accepted,
    Sent,
    Delivered,
    Read,
    Failed,
}

/// `undeliverable` and `other_account`: this person needs another way. `temporary`: try again. `operator`: the server's
/// operator has to fix something.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OtpFailure {
    Undeliverable,
    OtherAccount,
    Temporary,
    Operator,
}

/// Tells how far a session has come.
#[utoipa::path(
    get,
    operation_id = "otpStatus",
    path = "/api/v1/auth/status",
    tag = "otp",
    summary = "How far a one-time code has come",
    params(("session_id" = String, Query, format = "uuid", description = "The session that `start` began.")),
    responses(
        (status = 200, description = "How far the session and its message have come.", body = OtpStatusResponse),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("secret_key" = []), ("api_key" = [])),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    query: Result<Query<StatusQuery>, QueryRejection>,
) -> Response {
    let call = match AuthCall::new(&server, &headers).await {
        Ok(call) => call,
        Err(error) => return error.into_response(),
    };
    let result = status(&call, query).await;
    call.respond(call.counted(result).await)
}

async fn status(
    call: &AuthCall,
    query: Result<Query<StatusQuery>, QueryRejection>,
) -> Result<Json<OtpStatusResponse>, ApiError> {
    call.check_used_up()?;
    let Query(query) = query.map_err(|_| ApiError::invalid_request("`session_id` is needed once."))?;
    let found = call.otp.find_any(call.app.app_key, &query.session_id).await?;
    let found = found.ok_or(ApiError::new(ErrorCode::SessionNotFound, "The app has no such session."))?;
    let Status { progress, delivery, failure } = call.otp.status(&found);
    Ok(Json(OtpStatusResponse {
        status: match progress {
            Progress::Pending => OtpProgress::Pending,
            Progress::Verified => OtpProgress::Verified,
            Progress::Expired => OtpProgress::Expired,
            Progress::Blocked => OtpProgress::Blocked,
            Progress::Failed => OtpProgress::Failed,
        },
        delivery: delivery.map(|delivery| match delivery {
            Delivery::Accepted => OtpDelivery::Accepted,
            Delivery::Sent => OtpDelivery::Sent,
            Delivery::Delivered => OtpDelivery::Delivered,
            Delivery::Read => OtpDelivery::Read,
            Delivery::Failed => OtpDelivery::Failed,
        }),
        error: failure.map(|failure| match failure {
            Failure::Undeliverable => OtpFailure::Undeliverable,
            Failure::OtherAccount => OtpFailure::OtherAccount,
            Failure::Temporary => OtpFailure::Temporary,
            Failure::Operator => OtpFailure::Operator,
        }),
    }))
}

#[cfg(test)]
mod tests;
