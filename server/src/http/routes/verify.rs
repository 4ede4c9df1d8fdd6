//! `POST /api/v1/tokens/verify`: redeem a token.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, State},
    http::HeaderMap,
};
use loggin_protocol::{
    AppKey, ErrorCode, Token,
    wire::{ErrorBody, VerifyRequest, VerifyResponse},
};

use crate::{
    clock::random_bytes,
    http::{ApiError, body, caller::Caller, request::idempotency_key},
    logins::{Asks, Takes, View, Viewer, reason, view},
    state::Server,
};

/// Random bytes that name a redeemer who names none.
const NAMELESS_BYTES: usize = 16;

/// Redeems a token.
#[utoipa::path(
    post,
    operation_id = "verifyToken",
    path = "/api/v1/tokens/verify",
    tag = "tokens",
    summary = "Redeem a token",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = r"\S", description = "Names the redeemer: a repeated call is the same call.")),
    request_body = VerifyRequest,
    responses(
        (status = 200, description = "Still pending, or who signed in.", body = VerifyResponse),
        (status = "4XX", description = "The call was refused, or the login ended otherwise.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security((), ("secret_key" = []), ("api_key" = [])),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<VerifyResponse>, ApiError> {
    let caller = Caller::of(&server, peer, &headers).await?;
    let request: VerifyRequest = body::json(&headers, body).await?;
    let token = parse_token(&request.token)?;
    check_audience(&token, audience(request.app_key.as_deref())?)?;
    // Counted first: made-up tokens cost a look into the store too.
    caller.count_waits(&server, 1)?;
    let app = caller.find_app(&server, token.app_key()).await?.ok_or(unknown_app())?;
    caller.note_app(app.app_key);
    if !caller.may(true, &app) {
        return Err(rejected(ErrorCode::Unauthorized));
    }
    server.apps.check_room(&[token.code()], caller.app_key().is_some()).await?;
    let redeemer = match idempotency_key(&headers)? {
        Some(key) => Viewer::redeemer(key),
        None => Viewer::redeemer(&random_bytes::<NAMELESS_BYTES>(&*server.random)),
    };
    let takes = Takes { confirm: request.confirm, phone: request.phone };
    redeem(&server, &token, redeemer, takes).await
}

async fn redeem(
    server: &Server,
    token: &Token,
    redeemer: Viewer,
    takes: Takes,
) -> Result<Json<VerifyResponse>, ApiError> {
    let asks = Asks { confirm: takes.confirm, asker: None };
    let mut logins = server.logins.wait(&[token.code()], &asks).await?;
    if let Viewer::Redeemer(key) = redeemer {
        logins = server.logins.claim(logins, key, takes).await?;
    }
    let Some(login) = logins.first() else {
        return Err(rejected(ErrorCode::Expired));
    };
    match view(login, redeemer, takes) {
        View::Pending | View::Progress(_) | View::Claimable => Ok(Json(VerifyResponse::Pending)),
        View::Verified(session) => Ok(Json(VerifyResponse::Verified(session))),
        View::Rejected(error) => Err(rejected(error)),
    }
}

/// Reads the token of a body.
pub(crate) fn parse_token(text: &str) -> Result<Token, ApiError> {
    Token::parse(text).map_err(|_| rejected(ErrorCode::InvalidToken))
}

/// The app that a call names as the one whose tokens it asks about.
pub(crate) fn audience(app_key: Option<&str>) -> Result<Option<AppKey>, ApiError> {
    let malformed = |_| ApiError::new(ErrorCode::InvalidAppKey, "`app_key` is no app key.");
    app_key.map(AppKey::parse).transpose().map_err(malformed)
}

/// Refuses a token of another app than the call names, before anything is asked or claimed.
fn check_audience(token: &Token, audience: Option<AppKey>) -> Result<(), ApiError> {
    if audience.is_none_or(|app_key| app_key == token.app_key()) { Ok(()) } else { Err(unknown_app()) }
}

/// The error for a token whose app is not known here.
pub(crate) fn unknown_app() -> ApiError {
    rejected(ErrorCode::UnknownApp)
}

/// The error for a login that ended, or was refused, with this code.
pub(crate) fn rejected(error: ErrorCode) -> ApiError {
    ApiError::new(error, reason(error))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::{Value, json};

    use crate::{
        logins::life,
        tests::{APP, PHONE, TestServer, error_of, guarded_app, token, token_of},
    };

    #[tokio::test]
    async fn a_token_is_pending_then_verified_then_used() {
        let server = TestServer::start().await;
        let body: Value = server.verify(&token(1), "first").await.json().await.unwrap();
        assert_eq!(body, json!({ "status": "pending" }));
        server.tap(&token(1)).await;
        let first: Value = server.verify(&token(1), "first").await.json().await.unwrap();
        assert_eq!(first["status"], "verified");
        assert_eq!(first["app_key"], APP);
        assert_eq!(first["phone"], PHONE);
        assert_eq!(first["user_id"], "IN.1000");
        assert_eq!(first["verified_at"], "2026-09-26T10:00:00.000Z");
        let second = server.verify(&token(1), "second").await;
        assert_eq!(error_of(second).await, (409, "already_used".to_owned()));
        let again: Value = server.verify(&token(1), "first").await.json().await.unwrap();
        assert_eq!(again, first);
    }

    #[tokio::test]
    async fn a_call_without_a_key_is_a_redeemer_of_its_own() {
        let server = TestServer::start().await;
        server.tap(&token(1)).await;
        let call =
            || server.post("/api/v1/tokens/verify").json(&json!({ "token": token(1).expose() })).send();
        assert_eq!(call().await.unwrap().status(), 200);
        assert_eq!(error_of(call().await.unwrap()).await, (409, "already_used".to_owned()));
    }

    #[tokio::test]
    async fn of_a_hundred_redeemers_at_once_exactly_one_wins() {
        let server = TestServer::start().await;
        server.tap(&token(1)).await;
        let calls = (0..100).map(|number| {
            let call =
                server.post("/api/v1/tokens/verify").header("Idempotency-Key", format!("key {number}"));
            tokio::spawn(call.json(&json!({ "token": token(1).expose() })).send())
        });
        let mut statuses = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            statuses.push(call.await.unwrap().unwrap().status().as_u16());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
        assert_eq!(statuses.into_iter().collect::<HashSet<_>>(), HashSet::from([200, 409]));
    }

    #[tokio::test]
    async fn an_expired_token_and_one_of_an_unknown_app_are_told_so() {
        let server = TestServer::start().await;
        assert_eq!(server.verify(&token(1), "key").await.status(), 200);
        server.clock.advance(life::PENDING);
        assert_eq!(error_of(server.verify(&token(1), "key").await).await, (410, "expired".to_owned()));
        let unknown = token_of("00000000", 1);
        assert_eq!(error_of(server.verify(&unknown, "key").await).await, (404, "unknown_app".to_owned()));
    }

    #[tokio::test]
    async fn an_app_that_requires_its_secret_key_is_redeemed_with_it_only() {
        let server = TestServer::start().await;
        let (app, key) = guarded_app("11111111");
        let (other, other_key) = guarded_app("22222222");
        server.add_app(&app).await;
        server.add_app(&other).await;
        let token = token_of("11111111", 1);
        server.tap(&token).await;
        let call = |name: &'static str, value: String| {
            let call = server.post("/api/v1/tokens/verify").json(&json!({ "token": token.expose() }));
            let call = call.header("Idempotency-Key", "key");
            async move { if name.is_empty() { call } else { call.header(name, value) }.send().await.unwrap() }
        };
        let mut wrong = key.expose();
        wrong.replace_range(20..21, if &wrong[20..21] == "0" { "1" } else { "0" });
        for (name, value) in [
            ("", String::new()),
            ("X-Api-Key", other_key.expose()),
            ("X-Api-Key", wrong),
            ("X-Api-Key", "rubbish".to_owned()),
            ("Authorization", format!("Basic {}", key.expose())),
        ] {
            assert_eq!(error_of(call(name, value).await).await, (401, "unauthorized".to_owned()), "{name}");
        }
        assert_eq!(call("Authorization", format!("bearer {}", key.expose())).await.status(), 200);
        assert_eq!(call("X-Api-Key", key.expose()).await.status(), 200);
    }

    #[tokio::test]
    async fn a_token_of_another_app_than_the_call_names_is_refused_and_not_spent() {
        let server = TestServer::start().await;
        let (app, key) = guarded_app("11111111");
        server.add_app(&app).await;
        server.tap(&token(1)).await;
        let call = |app_key: &'static str, secret_key: Option<String>| {
            let body = json!({ "token": token(1).expose(), "app_key": app_key });
            let call = server.post("/api/v1/tokens/verify").json(&body);
            let call = if let Some(key) = secret_key { call.bearer_auth(key) } else { call };
            async move { call.send().await.unwrap() }
        };
        let unknown = (404, "unknown_app".to_owned());
        assert_eq!(error_of(call("11111111", None).await).await, unknown);
        assert_eq!(error_of(call("11111111", Some(key.expose())).await).await, unknown);
        assert_eq!(error_of(call("none", None).await).await, (400, "invalid_app_key".to_owned()));
        let ours = call(Box::leak(APP.to_lowercase().into_boxed_str()), None).await;
        let body: Value = ours.json().await.unwrap();
        assert_eq!(body["status"], "verified");
    }

    #[tokio::test]
    async fn malformed_calls_are_refused() {
        let server = TestServer::start().await;
        let call = |kind: &'static str, body: String| {
            let call = server.post("/api/v1/tokens/verify").header("Content-Type", kind).body(body);
            async move { error_of(call.send().await.unwrap()).await }
        };
        let json = "application/json; charset=utf-8";
        assert_eq!(call(json, "{".to_owned()).await, (400, "invalid_request".to_owned()));
        assert_eq!(call(json, "{}".to_owned()).await, (400, "invalid_request".to_owned()));
        assert_eq!(
            call(json, r#"{"token":"lgn1_8XKPQ2WN_0"}"#.to_owned()).await,
            (400, "invalid_token".to_owned())
        );
        assert_eq!(call("text/plain", "{}".to_owned()).await, (415, "unsupported_media_type".to_owned()));
        assert_eq!(call(json, " ".repeat(5_000)).await, (413, "payload_too_large".to_owned()));
        let response = server.verify(&token(1), &"k".repeat(256)).await;
        assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()));
        let response = server.get("/api/v1/tokens/verify").send().await.unwrap();
        assert_eq!(error_of(response).await, (405, "method_not_allowed".to_owned()));
        let response = server.post("/api/v1/tokens").send().await.unwrap();
        assert_eq!(error_of(response).await, (404, "not_found".to_owned()));
    }

    #[tokio::test]
    async fn a_token_is_read_however_it_is_written() {
        let server = TestServer::start().await;
        server.tap(&token(1)).await;
        let text = format!(" {}\n", token(1).expose().to_lowercase());
        let call = server.post("/api/v1/tokens/verify").json(&json!({ "token": text, "novelty": 1 }));
        let body: Value = call.send().await.unwrap().json().await.unwrap();
        assert_eq!(body["status"], "verified");
    }
}
