//! `POST /api/v1/tokens/denied`: which logins their persons took back after the app had redeemed the result.

use std::{collections::HashSet, sync::Arc};

use axum::{Json, body::Body, extract::State, http::HeaderMap};
use loggin_protocol::{
    ErrorCode,
    wire::{DeniedRequest, DeniedResponse, ErrorBody, MAX_LOGIN_IDS},
};

use crate::{
    http::{ApiError, body, caller},
    limits,
    state::Server,
};

/// Tells which logins were denied.
#[utoipa::path(
    post,
    operation_id = "deniedLogins",
    path = "/api/v1/tokens/denied",
    tag = "tokens",
    summary = "Which redeemed logins were denied",
    description = "Of these logins, named by `login_id`, those whose person tapped \"Not me\" in WhatsApp after the app had redeemed the result: what the app made of it has to end. It is remembered for 90 days.",
    request_body = DeniedRequest,
    responses(
        (status = 200, description = "Those that were denied.", body = DeniedResponse),
        (status = "4XX", description = "The call was refused.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security(("secret_key" = []), ("api_key" = [])),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DeniedResponse>, ApiError> {
    let app = caller::authenticate(&server, &headers)
        .await?
        .ok_or(ApiError::new(ErrorCode::Unauthorized, "This call needs the app's secret key."))?;
    let DeniedRequest { login_ids } = body::json(&headers, body).await?;
    if login_ids.is_empty() || login_ids.len() > MAX_LOGIN_IDS {
        return Err(ApiError::invalid_request("`login_ids` has 1 to 100 names of logins."));
    }
    let denied = server.store.taken_back(app.app_key, limits::DENIALS_LOOKED_THROUGH).await?;
    let denied: HashSet<String> = denied.iter().map(loggin_protocol::Code::login_id).collect();
    let is_denied = |login_id: &String| denied.contains(login_id);
    Ok(Json(DeniedResponse { denied: login_ids.into_iter().filter(is_denied).collect() }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use loggin_protocol::{SecretKey, Token};
    use reqwest::Response;
    use serde_json::{Value, json};

    use crate::{
        logins::{Received, life},
        store::State,
        tests::{TestServer, demo_key, error_of, guarded_app, token, token_of},
    };

    async fn ask(server: &TestServer, key: &SecretKey, login_ids: &[String]) -> Response {
        let call = server.post("/api/v1/tokens/denied").bearer_auth(key.expose());
        call.json(&json!({ "login_ids": login_ids })).send().await.unwrap()
    }

    async fn denied(server: &TestServer, tokens: &[Token]) -> Vec<String> {
        let login_ids: Vec<String> = tokens.iter().map(Token::login_id).collect();
        let body: Value = ask(server, &demo_key(), &login_ids).await.json().await.unwrap();
        serde_json::from_value(body["denied"].clone()).unwrap()
    }

    async fn deny(server: &TestServer, token: &Token) {
        assert_eq!(server.server.logins.deny(token.code()).await.unwrap(), Received::Changed(State::Denied));
    }

    #[tokio::test]
    async fn what_was_redeemed_and_then_denied_is_told_for_as_long_as_a_session_may_last() {
        let server = TestServer::start().await;
        let all = [token(1), token(2), token(3)];
        for token in &all {
            server.tap(token).await;
        }
        for token in &all[..2] {
            assert_eq!(server.verify(token, "key").await.status(), 200);
        }
        assert_eq!(denied(&server, &all).await, [""; 0]);
        deny(&server, &all[0]).await;
        // A result that nobody had redeemed is refused to whoever tries.
        deny(&server, &all[2]).await;
        assert_eq!(denied(&server, &all).await, [all[0].login_id()]);
        // A day later, the other one too: the button stays in the chat.
        server.clock.advance(life::REDEEMABLE + Duration::from_secs(1));
        deny(&server, &all[1]).await;
        assert_eq!(denied(&server, &all).await, [all[0].login_id(), all[1].login_id()]);
        server.clock.advance(Duration::from_secs(89 * 24 * 60 * 60));
        server.server.logins.purge().await.unwrap();
        assert_eq!(denied(&server, &all).await, [all[0].login_id(), all[1].login_id()]);
        server.clock.advance(life::TOMBSTONE);
        server.server.logins.purge().await.unwrap();
        assert_eq!(denied(&server, &all).await, [""; 0]);
    }

    #[tokio::test]
    async fn an_app_is_told_of_its_own_logins_and_nobody_without_a_key() {
        let server = TestServer::start().await;
        let (app, key) = guarded_app("11111111");
        server.add_app(&app).await;
        let theirs = token_of("11111111", 1);
        server.tap(&theirs).await;
        let call = server.post("/api/v1/tokens/verify").bearer_auth(key.expose());
        assert_eq!(call.json(&json!({ "token": theirs.expose() })).send().await.unwrap().status(), 200);
        deny(&server, &theirs).await;
        let login_ids = [theirs.login_id()];
        let body: Value = ask(&server, &key, &login_ids).await.json().await.unwrap();
        assert_eq!(body, json!({ "denied": login_ids }));
        assert_eq!(denied(&server, &[theirs]).await, [""; 0]);
        let keyless =
            server.post("/api/v1/tokens/denied").json(&json!({ "login_ids": login_ids })).send().await;
        assert_eq!(error_of(keyless.unwrap()).await, (401, "unauthorized".to_owned()));
    }

    #[tokio::test]
    async fn a_call_names_one_to_a_hundred_logins() {
        let server = TestServer::start().await;
        let names = |count: usize| vec![token(1).login_id(); count];
        for (login_ids, status) in [(names(0), 400), (names(1), 200), (names(100), 200), (names(101), 400)] {
            assert_eq!(ask(&server, &demo_key(), &login_ids).await.status(), status);
        }
        let response = ask(&server, &demo_key(), &["no such name".to_owned()]).await;
        assert_eq!(response.json::<Value>().await.unwrap(), json!({ "denied": [] }));
    }
}
