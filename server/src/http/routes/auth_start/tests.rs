//! The call over HTTP: its shape, who may make it, and how often.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use crate::{
    clock::Clock,
    otp::life,
    store::{Act, App, Countries, GuardSettings, TestNumber},
    tests::{PHONE, TestServer, demo_app, demo_key, error_of, guarded_app},
    whatsapp::{SendStatus, SentMessage},
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
async fn the_response_has_the_documented_shape() {
    let server = TestServer::start().await;
    let response = server.auth("start", &json!({ "phone": format!("+{PHONE}") })).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "ratelimit-limit"), "120");
    assert_eq!(header(&response, "ratelimit-remaining"), "119");
    assert_eq!(header(&response, "ratelimit-reset"), "60");
    let body: Value = response.json().await.unwrap();
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
    let response = server.auth("start", &json!({ "phone": "+919876543211" })).await;
    assert!(
        response.headers().contains_key("retry-after") && response.headers().contains_key("ratelimit-reset")
    );
    assert_eq!(error_of(response).await, (429, "quota_exceeded".to_owned()));
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
        let response = server.auth("start", &body).await;
        assert_eq!(response.status(), 200, "{body}");
        assert_eq!(server.codes.sent.lock().unwrap().last().unwrap().0.expose(), read, "{body}");
    }
}

#[tokio::test]
async fn numbers_that_no_message_goes_to_are_refused_and_nothing_is_sent() {
    let server = TestServer::start().await;
    for phone in ["", "12", "+15550001111", "+18002530000", "+19002530000", "98765 43210", "+91 98765 4321x"]
    {
        let response = server.auth("start", &json!({ "phone": phone })).await;
        assert_eq!(error_of(response).await, (422, "invalid_phone".to_owned()), "{phone}");
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
        let response = server.auth("start", &body).await;
        assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()), "{body}");
    }
    let call = server.post("/api/v1/auth/start").bearer_auth(demo_key().expose());
    let call = call.header("Content-Type", "application/x-www-form-urlencoded");
    let form = call.body(format!("phone={phone}")).send().await.unwrap();
    assert_eq!(error_of(form).await, (415, "unsupported_media_type".to_owned()));
    let large = server.auth("start", &json!({ "phone": phone, "meta": "x".repeat(5_000) })).await;
    assert_eq!(error_of(large).await, (413, "payload_too_large".to_owned()));
    let key = "k".repeat(256);
    let response = server.auth_as(&demo_key(), Some(&key), "start", &json!({ "phone": phone })).await;
    assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()));
    assert_eq!(server.codes.count(), 0);
}

#[tokio::test]
async fn only_an_apps_server_may_call() {
    let server = TestServer::start().await;
    let body = json!({ "phone": format!("+{PHONE}") });
    let call = || server.post("/api/v1/auth/start").json(&body);
    let (_, unknown) = guarded_app("11111111");
    for call in [call(), call().bearer_auth(unknown.expose()), call().header("X-Api-Key", "rubbish")] {
        assert_eq!(error_of(call.send().await.unwrap()).await, (401, "unauthorized".to_owned()));
    }
    assert_eq!(server.codes.count(), 0);
    let response = call().header("X-Api-Key", demo_key().expose()).send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn all_calls_of_a_key_are_counted_and_no_more_than_its_rate_are_let_in() {
    let server = start_with(|app| App { calls_per_minute: 3, ..app }).await;
    assert_eq!(server.auth("start", &json!({ "phone": format!("+{PHONE}") })).await.status(), 200);
    assert_eq!(server.auth("start", &json!({ "phone": "12" })).await.status(), 422);
    assert_eq!(server.auth("verify", &json!({})).await.status(), 400);
    for route in ["start", "verify"] {
        let response = server.auth(route, &json!({ "phone": "+919876543211" })).await;
        assert_eq!(header(&response, "ratelimit-remaining"), "0");
        assert_eq!(header(&response, "retry-after"), "60");
        assert_eq!(error_of(response).await, (429, "rate_limited".to_owned()));
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
    let response = server.auth("start", &body).await;
    assert_eq!((response.status().as_u16(), header(&response, "retry-after").as_str()), (429, "30"));
    let error: Value = response.json().await.unwrap();
    assert_eq!((&error["error"], &error["retry_after"]), (&json!("rate_limited"), &json!(30)));
}

const TEST_NUMBER: &str = "15550001111";

async fn put_test_number(server: &TestServer, digits: &str, cooldown: bool) {
    let number = loggin_protocol::PhoneNumber::parse(digits).unwrap();
    let test = TestNumber { code: "123456".to_owned(), cooldown };
    server.server.store.put_test_number(&number, &test).await.unwrap();
}

async fn verify(server: &TestServer, session: &Value, code: &str) -> Value {
    let body = json!({ "session_id": session, "otp_code": code });
    server.auth("verify", &body).await.json().await.unwrap()
}

#[tokio::test]
async fn a_test_number_is_never_sent_to() {
    let server = TestServer::start().await;
    put_test_number(&server, TEST_NUMBER, true).await;
    for written in ["+15550001111", "15550001111", "+1 (555) 000-1111"] {
        let response = server.auth("start", &json!({ "phone": written, "meta": [1] })).await;
        let started: Value = response.json().await.unwrap();
        assert_eq!(started["sent_via_engine"], false, "{written}: {started}");
        assert_eq!(verify(&server, &started["session_id"], "654321").await["attempts_left"], 4);
        let verified = verify(&server, &started["session_id"], "123456").await;
        assert_eq!((&verified["phone"], &verified["meta"]), (&json!(TEST_NUMBER), &json!([1])));
    }
    assert_eq!(server.codes.count(), 0);
}

#[tokio::test]
async fn a_test_number_has_the_pauses_counts_and_limits_of_any_number() {
    let server = start_with(|app| App { monthly_quota: Some(3), ..app }).await;
    put_test_number(&server, TEST_NUMBER, true).await;
    let body = json!({ "phone": TEST_NUMBER });
    let mut compared = 0;
    for left in [2, 1] {
        let started: Value = server.auth("start", &body).await.json().await.unwrap();
        assert_eq!(started["quota_remaining"], left);
        for _ in 0..6 {
            let response = verify(&server, &started["session_id"], "000000").await;
            compared +=
                usize::from(response["error"] == "invalid_code" || response["error"] == "max_attempts");
        }
        assert_eq!(error_of(server.auth("start", &body).await).await.0, if left == 2 { 429 } else { 422 });
        server.clock.advance(life::COOLDOWN);
    }
    assert_eq!(compared, life::WRONG_AN_HOUR);
    assert_eq!(error_of(server.auth("start", &body).await).await, (422, "blocked".to_owned()));
    server.clock.advance(life::HOUR);
    assert_eq!(server.auth("start", &body).await.status(), 200);
    server.clock.advance(life::COOLDOWN);
    assert_eq!(error_of(server.auth("start", &body).await).await, (429, "quota_exceeded".to_owned()));
}

#[tokio::test]
async fn calls_for_a_test_number_count_in_the_rate() {
    let server = start_with(|app| App { calls_per_minute: 5, ..app }).await;
    put_test_number(&server, TEST_NUMBER, false).await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(server.auth("start", &json!({ "phone": TEST_NUMBER })).await.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429]);
}

#[tokio::test]
async fn tests_side_by_side_do_not_revoke_each_others_codes() {
    let server = TestServer::start().await;
    put_test_number(&server, TEST_NUMBER, false).await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let started = server.auth("start", &json!({ "phone": TEST_NUMBER })).await;
        sessions.push(started.json::<Value>().await.unwrap()["session_id"].take());
    }
    // Tries are those of the number, whichever session they are made in.
    assert_eq!(verify(&server, &sessions[0], "000000").await["attempts_left"], 4);
    assert_eq!(verify(&server, &sessions[1], "000000").await["attempts_left"], 3);
    for session in &sessions {
        assert_eq!(verify(&server, session, "123456").await["status"], "verified");
        assert_eq!(verify(&server, session, "123456").await["error"], "already_used");
    }
    let started: Value = server.auth("start", &json!({ "phone": TEST_NUMBER })).await.json().await.unwrap();
    server.clock.advance(life::LIFETIME);
    assert_eq!(verify(&server, &started["session_id"], "123456").await["error"], "expired");
}

/// What a link login reports of somebody, handed to the one-time codes of the same server.
#[tokio::test]
async fn the_number_of_a_link_login_is_sent_to_as_the_account_that_it_names() {
    let cases = [
        ("919876543210", "919876543210"),
        ("5215512345678", "525512345678"),
        ("553188887777", "5531988887777"),
        ("541123456789", "541123456789"),
        ("22997123456", "2290197123456"),
        ("22507123456", "2250707123456"),
    ];
    for (reported, sent_to) in cases {
        let server = TestServer::start().await;
        let wa_id = Some(loggin_protocol::PhoneNumber::parse(reported).unwrap());
        server.codes.will_respond([Ok(SentMessage {
            id: "wamid.1".to_owned(),
            status: SendStatus::Accepted,
            wa_id,
        })]);
        let started = server.auth("start", &json!({ "phone": format!("+{reported}") })).await;
        assert_eq!(started.status(), 200, "{reported}");
        let started: Value = started.json().await.unwrap();
        assert_eq!(server.codes.sent.lock().unwrap()[0].0.expose(), sent_to);
        let again = server.auth("start", &json!({ "phone": format!("+{sent_to}") })).await;
        assert_eq!(error_of(again).await, (429, "rate_limited".to_owned()), "one account");
        let verified = verify(&server, &started["session_id"], &server.codes.last()).await;
        assert_eq!(verified["phone"], reported, "{verified}");
    }
}

#[tokio::test]
async fn an_app_that_is_live_only_has_no_test_numbers() {
    let server = start_with(|app| App { live_only: true, ..app }).await;
    // Also where it could be somebody's.
    put_test_number(&server, PHONE, true).await;
    let response = server.auth("start", &json!({ "phone": format!("+{PHONE}") })).await;
    assert_eq!(error_of(response).await, (422, "invalid_phone".to_owned()));
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
    let response = server.auth_as(&key, Some("key"), "start", &body).await;
    assert_eq!((response.status().as_u16(), server.codes.count()), (200, 1));
}

#[tokio::test]
async fn what_guards_refuse_is_one_answer_and_says_nothing_of_which() {
    let server = TestServer::start().await;
    let (store, app_key) = (&server.server.store, demo_app().app_key);
    let settings = GuardSettings {
        countries: Countries::These(vec!["IN".to_owned()]),
        client_numbers: Some(1),
        per_day: Some(1),
        ..GuardSettings::default()
    };
    let set = Act::SetGuards(app_key, Box::new(settings), vec!["countries"]);
    assert!(store.administer(set, "test".to_owned(), server.clock.now()).await.unwrap());
    let start = async |phone: &str| {
        server.auth("start", &json!({ "phone": phone, "client_ip": "2001:db8::7" })).await
    };
    let country: Value = start("+4915112345678").await.json().await.unwrap();
    assert_eq!((&country["error"], &country["attempts_left"]), (&json!("blocked"), &Value::Null));
    assert_eq!(server.codes.count(), 0);
    let client: Value = start(&format!("+{PHONE}")).await.json().await.unwrap();
    assert_eq!((&client["error"], &client["message"]), (&country["error"], &country["message"]));
    let body = json!({ "phone": format!("+{PHONE}"), "client_ip": "203.0.113.9" });
    assert_eq!(server.auth("start", &body).await.status(), 200);
    let day = server.auth("start", &json!({ "phone": "+919876543211" })).await;
    assert!(day.headers().contains_key("retry-after"));
    assert_eq!(error_of(day).await, (429, "rate_limited".to_owned()));
    assert_eq!(server.codes.count(), 1);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    let server = TestServer::start().await;
    for address in [json!("home"), json!(""), json!("203.0.113.7:80"), json!(7)] {
        let body = json!({ "phone": format!("+{PHONE}"), "client_ip": address });
        let response = server.auth("start", &body).await;
        assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()), "{address}");
    }
    assert_eq!(server.codes.count(), 0);
}
