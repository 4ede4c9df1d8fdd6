//! `POST /api/v1/tokens/confirm`: type the code that WhatsApp showed where the login began.

use std::sync::Arc;

use axum::{Json, body::Body, extract::State, http::HeaderMap};
use loggin::{
    ErrorCode,
    wire::{ConfirmRequest, ConfirmResponse},
};

use super::verify::{parse_token, rejected, unknown_app};
use crate::{app::Server, body, cors::Caller, error::ApiError, limits, logins::Confirmation};

/// Takes a confirmation code.
#[utoipa::path(
    post,
    path = "/api/v1/tokens/confirm",
    tag = "tokens",
    summary = "Confirm a login",
    description = "For apps with `confirm = code`: takes the digits that WhatsApp showed.",
    request_body = super::openapi::ConfirmRequest,
    responses(
        (status = 200, description = "The digits were right.", body = super::openapi::ConfirmResponse),
        (status = "4XX", description = "The digits were wrong, or the login ended otherwise.", body = super::openapi::Error),
        (status = "5XX", description = "The server failed.", body = super::openapi::Error),
    ),
    security((), ("secret_key" = []), ("api_key" = [])),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ConfirmResponse>, ApiError> {
    let request: ConfirmRequest = body::json(&headers, body, limits::SMALL_BODY).await?;
    let caller = Caller::of(&server, &headers).await?;
    let token = parse_token(&request.token)?;
    let app = server.apps.find(token.app_key()).await?.ok_or(unknown_app())?;
    if !caller.may(false, &app) {
        return Err(rejected(ErrorCode::Unauthorized));
    }
    let typed: String = request.confirmation_code.chars().filter(|symbol| !symbol.is_whitespace()).collect();
    match server.logins.confirm(token.code(), &typed).await? {
        Confirmation::Verified => Ok(Json(ConfirmResponse::Verified)),
        Confirmation::Wrong(attempts) => {
            Err(ApiError::new(ErrorCode::InvalidCode, "This is not the code that WhatsApp showed.")
                .with_attempts_left(attempts.into()))
        }
        Confirmation::Blocked => {
            Err(ApiError::new(ErrorCode::Blocked, "Too many wrong codes were typed for this sign-in."))
        }
        Confirmation::Ended(error) => Err(rejected(error)),
        Confirmation::NotAwaited => {
            Err(ApiError::invalid_request("This sign-in asks for no confirmation code, or not yet."))
        }
    }
}
