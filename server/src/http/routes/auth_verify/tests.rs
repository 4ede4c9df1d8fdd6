//! The call over HTTP: its shape, its order of errors, and what guessing comes to.

use std::time::Duration;

use loggin_protocol::{ErrorCode, SecretKey};
use serde_json::{Value, json};

use crate::{
    otp::life,
    store::App,
    tests::{PHONE, TestServer, add_key, demo_app, demo_key, error_of, guarded_app, webhook},
};

async fn start(server: &TestServer, phone: &str) -> Value {
    let response =
        server.auth("start", &json!({ "phone": format!("+{phone}"), "meta": { "n": 1.50 } })).await;
    response.json::<Value>().await.unwrap()["session_id"].take()
}

async fn verify(server: &TestServer, session: &Value, code: &str) -> reqwest::Response {
    server.auth("verify", &json!({ "session_id": session, "otp_code": code })).await
}

fn wrong(server: &TestServer) -> String {
    let last = server.codes.last();
    let first = if last.starts_with('0') { "1" } else { "0" };
    format!("{first}{}", &last[1..])
}

#[tokio::test]
async fn the_response_has_the_documented_shape() {
    let server = TestServer::start().await;
    let session = start(&server, PHONE).await;
    let response = verify(&server, &session, &server.codes.last()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["ratelimit-remaining"], "118");
    let text = response.text().await.unwrap();
    assert!(text.contains(r#""n":1.5"#), "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    let expected = json!({ "status": "verified", "phone": PHONE, "verified_at": "2026-09-26T10:00:00.000Z",
        "meta": { "n": 1.5 } });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn errors_come_in_the_documented_order() {
    let server = TestServer::start().await;
    let (other, key) = guarded_app("11111111");
    server.add_app(&other).await;
    let session = start(&server, PHONE).await;
    let body = json!({ "session_id": session, "otp_code": server.codes.last() });
    let foreign = server.auth_as(&key, None, "verify", &body).await;
    assert_eq!(error_of(foreign).await, (404, "session_not_found".to_owned()));
    let rubbish = verify(&server, &json!("rubbish"), "123456").await;
    assert_eq!(error_of(rubbish).await, (404, "session_not_found".to_owned()));
    assert_eq!(verify(&server, &session, &server.codes.last()).await.status(), 200);
    server.clock.advance(life::LIFETIME);
    let used = verify(&server, &session, "000000").await;
    assert_eq!(error_of(used).await, (409, "already_used".to_owned()));

    let session = start(&server, PHONE).await;
    for left in (1..=4).rev() {
        let body: Value = verify(&server, &session, &wrong(&server)).await.json().await.unwrap();
        assert_eq!((&body["error"], &body["attempts_left"]), (&json!("invalid_code"), &json!(left)));
    }
    let last = verify(&server, &session, &wrong(&server)).await;
    assert_eq!(error_of(last).await, (422, "max_attempts".to_owned()));
    let right = verify(&server, &session, &server.codes.last()).await;
    assert_eq!(error_of(right).await, (422, "blocked".to_owned()));
    server.clock.advance(life::LIFETIME);
    let late = verify(&server, &session, &server.codes.last()).await;
    assert_eq!(error_of(late).await, (422, "expired".to_owned()));
}

#[tokio::test]
async fn malformed_calls_are_refused_and_cost_no_attempt() {
    let server = TestServer::start().await;
    let session = start(&server, PHONE).await;
    for body in [
        json!({ "session_id": session }),
        json!({ "otp_code": "123456" }),
        json!({ "session_id": session, "otp_code": 123_456 }),
        json!({ "session_id": 7, "otp_code": "123456" }),
    ] {
        let response = server.auth("verify", &body).await;
        assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()), "{body}");
    }
    let spaced = server.codes.last();
    let spaced = format!(" {} {}\n", &spaced[..3], &spaced[3..]);
    assert_eq!(verify(&server, &session, &spaced).await.status(), 200);
}

#[tokio::test]
async fn what_cannot_be_the_code_costs_no_attempt_and_comes_after_the_session_in_order() {
    let server = TestServer::start().await;
    let unknown = verify(&server, &json!("rubbish"), "12345a").await;
    assert_eq!(error_of(unknown).await, (404, "session_not_found".to_owned()));
    let session = start(&server, PHONE).await;
    for typed in ["", "12345a", "12345", "1234567", "four five", "1.2.3.4.5.6"] {
        let response = verify(&server, &session, typed).await;
        assert_eq!(response.status(), 422, "{typed}");
        let body: Value = response.json().await.unwrap();
        assert_eq!((&body["error"], &body["attempts_left"]), (&json!("invalid_code"), &json!(5)), "{typed}");
    }
    let wrong: Value = verify(&server, &session, &wrong(&server)).await.json().await.unwrap();
    assert_eq!(wrong["attempts_left"], 4);
    let body: Value = verify(&server, &session, "12345a").await.json().await.unwrap();
    assert_eq!(body["attempts_left"], 4);
    let letters = server.codes.last().replace('0', "O");
    assert_eq!(verify(&server, &session, &letters).await.status(), 200);
    let used = verify(&server, &session, "12345a").await;
    assert_eq!(error_of(used).await, (409, "already_used".to_owned()));
    let session = start(&server, PHONE).await;
    server.clock.advance(life::LIFETIME);
    assert_eq!(error_of(verify(&server, &session, "12345a").await).await, (422, "expired".to_owned()));
}

#[tokio::test]
async fn codes_are_read_in_the_digits_of_any_keyboard() {
    for zero in [0x30, 0x660, 0x6F0, 0x966, 0x9E6, 0xBE6, 0xE50, 0x17E0, 0xFF10, 0x1E950] {
        let server = TestServer::start().await;
        let session = start(&server, PHONE).await;
        let code = server.codes.last();
        let shifted = code.bytes().map(|digit| u32::from(digit - b'0') + zero);
        let typed: String = shifted.map(|symbol| char::from_u32(symbol).unwrap()).collect();
        let typed = format!("\u{200F}{typed}\u{202C} ");
        assert_eq!(verify(&server, &session, &typed).await.status(), 200, "{zero:x}");
    }
}

#[tokio::test]
async fn a_lost_response_costs_no_second_attempt() {
    let server = TestServer::start().await;
    let session = start(&server, PHONE).await;
    let call = |key: &'static str, code: String| {
        let body = json!({ "session_id": session, "otp_code": code });
        let server = &server;
        async move { server.auth_as(&demo_key(), Some(key), "verify", &body).await }
    };
    for _ in 0..3 {
        let body: Value = call("one", wrong(&server)).await.json().await.unwrap();
        assert_eq!(body["attempts_left"], 4);
    }
    let first: Value = call("two", server.codes.last()).await.json().await.unwrap();
    let again: Value = call("two", server.codes.last()).await.json().await.unwrap();
    assert_eq!((&first["status"], &again), (&json!("verified"), &first));
    let other = call("two", wrong(&server)).await;
    assert_eq!(error_of(other).await, (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_recipient_who_did_not_ask_cancels_the_code() {
    let server = TestServer::start().await;
    let session = start(&server, PHONE).await;
    let message = |kind: &str, content: Value| {
        let mut message = json!({ "from": PHONE, "id": format!("wamid.{kind}"), "timestamp": "1790416800" });
        message["type"] = json!("button");
        message["button"] = content;
        message["context"] = json!({ "id": format!("wamid.{}", session.as_str().unwrap()) });
        webhook(&[message])
    };
    let other = message("1", json!({ "payload": "OTHER", "text": "Other" }));
    assert_eq!(server.webhook(&other).await.status(), 200);
    let body: Value = verify(&server, &session, &wrong(&server)).await.json().await.unwrap();
    assert_eq!(body["attempts_left"], 4);
    let report = message("2", json!({ "payload": "DID_NOT_REQUEST_CODE", "text": "I did not" }));
    assert_eq!(server.webhook(&report).await.status(), 200);
    let response = verify(&server, &session, &server.codes.last()).await;
    assert_eq!(error_of(response).await, (422, "expired".to_owned()));
}

#[tokio::test]
async fn statuses_by_webhook_reach_the_session() {
    let server = TestServer::start().await;
    let session = start(&server, PHONE).await;
    let status = json!({ "id": "wamid.1", "status": "delivered", "timestamp": "1790416800",
        "recipient_id": PHONE, "biz_opaque_callback_data": session });
    let mut payload = webhook(&[]);
    payload["entry"][0]["changes"][0]["value"]["statuses"] = json!([status]);
    assert_eq!(server.webhook(&payload).await.status(), 200);
    let id = uuid::Uuid::parse_str(session.as_str().unwrap()).unwrap();
    let row = server.server.store.otp_session(id).await.unwrap().unwrap();
    assert_eq!(row.delivery, Some(crate::whatsapp::DeliveryStatus::Delivered));
}

/// Three nodes, each asked with another secret key of the app, by a thousand addresses.
#[tokio::test]
async fn guessing_with_codes_sent_again_stops_at_ten_an_hour() {
    let first = TestServer::start().await;
    let mut compared = 0;
    let mut blocked = 0;
    let mut session = json!("00000000-0000-4000-8000-000000000000");
    for node in 0..3_u8 {
        let key = SecretKey::from_secret(demo_app().app_key, [node + 1; 20]);
        let app = App { calls_per_minute: u32::MAX, ..demo_app() };
        assert!(first.server.store.update_app(&app).await.unwrap());
        add_key(&*first.server.store, &key).await;
        let server = first.another_node().await;
        for address in 0..334_u32 {
            let address = format!("198.51.{node}.{}", address % 250);
            let call = |route: &str, body: Value| {
                let call = server.post(&format!("/api/v1/auth/{route}")).bearer_auth(key.expose());
                let call = call.header("X-Forwarded-For", address.clone()).json(&body).send();
                async move { call.await.unwrap().json::<Value>().await.unwrap() }
            };
            // The pause between codes is waited out where it can be, without the hour coming to its end.
            first.clock.advance(Duration::from_millis(3_400));
            let started = call("start", json!({ "phone": format!("+{PHONE}") })).await;
            if started["session_id"].is_string() {
                session = started["session_id"].clone();
            }
            let guess = json!({ "session_id": session, "otp_code": wrong(&first) });
            let response = call("verify", guess).await;
            let error = ErrorCode::parse(response["error"].as_str().unwrap());
            compared += usize::from(matches!(error, ErrorCode::InvalidCode | ErrorCode::MaxAttempts));
            blocked += usize::from(started["error"] == "blocked");
        }
    }
    assert_eq!(compared, life::WRONG_AN_HOUR);
    assert!(blocked > 900, "{blocked}");
}
