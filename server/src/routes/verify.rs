//! `POST /api/v1/tokens/verify`: redeem a token.

use std::sync::Arc;

use axum::{Json, body::Body, extract::State, http::HeaderMap};
use loggin::{
    ErrorCode, Token,
    wire::{VerifyRequest, VerifyResponse},
};

use super::events::idempotency_key;
use crate::{
    app::Server,
    body,
    clock::random_bytes,
    cors::Caller,
    error::ApiError,
    limits,
    logins::{View, Viewer, reason, view},
};

/// Random bytes that name a redeemer who names none.
const NAMELESS_BYTES: usize = 16;

/// Redeems a token.
#[utoipa::path(
    post,
    path = "/api/v1/tokens/verify",
    tag = "tokens",
    summary = "Redeem a token",
    params(("Idempotency-Key" = Option<String>, Header, description = "Names the redeemer: a repeated call is the same call.")),
    request_body = super::openapi::VerifyRequest,
    responses(
        (status = 200, description = "Still pending, or who signed in.", body = super::openapi::VerifyResponse),
        (status = "4XX", description = "The call was refused, or the login ended otherwise.", body = super::openapi::Error),
        (status = "5XX", description = "The server failed.", body = super::openapi::Error),
    ),
    security((), ("secret_key" = []), ("api_key" = [])),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<VerifyResponse>, ApiError> {
    let request: VerifyRequest = body::json(&headers, body, limits::SMALL_BODY).await?;
    let caller = Caller::of(&server, &headers).await?;
    let token = parse_token(&request.token)?;
    let app = server.apps.find(token.app_key()).await?.ok_or(unknown_app())?;
    if !caller.may(true, &app) {
        return Err(rejected(ErrorCode::Unauthorized));
    }
    server.apps.check_room(&[token.code()]).await?;
    let redeemer = match idempotency_key(&headers)? {
        Some(key) => Viewer::redeemer(key),
        None => Viewer::redeemer(&random_bytes::<NAMELESS_BYTES>(&*server.random)),
    };
    redeem(&server, &token, redeemer).await
}

async fn redeem(server: &Server, token: &Token, redeemer: Viewer) -> Result<Json<VerifyResponse>, ApiError> {
    let mut logins = server.logins.wait(&[token.code()]).await?;
    if let Viewer::Redeemer(key) = redeemer {
        logins = server.logins.claim(logins, key).await?;
    }
    let Some(login) = logins.first() else {
        return Err(rejected(ErrorCode::Expired));
    };
    match view(login, redeemer) {
        View::Pending | View::Progress(_) | View::Claimable => Ok(Json(VerifyResponse::Pending)),
        View::Verified(session) => Ok(Json(VerifyResponse::Verified(session))),
        View::Rejected(error) => Err(rejected(error)),
    }
}

/// Reads the token of a body.
pub(crate) fn parse_token(text: &str) -> Result<Token, ApiError> {
    Token::parse(text).map_err(|_| rejected(ErrorCode::InvalidToken))
}

/// The error for a token whose app is not known here.
pub(crate) fn unknown_app() -> ApiError {
    rejected(ErrorCode::UnknownApp)
}

/// The error for a login that ended, or was refused, with this code.
pub(crate) fn rejected(error: ErrorCode) -> ApiError {
    ApiError::new(error, reason(error))
}
