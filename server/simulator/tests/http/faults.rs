//! What goes wrong on request.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{ACCESS_TOKEN, ANA, Fixture, PHONE_NUMBER_ID, RAVI, code_to};

#[tokio::test]
async fn a_duplicate_is_the_same_call_twice() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "webhook": { "duplicate": 2, "concurrent": true } })).await;
    let receipt = fixture.text(ANA, "hello").await;
    assert_eq!(receipt["deliveries"].as_array().map(Vec::len), Some(3));
    fixture.text(ANA, "next").await;
    let calls = fixture.receiver.calls(4).await;
    assert!(calls[..3].iter().all(|call| call.body == calls[0].body));
    assert_ne!(calls[3].body, calls[0].body);
}

#[tokio::test]
async fn a_dropped_update_can_still_be_redelivered() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "webhook": { "drop": true } })).await;
    let receipt = fixture.text(ANA, "hello").await;
    assert_eq!((&receipt["status"], &receipt["deliveries"][0]["error"]), (&Value::Null, &json!("dropped")));
    assert_eq!(fixture.receiver.seen(), 0);
    fixture.control("redeliver", json!({ "message_id": receipt["message_id"] })).await;
    assert_eq!(fixture.receiver.calls(1).await[0].message()["id"], receipt["message_id"]);
}

#[tokio::test]
async fn a_wrong_signature_is_put_right_by_the_retry() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "webhook": { "signature": "wrong" } })).await;
    fixture.receiver.respond_with(&[401]);
    assert_eq!(fixture.text(ANA, "hello").await["status"], 401);
    let calls = fixture.receiver.calls(2).await;
    assert_eq!((calls[0].is_signed(), calls[1].is_signed()), (false, true));
    assert_eq!(calls[0].body, calls[1].body);
}

#[tokio::test]
async fn plain_utf8_is_signed_as_it_is() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "webhook": { "plain_utf8": true } })).await;
    fixture.text(ANA, "Größe").await;
    let call = fixture.receiver.calls(1).await[0].clone();
    assert!(call.text().contains("Größe") && call.is_signed());
}

#[tokio::test]
async fn a_batch_is_gathered_and_a_reordering_is_turned_round() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "webhook": { "batch": 2 } })).await;
    fixture.fault(json!({ "webhook": { "reorder": 2 } })).await;
    assert_eq!(fixture.text(ANA, "a").await["held"], true);
    assert_eq!(fixture.text(RAVI, "b").await["held"], false);
    let batch = fixture.receiver.calls(1).await[0].value();
    assert_eq!(
        (&batch["messages"][0]["text"]["body"], &batch["messages"][1]["text"]["body"]),
        (&json!("a"), &json!("b"))
    );
    fixture.text(ANA, "c").await;
    fixture.text(ANA, "d").await;
    let calls = fixture.receiver.calls(3).await;
    let texts: Vec<_> = calls[1..].iter().map(|call| call.message()["text"]["body"].clone()).collect();
    assert_eq!(texts, ["d", "c"]);
}

#[tokio::test]
async fn ending_the_faults_lets_go_of_what_they_hold() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "webhook": { "batch": 5 } })).await;
    fixture.text(ANA, "a").await;
    assert_eq!(fixture.get("/control/faults").await["held"], 1);
    let response = fixture.request(Method::DELETE, "/control/faults").send().await.unwrap();
    assert_eq!(response.json::<Value>().await.unwrap()["status"], 200);
    assert_eq!(fixture.receiver.calls(1).await[0].message()["text"]["body"], "a");
    assert_eq!(fixture.get("/control/faults").await, json!({ "webhook": [], "graph": [], "held": 0 }));
}

#[tokio::test]
async fn a_delay_comes_before_the_call() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "webhook": { "delay_ms": 80 } })).await;
    let began = Instant::now();
    fixture.text(ANA, "late").await;
    assert!(began.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn the_graph_api_fails_as_told() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "graph": { "code": 130_429, "retry_after": 3 } })).await;
    fixture.fault(json!({ "graph": { "http_status": 502 } })).await;
    let call = async || {
        let path = format!("/v26.0/{PHONE_NUMBER_ID}/messages");
        let request = fixture.request(Method::POST, &path).bearer_auth(ACCESS_TOKEN);
        request.json(&code_to(ANA, "483920")).send().await.unwrap()
    };
    let throttled = call().await;
    assert_eq!(throttled.status(), 429);
    assert_eq!(throttled.headers()["retry-after"], "3");
    assert_eq!(throttled.json::<Value>().await.unwrap()["error"]["code"], 130_429);
    let proxied = call().await;
    assert_eq!(proxied.status(), 502);
    assert!(proxied.text().await.unwrap().starts_with("<!doctype html>"));
    assert_eq!(fixture.get(&format!("/control/phones/{ANA}/messages")).await["messages"], json!([]));
    assert_eq!(call().await.status(), 200);
}

#[tokio::test]
async fn a_lost_response_hides_a_message_that_arrives() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "graph": { "lose_answer": true } })).await;
    let path = format!("/v26.0/{PHONE_NUMBER_ID}/messages");
    let request =
        fixture.request(Method::POST, &path).bearer_auth(ACCESS_TOKEN).json(&code_to(ANA, "483920"));
    let response = request.send().await;
    let lost = match response {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(lost);
    assert_eq!(fixture.chat(ANA, 0).await[0]["code"], "483920");
}

/// A call of the messages endpoint: status and body.
async fn send(fixture: &Fixture) -> (u16, Value) {
    fixture.graph(code_to(ANA, "483920")).await
}

#[tokio::test]
async fn a_pair_that_is_throttled_is_told_for_how_long() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "graph": { "code": 131_056, "retry_after": 6 } })).await;
    let path = format!("/v26.0/{PHONE_NUMBER_ID}/messages");
    let request = fixture.request(Method::POST, &path).bearer_auth(ACCESS_TOKEN);
    let response = request.json(&code_to(ANA, "483920")).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (400, &"6".parse().unwrap())
    );
    assert_eq!(response.json::<Value>().await.unwrap()["error"]["code"], 131_056);
}

#[tokio::test]
async fn a_message_can_be_taken_and_kept_back() {
    let fixture = Fixture::start().await;
    for status in ["paused", "held_for_quality_assessment"] {
        fixture.fault(json!({ "graph": { "message_status": status } })).await;
        let (code, response) = send(&fixture).await;
        assert_eq!((code, &response["messages"][0]["message_status"]), (200, &json!(status)));
        assert!(response["messages"][0]["id"].is_string());
    }
    assert_eq!(fixture.get(&format!("/control/phones/{ANA}/messages")).await["messages"], json!([]));
    assert_eq!(send(&fixture).await.1["messages"][0]["message_status"], "accepted");
    let calls = fixture.receiver.calls(2).await;
    let statuses: Vec<_> = calls.iter().map(|call| call.status()["status"].clone()).collect();
    assert_eq!(statuses, ["sent", "delivered"], "of the third alone");
}

#[tokio::test]
async fn a_message_can_fail_after_it_was_taken() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "graph": { "failed_status": 131_026 } })).await;
    let (code, response) = send(&fixture).await;
    assert_eq!((code, &response["messages"][0]["message_status"]), (200, &json!("accepted")));
    let status = fixture.receiver.calls(1).await[0].status();
    assert_eq!((&status["id"], &status["status"]), (&response["messages"][0]["id"], &json!("failed")));
    assert_eq!(status["errors"][0]["code"], 131_026);
    assert_eq!(fixture.get(&format!("/control/phones/{ANA}/messages")).await["messages"], json!([]));
}

#[tokio::test]
async fn a_message_whose_response_is_held_was_sent() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "graph": { "hold_ms": 60_000 } })).await;
    let path = format!("/v26.0/{PHONE_NUMBER_ID}/messages");
    let request = fixture.request(Method::POST, &path).bearer_auth(ACCESS_TOKEN);
    let request = request.json(&code_to(ANA, "483920")).timeout(Duration::from_millis(300));
    assert!(request.send().await.unwrap_err().is_timeout());
    assert_eq!(fixture.chat(ANA, 0).await[0]["code"], "483920");
}

#[tokio::test]
async fn an_outage_holds_for_every_call_until_it_is_over() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "graph": { "for_ms": 60_000, "http_status": 503 } })).await;
    for _ in 0..3 {
        assert_eq!(send(&fixture).await.0, 503);
    }
    assert_eq!(fixture.get("/control/faults").await["graph"][0]["for_ms"], 60_000);
    fixture.request(Method::DELETE, "/control/faults").send().await.unwrap();
    assert_eq!(send(&fixture).await.0, 200);
}

#[tokio::test]
async fn senseless_faults_are_refused() {
    let fixture = Fixture::start().await;
    for fault in [
        json!({ "webhook": { "count": 0 } }),
        json!({ "webhook": { "batch": 1_001 } }),
        json!({ "webhook": { "signature": "odd" } }),
        json!({ "webhook": { "unknown": 1 } }),
        json!({ "graph": { "http_status": 200 } }),
        json!({ "graph": { "hold_ms": 60_001 } }),
        json!({ "graph": { "for_ms": 600_001 } }),
        json!({ "graph": { "message_status": "accepted" } }),
        json!({ "graph": { "message_status": "paused", "failed_status": 131_026 } }),
        json!({ "other": {} }),
    ] {
        assert_eq!(fixture.try_control("faults", fault.clone()).await.0, 400, "{fault}");
    }
}
