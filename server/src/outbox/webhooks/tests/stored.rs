//! What is stored for an app while people sign in and codes are sent, by a whole server.

use std::time::Duration;

use loggin_protocol::Subject;
use serde_json::{Value, json};

use crate::{
    clock::Clock,
    logins::{Asks, Received, life},
    store::{App, Confirm, EventKind, State, WebhookEndpoint},
    tests::{APP, PHONE, TestServer, demo_app, token, webhook},
};

const SECOND: Duration = Duration::from_secs(1);

/// A server whose demo app has an endpoint.
async fn start() -> TestServer {
    start_with(demo_app()).await
}

async fn start_with(app: App) -> TestServer {
    let server = TestServer::start().await;
    assert!(server.server.store.update_app(&app).await.unwrap());
    let endpoint = WebhookEndpoint {
        id: "whe_1".to_owned(),
        app_key: app.app_key,
        url: "https://app.example/hook".to_owned(),
        events: Vec::new(),
        secret: vec![1],
        old_secret: None,
        created_at: server.clock.now(),
        disabled: None,
        succeeded_at: None,
    };
    assert!(server.server.store.put_webhook_endpoint(&endpoint).await.unwrap());
    server
}

/// The events that are stored, oldest first, each with its data.
async fn told(server: &TestServer) -> Vec<(String, Value)> {
    let mut deliveries = server.server.store.webhook_deliveries("whe_1", None, None, 99).await.unwrap();
    deliveries.sort_by_key(|delivery| delivery.queued_at);
    let read = |payload: &str| serde_json::from_str::<Value>(payload).unwrap();
    deliveries.iter().map(|one| (one.kind.clone(), read(&one.payload)["data"].clone())).collect()
}

async fn kinds(server: &TestServer) -> Vec<String> {
    told(server).await.into_iter().map(|(kind, _)| kind).collect()
}

/// Begins to wait for a login, which a long poll tells at once.
async fn wait(server: &TestServer, number: u8) {
    server.server.logins.wait(&[token(number).code()], &Asks::default()).await.unwrap();
}

#[tokio::test]
async fn a_login_is_told_when_it_has_a_result_and_when_that_is_taken_back() {
    let server = start_with(App { confirm: Confirm::Reply, ..demo_app() }).await;
    wait(&server, 1).await;
    server.tap(&token(1)).await;
    let [(kind, data)] = &told(&server).await[..] else { panic!("one event") };
    assert_eq!(kind, EventKind::LoginVerified.as_str());
    let expected = json!({
        "app_key": APP,
        "login_id": token(1).login_id(),
        "phone": PHONE,
        "user_id": "IN.1000",
        "subject": data["subject"],
        "assurance": "normal",
        "verified_at": "2026-09-26T10:00:00.000Z",
        "confirmation": "reply",
    });
    assert_eq!(data, &expected);
    assert!(Subject::parse(data["subject"].as_str().unwrap()).is_ok());
    assert_eq!(server.verify(&token(1), "key").await.status(), 200);
    server.clock.advance(SECOND);
    let denied = server.server.logins.deny(token(1).code()).await.unwrap();
    assert_eq!(denied, Received::Changed(State::Denied));
    let told = told(&server).await;
    assert_eq!((told.len(), told[1].0.as_str()), (2, "login.revoked"));
    assert_eq!((&told[1].1["login_id"], &told[1].1["phone"]), (&expected["login_id"], &expected["phone"]));
}

#[tokio::test]
async fn a_login_that_ends_without_a_result_is_told_with_the_reason() {
    let server = start_with(App { confirm: Confirm::Code, ..demo_app() }).await;
    for number in 1..=3 {
        wait(&server, number).await;
        server.tap(&token(number)).await;
    }
    for _ in 0..life::CONFIRMATION_ATTEMPTS {
        server.server.logins.confirm(token(1).code(), "no code").await.unwrap();
    }
    server.clock.advance(SECOND);
    let denied = server.server.logins.deny(token(2).code()).await.unwrap();
    assert_eq!(denied, Received::Changed(State::Denied));
    wait(&server, 4).await;
    server.clock.advance(life::PENDING);
    server.server.logins.expire().await.unwrap();
    let told = told(&server).await;
    let reasons: Vec<_> = told.iter().map(|(kind, data)| (kind.as_str(), data["reason"].as_str())).collect();
    let expected = [
        ("login.denied", Some("max_attempts")),
        ("login.denied", Some("not_me")),
        ("login.expired", None),
        ("login.expired", None),
    ];
    assert_eq!(reasons, expected);
}

#[tokio::test]
async fn a_code_that_nobody_waits_for_is_told_when_somebody_does() {
    let server = start().await;
    server.tap(&token(1)).await;
    assert_eq!(told(&server).await, []);
    wait(&server, 1).await;
    assert_eq!(kinds(&server).await, ["login.verified"]);
    server.tap(&token(2)).await;
    server.clock.advance(life::EARLY);
    server.server.logins.expire().await.unwrap();
    assert_eq!(kinds(&server).await, ["login.verified"]);
}

async fn status(server: &TestServer, session: &Value, told: &str, to: &str) {
    let mut status = json!({ "id": "wamid.1", "status": told, "timestamp": "1790416800",
        "recipient_id": to, "biz_opaque_callback_data": session });
    if told == "failed" {
        status["errors"] = json!([{ "code": 131_026, "title": "Message undeliverable" }]);
    }
    let mut payload = webhook(&[]);
    payload["entry"][0]["changes"][0]["value"]["statuses"] = json!([status]);
    assert_eq!(server.webhook(&payload).await.status(), 200);
}

async fn start_code(server: &TestServer) -> Value {
    let response = server.auth("start", &json!({ "phone": format!("+{PHONE}") })).await;
    assert_eq!(response.status(), 200);
    server.clock.advance(SECOND);
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_code_that_fails_a_moment_later_is_told_once_and_costs_nothing() {
    let server = start_with(App { monthly_quota: Some(5), ..demo_app() }).await;
    let first = start_code(&server).await;
    for _ in 0..3 {
        status(&server, &first["session_id"], "failed", PHONE).await;
    }
    let told = told(&server).await;
    let names: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(names, ["otp.sent", "otp.failed"]);
    let expected = json!({
        "app_key": APP,
        "session_id": first["session_id"],
        "phone": PHONE,
        "error": "undeliverable",
    });
    assert_eq!(told[1].1, expected);
    // The pause is over, and the quota has it again.
    assert_eq!(start_code(&server).await["quota_remaining"], first["quota_remaining"]);
}

#[tokio::test]
async fn a_code_is_told_at_each_step() {
    let server = start().await;
    let session = start_code(&server).await["session_id"].take();
    for name in ["sent", "delivered", "delivered", "read"] {
        status(&server, &session, name, PHONE).await;
    }
    server.clock.advance(SECOND);
    let typed = json!({ "session_id": session, "otp_code": server.codes.last() });
    assert_eq!(server.auth("verify", &typed).await.status(), 200);
    server.clock.advance(SECOND);
    let second = start_code(&server).await["session_id"].take();
    let wrong = format!("{}{}", u8::from(server.codes.last().starts_with('0')), &server.codes.last()[1..]);
    for _ in 0..5 {
        server.auth("verify", &json!({ "session_id": second, "otp_code": wrong })).await;
    }
    let told = told(&server).await;
    let names: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(names, ["otp.sent", "otp.delivered", "otp.verified", "otp.sent", "otp.blocked"]);
    assert_eq!(told[4].1["reason"], "max_attempts");
    for (_, data) in &told {
        assert!(!data.to_string().contains(&server.codes.last()), "no code is told");
    }
}

#[tokio::test]
async fn a_code_that_is_delivered_to_another_account_has_failed() {
    let server = start().await;
    let session = start_code(&server).await["session_id"].take();
    status(&server, &session, "delivered", "15550001234").await;
    let told = told(&server).await;
    assert_eq!((told[1].0.as_str(), &told[1].1["error"]), ("otp.failed", &json!("other_account")));
}

#[tokio::test]
async fn an_alarm_of_the_number_is_told_to_every_app_once() {
    let server = start().await;
    let alarm = |event: &str| {
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
            "field": "phone_number_quality_update", "value": { "event": event, "display_phone_number": "1555" } }] }] })
    };
    for event in ["FLAGGED", "FLAGGED", "UNFLAGGED"] {
        assert_eq!(server.webhook(&alarm(event)).await.status(), 200);
    }
    let told = told(&server).await;
    let data = json!({ "alarm": "phone_number_quality", "event": "FLAGGED", "detail": null });
    assert_eq!(told, [("number.alarm".to_owned(), data)]);
}
