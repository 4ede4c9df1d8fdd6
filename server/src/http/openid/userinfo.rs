//! `/openid/userinfo`: who somebody is, for the holder of an access token.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, header},
};
use serde_json::Value;

use super::{no_form, respond::CallFailure};
use crate::{
    http::{body, request},
    openid::{CallError, OAuthError, OAuthErrorCode, Parameters},
    state::Server,
};

/// What a call without a token is told (RFC 6750, section 3).
const NO_TOKEN: &str = "Bearer realm=\"OpenID\"";

/// What a call with a token that is not good is told.
const BAD_TOKEN: &str = "Bearer realm=\"OpenID\", error=\"invalid_token\"";

/// The token in the header; it is read from no address, which logs would keep.
pub(super) async fn by_header(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
) -> Result<Json<Value>, CallFailure> {
    tell(&server, bearer(&headers)).await
}

/// The token in the header, or in a form.
pub(super) async fn by_header_or_form(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, CallFailure> {
    if let Some(token) = bearer(&headers) {
        return tell(&server, Some(token)).await;
    }
    let form = body::form(&headers, body).await.map_err(|error| no_form(&error))?;
    let form = Parameters::parse(&form).map_err(CallError::OAuth)?;
    tell(&server, form.get("access_token")).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn tell(server: &Server, token: Option<&str>) -> Result<Json<Value>, CallFailure> {
    let refused = |description| {
        CallFailure::from(CallError::OAuth(OAuthError::new(OAuthErrorCode::InvalidToken, description)))
    };
    let Some(token) = token else {
        return Err(refused("The call shows no access token.").challenged(NO_TOKEN));
    };
    let Some(access) = server.openid.access(token).await? else {
        let description = "The access token is not known, is over, or was revoked.";
        return Err(refused(description).challenged(BAD_TOKEN));
    };
    request::note_app(access.client.app_key);
    Ok(Json(server.openid.userinfo(&access.client, &access.grant, access.scope).await?))
}
