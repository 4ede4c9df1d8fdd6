//! `POST /api/v1/tokens/confirm`: type the code that WhatsApp showed where the login began, or open its link there.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, State},
    http::HeaderMap,
};
use loggin_protocol::{
    Code, ErrorCode,
    wire::{ConfirmRequest, ConfirmResponse, ErrorBody},
};

use super::verify::{parse_token, rejected, unknown_app};
use crate::{
    crypto::Digits,
    http::{ApiError, body, caller::Caller},
    logins::{CONFIRMATION_DIGITS, Confirmation, ReturnCode},
    state::Server,
    store::{self, Login, StoreError},
};

/// Takes a confirmation code, typed or brought by a link.
#[utoipa::path(
    post,
    operation_id = "confirmToken",
    path = "/api/v1/tokens/confirm",
    tag = "tokens",
    summary = "Confirm a login",
    description = "Takes the digits that WhatsApp showed, or what its link brought to the page, where the app or who waits asks for `code`.",
    request_body = ConfirmRequest,
    responses(
        (status = 200, description = "The digits were right.", body = ConfirmResponse),
        (status = "4XX", description = "The digits were wrong, or the login ended otherwise.", body = ErrorBody),
        (status = "5XX", description = "The server failed.", body = ErrorBody),
    ),
    security((), ("secret_key" = []), ("api_key" = [])),
)]
pub(crate) async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ConfirmResponse>, ApiError> {
    let caller = Caller::of(&server, peer, &headers).await?;
    let request: ConfirmRequest = body::json(&headers, body).await?;
    let token = parse_token(&request.token)?;
    // Made-up tokens cost a look into the store.
    caller.count_waits(&server, 1)?;
    let app = caller.find_app(&server, token.app_key()).await?.ok_or(unknown_app())?;
    caller.note_app(app.app_key);
    if !caller.may(false, &app) {
        return Err(rejected(ErrorCode::Unauthorized));
    }
    let digits = Digits::typed(&request.confirmation_code)
        .filter(|typed| typed.count() == usize::from(CONFIRMATION_DIGITS));
    let value = ReturnCode::parse(&request.confirmation_code);
    if digits.is_none()
        && value.is_none()
        && let Some(attempts) = attempts_left(&server, token.code()).await?
    {
        // A text that cannot be the code costs no try.
        return Err(wrong(attempts));
    }
    let confirmed = match &value {
        Some(value) => server.logins.come_back(token.code(), value).await?,
        None => server.logins.confirm(token.code(), digits.as_ref().map_or("", Digits::expose)).await?,
    };
    match confirmed {
        Confirmation::Verified => Ok(Json(ConfirmResponse::Verified)),
        Confirmation::Wrong(attempts) => Err(wrong(attempts)),
        Confirmation::Blocked => {
            Err(ApiError::new(ErrorCode::Blocked, "Too many wrong codes were typed for this sign-in."))
        }
        Confirmation::Ended(error) => Err(rejected(error)),
        Confirmation::NotAwaited => {
            Err(ApiError::invalid_request("This sign-in asks for no confirmation code, or not yet."))
        }
    }
}

fn wrong(attempts: u8) -> ApiError {
    ApiError::new(ErrorCode::InvalidCode, "This is not the code that WhatsApp showed.")
        .with_attempts_left(attempts.into())
}

/// Tries left for a login's code; `None` where it awaits none.
pub(in crate::http) async fn attempts_left(server: &Server, code: Code) -> Result<Option<u8>, StoreError> {
    let now = server.clock.now();
    let awaits = |login: &Login| {
        login.state == store::State::AwaitingConfirmation
            && login.confirm == store::Confirm::Code
            && now < login.deadline
    };
    let login = server.store.logins(&[code]).await?.into_iter().find(awaits);
    Ok(login.map(|login| login.attempts_left))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        logins::life,
        store::{App, Confirm},
        tests::{TestServer, demo_app, demo_key, error_of, token},
    };

    async fn start() -> TestServer {
        let server = TestServer::start().await;
        let app = App { confirm: Confirm::Code, ..demo_app() };
        assert!(server.server.store.update_app(&app).await.unwrap());
        server
    }

    async fn confirm(server: &TestServer, code: &str) -> reqwest::Response {
        let body = json!({ "token": token(1).expose(), "confirmation_code": code });
        server.post("/api/v1/tokens/confirm").json(&body).send().await.unwrap()
    }

    #[tokio::test]
    async fn the_code_of_the_response_verifies_the_waiting_stream() {
        let server = start().await;
        let mut stream = server.stream(&[token(1)], Some("key")).await;
        assert_eq!(stream.event().await.unwrap().0, "ready");
        assert_eq!(error_of(confirm(&server, "123456").await).await, (400, "invalid_request".to_owned()));
        server.tap(&token(1)).await;
        let (name, data) = stream.event().await.unwrap();
        assert_eq!((name.as_str(), &data["status"]), ("progress", &json!("awaiting_confirmation")));
        let digits = server.digits(&token(1)).await;
        let spaced = format!(" {} {}", &digits[..3], &digits[3..]);
        let body: Value = confirm(&server, &spaced).await.json().await.unwrap();
        assert_eq!(body, json!({ "status": "verified" }));
        assert_eq!(stream.event().await.unwrap().0, "verified");
        assert!(stream.event().await.is_none());
    }

    #[tokio::test]
    async fn wrong_codes_are_counted_and_then_block() {
        let server = start().await;
        server.tap(&token(1)).await;
        let digits = server.digits(&token(1)).await;
        let wrong = if digits == "000000" { "000001" } else { "000000" }.to_owned();
        for left in (1..=4).rev() {
            let response = confirm(&server, &wrong).await;
            assert_eq!(response.status(), 422);
            let body: Value = response.json().await.unwrap();
            assert_eq!((&body["error"], &body["attempts_left"]), (&json!("invalid_code"), &json!(left)));
        }
        for _ in 0..2 {
            assert_eq!(error_of(confirm(&server, &wrong).await).await, (422, "blocked".to_owned()));
        }
    }

    #[tokio::test]
    async fn the_code_is_read_in_the_digits_of_any_keyboard_and_what_is_no_code_costs_no_try() {
        let server = start().await;
        assert_eq!(error_of(confirm(&server, "rubbish").await).await, (400, "invalid_request".to_owned()));
        server.tap(&token(1)).await;
        for typed in ["", "rubbish", "12345", "1234567", "12345x"] {
            let body: Value = confirm(&server, typed).await.json().await.unwrap();
            assert_eq!((&body["error"], &body["attempts_left"]), (&json!("invalid_code"), &json!(5)));
        }
        let digits = server.digits(&token(1)).await;
        let shift = |symbol: char| char::from_u32(u32::from(symbol) - u32::from('0') + 0x966).unwrap();
        let devanagari: String = digits.chars().map(shift).collect();
        let typed = format!("{}-{}\u{200f}", &devanagari[..9], &devanagari[9..]);
        assert_eq!(confirm(&server, &typed).await.status(), 200);
    }

    /// A page waits that says where it is; what the link in WhatsApp then brings, if there is one.
    async fn return_link(server: &TestServer, page: &str, key: Option<&str>) -> Option<String> {
        let body = json!({ "tokens": [token(1).expose(), ""], "return_to": page });
        let call = server.post("/api/v1/tokens/events").header("Accept", "application/json").json(&body);
        let call = match key {
            Some(key) => call.bearer_auth(key),
            None => call,
        };
        assert_eq!(call.send().await.unwrap().status(), 200);
        server.tap(&token(1)).await;
        let login = server.server.store.logins(&[token(1).code()]).await.unwrap().remove(0);
        let page = login.asker.as_ref()?.return_to.clone()?;
        Some(server.server.logins.return_code(&login).unwrap().link(&page, token(1).code()))
    }

    #[tokio::test]
    async fn the_link_back_is_taken_in_place_of_the_digits() {
        for key in [None, Some(demo_key().expose())] {
            let server = start().await;
            let page = "http://localhost:3000/login";
            let link = return_link(&server, page, key.as_deref()).await.unwrap();
            let value = link.strip_prefix(&format!("{page}#loggin=")).unwrap();
            let wrong = "0".repeat(value.len());
            for _ in 0..6 {
                let body: Value = confirm(&server, &wrong).await.json().await.unwrap();
                assert_eq!((&body["error"], &body["attempts_left"]), (&json!("invalid_code"), &json!(5)));
            }
            // Neither the value with another token nor a GET of anything changes the login.
            let body = json!({ "token": token(2).expose(), "confirmation_code": value });
            let other = server.post("/api/v1/tokens/confirm").json(&body).send().await.unwrap();
            assert_eq!(error_of(other).await, (400, "invalid_request".to_owned()));
            assert_eq!(server.get("/api/v1/tokens/confirm").send().await.unwrap().status(), 405);
            let body: Value = confirm(&server, value).await.json().await.unwrap();
            assert_eq!(body, json!({ "status": "verified" }));
            let body: Value = server.verify(&token(1), "key").await.json().await.unwrap();
            assert_eq!((&body["status"], &body["confirmation"]), (&json!("verified"), &json!("code")));
        }
    }

    #[tokio::test]
    async fn a_page_that_the_app_does_not_list_has_no_link_back() {
        for page in ["https://evil.example/login", "http://localhost:3000/login?next=/", "login", ""] {
            let server = start().await;
            assert_eq!(return_link(&server, page, None).await, None, "{page}");
        }
    }

    #[tokio::test]
    async fn a_late_code_is_told_that_the_login_expired() {
        let server = start().await;
        server.tap(&token(1)).await;
        let digits = server.digits(&token(1)).await;
        server.clock.advance(life::PENDING);
        assert_eq!(error_of(confirm(&server, &digits).await).await, (410, "expired".to_owned()));
    }
}
