//! The call over HTTP: its shape, who may make it, and how often.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use crate::{
    otp::life,
    store::App,
    testing::{PHONE, TestServer, demo_app, demo_key, error_of, guarded_app},
};

/// A server whose demo app is changed so.
async fn start_with(change: impl FnOnce(App) -> App) -> TestServer {
    let server = TestServer::start().await;
    assert!(server.server.store.update_app(&change(demo_app())).await.unwrap());
    server
}

fn header(response: &Response, name: &str) -> String {
    response.headers()[name].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_answer_has_the_documented_shape() {
    let server = TestServer::start().await;
    let answer = server.auth("start", &json!({ "phone": format!("+{PHONE}") })).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "ratelimit-limit"), "120");
    assert_eq!(header(&answer, "ratelimit-remaining"), "119");
    assert_eq!(header(&answer, "ratelimit-reset"), "60");
    let body: Value = answer.json().await.unwrap();
    let session_id = body["session_id"].as_str().unwrap();
    assert!(uuid::Uuid::parse_str(session_id).is_ok());
    let expected = json!({ "session_id": session_id, "expires_in": 300, "sent_via_engine": true,
        "quota_remaining": null });
    assert_eq!(body, expected);
    let sent = server.codes.sent.lock().unwrap();
    assert_eq!((sent[0].0.expose(), sent[0].1.expose().len()), (PHONE, 6));
}

#[tokio::test]
async fn a_quota_is_told_and_held() {
    let server = start_with(|app| App { monthly_quota: Some(1), ..app }).await;
    let body: Value =
        server.auth("start", &json!({ "phone": format!("+{PHONE}") })).await.json().await.unwrap();
    assert_eq!(body["quota_remaining"], 0);
    let answer = server.auth("start", &json!({ "phone": "+919876543211" })).await;
    assert!(answer.headers().contains_key("retry-after") && answer.headers().contains_key("ratelimit-reset"));
    assert_eq!(error_of(answer).await, (429, "quota_exceeded".to_owned()));
}

#[tokio::test]
async fn numbers_are_read_as_people_write_them() {
    let server = TestServer::start().await;
    for (body, read) in [
        (json!({ "phone": "098765 43210", "country_code": "IN" }), "919876543210"),
        (json!({ "phone": "098765 43211", "country_code": "in" }), "919876543211"),
        (json!({ "phone": "+44 7400 123456", "country_code": "IN" }), "447400123456"),
        (json!({ "phone": "0015 20 878 2491" }), "15208782491"),
    ] {
        let answer = server.auth("start", &body).await;
        assert_eq!(answer.status(), 200, "{body}");
        assert_eq!(server.codes.sent.lock().unwrap().last().unwrap().0.expose(), read, "{body}");
    }
}

#[tokio::test]
async fn numbers_that_are_no_mobile_phones_are_refused_and_nothing_is_sent() {
    let server = TestServer::start().await;
    for phone in ["", "12", "+15550001111", "+18002530000", "+4930123456", "98765 43210", "+91 98765 4321x"] {
        let answer = server.auth("start", &json!({ "phone": phone })).await;
        assert_eq!(error_of(answer).await, (422, "invalid_phone".to_owned()), "{phone}");
    }
    for region in ["XX", "Atlantis", ""] {
        let body = json!({ "phone": format!("+{PHONE}"), "country_code": region });
        assert_eq!(error_of(server.auth("start", &body).await).await, (422, "invalid_phone".to_owned()));
    }
    assert_eq!(server.codes.count(), 0);
}

#[tokio::test]
async fn malformed_calls_are_refused() {
    let server = TestServer::start().await;
    let phone = format!("+{PHONE}");
    for body in [
        json!({}),
        json!([]),
        json!({ "phone": 919_876_543_210_u64 }),
        json!({ "phone": phone, "otp_length": 3 }),
        json!({ "phone": phone, "otp_length": 9 }),
        json!({ "phone": phone, "otp_length": "6" }),
        json!({ "phone": phone, "otp_length": -1 }),
        json!({ "phone": phone, "country_code": 91 }),
    ] {
        let answer = server.auth("start", &body).await;
        assert_eq!(error_of(answer).await, (400, "invalid_request".to_owned()), "{body}");
    }
    let call = server.post("/api/v1/auth/start").bearer_auth(demo_key().expose());
    let call = call.header("Content-Type", "application/x-www-form-urlencoded");
    let form = call.body(format!("phone={phone}")).send().await.unwrap();
    assert_eq!(error_of(form).await, (415, "unsupported_media_type".to_owned()));
    let large = server.auth("start", &json!({ "phone": phone, "meta": "x".repeat(5_000) })).await;
    assert_eq!(error_of(large).await, (413, "payload_too_large".to_owned()));
    let key = "k".repeat(256);
    let answer = server.auth_as(&demo_key(), Some(&key), "start", &json!({ "phone": phone })).await;
    assert_eq!(error_of(answer).await, (400, "invalid_request".to_owned()));
    assert_eq!(server.codes.count(), 0);
}

#[tokio::test]
async fn only_an_apps_server_may_call() {
    let server = TestServer::start().await;
    let body = json!({ "phone": format!("+{PHONE}") });
    let call = || server.post("/api/v1/auth/start").json(&body);
    let (_, stranger) = guarded_app("11111111");
    for call in [call(), call().bearer_auth(stranger.expose()), call().header("X-Api-Key", "rubbish")] {
        assert_eq!(error_of(call.send().await.unwrap()).await, (401, "unauthorized".to_owned()));
    }
    assert_eq!(server.codes.count(), 0);
    let answer = call().header("X-Api-Key", demo_key().expose()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn all_calls_of_a_key_are_counted_and_no_more_than_its_rate_are_let_in() {
    let server = start_with(|app| App { calls_per_minute: 3, ..app }).await;
    assert_eq!(server.auth("start", &json!({ "phone": format!("+{PHONE}") })).await.status(), 200);
    assert_eq!(server.auth("start", &json!({ "phone": "12" })).await.status(), 422);
    assert_eq!(server.auth("verify", &json!({})).await.status(), 400);
    for route in ["start", "verify"] {
        let answer = server.auth(route, &json!({ "phone": "+919876543211" })).await;
        assert_eq!(header(&answer, "ratelimit-remaining"), "0");
        assert_eq!(header(&answer, "retry-after"), "60");
        assert_eq!(error_of(answer).await, (429, "rate_limited".to_owned()));
    }
    let (other, key) = guarded_app("11111111");
    server.add_app(&other).await;
    let body = json!({ "phone": "+919876543211" });
    assert_eq!(server.auth_as(&key, None, "start", &body).await.status(), 200);
    server.clock.advance(Duration::from_secs(60));
    let body = json!({ "phone": "+919876543212" });
    assert_eq!(server.auth("start", &body).await.status(), 200);
}

#[tokio::test]
async fn a_repeated_call_is_answered_again_and_another_body_is_refused() {
    let server = TestServer::start().await;
    let call = |phone: &str| {
        let body = json!({ "phone": phone });
        let server = &server;
        async move { server.auth_as(&demo_key(), Some("key"), "start", &body).await }
    };
    let first: Value = call("+919876543210").await.json().await.unwrap();
    let again: Value = call("+919876543210").await.json().await.unwrap();
    assert_eq!((again, server.codes.count()), (first, 1));
    assert_eq!(error_of(call("+919876543211").await).await, (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_pause_is_told_with_the_error() {
    let server = TestServer::start().await;
    let body = json!({ "phone": format!("+{PHONE}") });
    assert_eq!(server.auth("start", &body).await.status(), 200);
    server.clock.advance(Duration::from_millis(500));
    let answer = server.auth("start", &body).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after").as_str()), (429, "30"));
    let error: Value = answer.json().await.unwrap();
    assert_eq!((&error["error"], &error["retry_after"]), (&json!("rate_limited"), &json!(30)));
}

#[tokio::test]
async fn a_test_number_is_never_sent_to_and_never_throttled() {
    let server = start_with(|app| App { calls_per_minute: 1, monthly_quota: Some(0), ..app }).await;
    let number = loggin::PhoneNumber::parse("15550001111").unwrap();
    server.server.store.put_test_number(&number, "123456").await.unwrap();
    for written in ["+15550001111", "15550001111", "+1 (555) 000-1111"] {
        let answer = server.auth("start", &json!({ "phone": written, "meta": [1] })).await;
        let started: Value = answer.json().await.unwrap();
        assert_eq!(started["sent_via_engine"], false, "{written}: {started}");
        let code = json!({ "session_id": started["session_id"], "otp_code": "654321" });
        let wrong: Value = server.auth("verify", &code).await.json().await.unwrap();
        assert_eq!(wrong["attempts_left"], 4);
        let code = json!({ "session_id": started["session_id"], "otp_code": "123456" });
        let verified: Value = server.auth("verify", &code).await.json().await.unwrap();
        assert_eq!((&verified["phone"], &verified["meta"]), (&json!("15550001111"), &json!([1])));
    }
    assert_eq!(server.codes.count(), 0);
}

#[tokio::test]
async fn an_app_that_is_live_only_has_no_test_numbers() {
    let server = start_with(|app| App { live_only: true, ..app }).await;
    // Also where it could be somebody's.
    let number = loggin::PhoneNumber::parse(PHONE).unwrap();
    server.server.store.put_test_number(&number, "123456").await.unwrap();
    let answer = server.auth("start", &json!({ "phone": format!("+{PHONE}") })).await;
    assert_eq!(error_of(answer).await, (422, "invalid_phone".to_owned()));
    assert_eq!(server.codes.count(), 0);
}

#[tokio::test]
async fn who_hangs_up_leaves_no_code_half_sent() {
    let server = TestServer::start().await;
    let body = json!({ "phone": format!("+{PHONE}") });
    let key = demo_key();
    let call = server.auth_as(&key, Some("key"), "start", &body);
    // Dropped as soon as it is under way, wherever it is then.
    tokio::select! {
        biased;
        _ = call => {}
        () = async { while server.codes.count() == 0 { tokio::task::yield_now().await } } => {}
    }
    server.clock.advance(life::SENDING);
    let answer = server.auth_as(&key, Some("key"), "start", &body).await;
    assert_eq!((answer.status().as_u16(), server.codes.count()), (200, 1));
}
