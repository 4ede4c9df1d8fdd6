//! The call over HTTP: what it tells at each step of a session, and to whom.

use std::time::Duration;

use loggin_protocol::SecretKey;
use reqwest::Response;
use serde_json::{Value, json};

use crate::{
    otp::life,
    store::{App, TestNumber},
    tests::{PHONE, TestServer, demo_app, demo_key, error_of, guarded_app, webhook},
};

async fn start(server: &TestServer, phone: &str) -> Response {
    server.auth("start", &json!({ "phone": format!("+{phone}") })).await
}

async fn session(server: &TestServer, phone: &str) -> Value {
    start(server, phone).await.json::<Value>().await.unwrap()["session_id"].take()
}

async fn status_as(server: &TestServer, key: &SecretKey, query: &str) -> Response {
    let call = server.get(&format!("/api/v1/auth/status{query}")).bearer_auth(key.expose());
    call.send().await.unwrap()
}

async fn status(server: &TestServer, session: &Value) -> Value {
    let query = format!("?session_id={}", session.as_str().unwrap());
    let response = status_as(server, &demo_key(), &query).await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

async fn tell(server: &TestServer, session: &Value, told: &str, code: Option<u32>) {
    let mut status = json!({ "id": "wamid.1", "status": told, "timestamp": "1790416800",
        "recipient_id": PHONE, "biz_opaque_callback_data": session });
    if let Some(code) = code {
        status["errors"] = json!([{ "code": code, "title": "Message undeliverable" }]);
    }
    let mut payload = webhook(&[]);
    payload["entry"][0]["changes"][0]["value"]["statuses"] = json!([status]);
    assert_eq!(server.webhook(&payload).await.status(), 200);
}

fn wrong(server: &TestServer) -> String {
    let last = server.codes.last();
    let first = if last.starts_with('0') { "1" } else { "0" };
    format!("{first}{}", &last[1..])
}

async fn verify(server: &TestServer, session: &Value, code: &str) -> Response {
    server.auth("verify", &json!({ "session_id": session, "otp_code": code })).await
}

#[tokio::test]
async fn each_step_of_a_session_is_told() {
    let server = TestServer::start().await;
    let first = session(&server, PHONE).await;
    assert_eq!(status(&server, &first).await, json!({ "status": "pending", "delivery": "accepted" }));
    for told in ["sent", "delivered", "read"] {
        tell(&server, &first, told, None).await;
        assert_eq!(status(&server, &first).await, json!({ "status": "pending", "delivery": told }));
    }
    assert_eq!(verify(&server, &first, &server.codes.last()).await.status(), 200);
    assert_eq!(status(&server, &first).await["status"], "verified");
    tell(&server, &first, "failed", Some(131_026)).await;
    assert_eq!(status(&server, &first).await, json!({ "status": "verified", "delivery": "read" }));

    let second = session(&server, PHONE).await;
    for _ in 0..5 {
        verify(&server, &second, &wrong(&server)).await;
    }
    assert_eq!(status(&server, &second).await["status"], "blocked");
    server.clock.advance(life::COOLDOWN);
    let third = session(&server, PHONE).await;
    assert_eq!(status(&server, &second).await["status"], "expired");
    server.clock.advance(life::LIFETIME);
    assert_eq!(status(&server, &third).await["status"], "expired");
}

/// WhatsApp takes a code, and says a moment later that it is undeliverable.
#[tokio::test]
async fn a_message_that_failed_is_told_and_its_pause_and_its_count_are_given_back_once() {
    let server = TestServer::start().await;
    let app = App { monthly_quota: Some(5), ..demo_app() };
    assert!(server.server.store.update_app(&app).await.unwrap());
    let first = session(&server, PHONE).await;
    for _ in 0..3 {
        tell(&server, &first, "failed", Some(131_026)).await;
        tell(&server, &first, "sent", None).await;
    }
    let expected = json!({ "status": "failed", "delivery": "failed", "error": "undeliverable" });
    assert_eq!(status(&server, &first).await, expected);
    let guess = verify(&server, &first, &server.codes.last()).await;
    assert_eq!(error_of(guess).await, (422, "expired".to_owned()));
    let again: Value = start(&server, PHONE).await.json().await.unwrap();
    assert_eq!(again["quota_remaining"], 4, "the failed one does not count");
    assert_eq!(verify(&server, &again["session_id"], &server.codes.last()).await.status(), 200);
}

#[tokio::test]
async fn reasons_are_told_by_what_an_app_can_do_about_them() {
    let server = TestServer::start().await;
    let cases = [
        (131_026, "undeliverable"),
        (139_999, "undeliverable"),
        (131_016, "temporary"),
        (131_042, "operator"),
        (132_015, "operator"),
    ];
    for (code, word) in cases {
        let session = session(&server, PHONE).await;
        tell(&server, &session, "failed", Some(code)).await;
        assert_eq!(status(&server, &session).await["error"], word, "{code}");
        server.clock.advance(Duration::from_secs(6));
    }
}

#[tokio::test]
async fn the_status_of_a_test_number_has_no_delivery() {
    let server = TestServer::start().await;
    let number = loggin_protocol::PhoneNumber::parse("15550001111").unwrap();
    let test = TestNumber { code: "123456".to_owned(), cooldown: true };
    server.server.store.put_test_number(&number, &test).await.unwrap();
    let session = session(&server, "15550001111").await;
    assert_eq!(status(&server, &session).await, json!({ "status": "pending", "delivery": null }));
    assert_eq!(verify(&server, &session, "123456").await.status(), 200);
    assert_eq!(status(&server, &session).await, json!({ "status": "verified", "delivery": null }));
}

#[tokio::test]
async fn only_the_apps_own_server_is_told_and_each_call_counts() {
    let server = TestServer::start().await;
    let app = App { calls_per_minute: 6, ..demo_app() };
    assert!(server.server.store.update_app(&app).await.unwrap());
    let (other, key) = guarded_app("11111111");
    server.add_app(&other).await;
    let session = session(&server, PHONE).await;
    let query = format!("?session_id={}", session.as_str().unwrap());
    let foreign = status_as(&server, &key, &query).await;
    assert_eq!(error_of(foreign).await, (404, "session_not_found".to_owned()));
    let nobody = server.get(&format!("/api/v1/auth/status{query}")).send().await.unwrap();
    assert_eq!(error_of(nobody).await, (401, "unauthorized".to_owned()));
    let expected = [
        ("", 400, "invalid_request"),
        ("?session_id=1&session_id=2", 400, "invalid_request"),
        ("?session_id=rubbish", 404, "session_not_found"),
    ];
    for (query, code, error) in expected {
        assert_eq!(error_of(status_as(&server, &demo_key(), query).await).await, (code, error.to_owned()));
    }
    let response = status_as(&server, &demo_key(), &query).await;
    assert_eq!(response.headers()["ratelimit-remaining"], "1");
    assert_eq!(status_as(&server, &demo_key(), &query).await.status(), 200);
    let response = status_as(&server, &demo_key(), &query).await;
    assert_eq!(error_of(response).await, (429, "rate_limited".to_owned()));
}
