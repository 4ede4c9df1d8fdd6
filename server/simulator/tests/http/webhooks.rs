//! What arrives at the webhook.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::fixture::{ANA, Fixture, PHONE_NUMBER_ID, RAVI, Receiver, SHEENA};

#[tokio::test]
async fn calls_are_signed_over_escaped_bytes() {
    let fixture = Fixture::start().await;
    let receipt = fixture.text(ANA, "Größe 😀 a/b ana@example.com").await;
    assert_eq!((&receipt["status"], &receipt["held"]), (&json!(200), &json!(false)));
    assert!(receipt["ms"].as_f64().is_some_and(|ms| ms > 0.0));
    let call = fixture.receiver.calls(1).await[0].clone();
    assert!(call.is_signed() && call.body.is_ascii());
    assert!(call.text().contains(r"Gr\u00f6\u00dfe \ud83d\ude00 a\/b ana@example.com"), "{}", call.text());
    assert_eq!(call.headers["content-type"], "application/json");
    assert_eq!(call.message()["text"]["body"], "Größe 😀 a/b ana@example.com");
    assert_eq!(call.message()["id"], receipt["message_id"]);
    assert_eq!(call.value()["metadata"]["phone_number_id"], PHONE_NUMBER_ID);
    // Escaping undone and the JSON written anew gives other bytes, so that only the raw ones fit the signature.
    assert_ne!(call.json().to_string().as_bytes(), &call.body[..]);
}

#[tokio::test]
async fn a_call_is_repeated_byte_for_byte_until_it_is_answered_200() {
    let fixture = Fixture::start().await;
    fixture.receiver.respond_with(&[500, 202]);
    let receipt = fixture.text(ANA, "hello").await;
    assert_eq!(receipt["status"], 500);
    let calls = fixture.receiver.calls(3).await;
    assert!(calls.iter().all(|call| call.body == calls[0].body && call.is_signed()));
    let path =
        format!("/control/deliveries?after=2&timeout_ms=10000&message_id={}", encode(&receipt["message_id"]));
    let third = fixture.get(&path).await["deliveries"][0].clone();
    assert_eq!((&third["attempt"], &third["status"]), (&json!(3), &json!(200)));
    assert_eq!(fixture.receiver.seen(), 3);
}

#[tokio::test]
async fn a_server_that_is_away_gets_it_later() {
    let receiver = Receiver::start().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}/webhook", nobody.local_addr().unwrap());
    drop(nobody);
    let fixture = Fixture::with(receiver, &dead, |config| config.retry_delays.clear()).await;
    let receipt = fixture.text(ANA, "hello").await;
    assert_eq!(receipt["status"], Value::Null);
    assert_eq!(receipt["deliveries"][0]["error"], "connection_refused");
}

#[tokio::test]
async fn a_message_that_nobody_takes_fails_in_the_end() {
    let fixture = Fixture::start().await;
    fixture.receiver.respond_with(&[500; 4]);
    fixture.text(ANA, "hello").await;
    fixture.receiver.calls(4).await;
    let last = fixture.get("/control/deliveries?after=3&timeout_ms=10000").await;
    assert_eq!(last["deliveries"][0]["attempt"], 4);
    fixture.text(ANA, "next").await;
    let chat = fixture.chat(ANA, 0).await;
    assert_eq!((&chat[0]["status"], &chat[1]["status"]), (&json!("failed"), &json!("delivered")));
}

#[tokio::test]
async fn a_thousand_updates_come_in_one_call() {
    let fixture = Fixture::start().await;
    let messages: Vec<_> = (0..1_000)
        .map(|index| json!({ "phone": if index % 2 == 0 { ANA } else { RAVI }, "text": format!("code {index}") }))
        .collect();
    let response = fixture.control("batch", json!({ "messages": messages })).await;
    assert_eq!((&response["status"], fixture.receiver.seen()), (&json!(200), 1));
    let body = fixture.receiver.calls(1).await[0].json();
    let entries = body["entry"].as_array().unwrap();
    let values =
        entries.iter().flat_map(|entry| entry["changes"].as_array().unwrap()).map(|change| &change["value"]);
    let ids: Vec<_> =
        values.flat_map(|value| value["messages"].as_array().unwrap()).map(|one| one["id"].clone()).collect();
    assert!(entries.len() > 1);
    assert_eq!(&Value::Array(ids.clone()), &response["message_ids"]);
    assert_eq!(ids.iter().map(Value::to_string).collect::<HashSet<_>>().len(), 1_000);

    let too_many = vec![json!({ "phone": ANA, "text": "x" }); 1_001];
    assert_eq!(fixture.try_control("batch", json!({ "messages": too_many })).await.0, 400);
}

#[tokio::test]
async fn a_message_is_delivered_again_on_request() {
    let fixture = Fixture::start().await;
    let receipt = fixture.text(ANA, "hello").await;
    let again = json!({ "message_id": receipt["message_id"], "times": 3, "concurrent": true });
    let response = fixture.control("redeliver", again).await;
    assert_eq!(response["deliveries"].as_array().map(Vec::len), Some(3));
    let calls = fixture.receiver.calls(4).await;
    assert!(calls.iter().all(|call| call.body == calls[0].body), "the timestamp too is the first one");
    assert_eq!(fixture.try_control("redeliver", json!({ "message_id": "wamid.none" })).await.0, 404);
}

#[tokio::test]
async fn a_hidden_number_stands_nowhere() {
    let fixture = Fixture::start().await;
    fixture.text(SHEENA, "hello").await;
    let call = fixture.receiver.calls(1).await[0].clone();
    let message = call.message();
    assert!(!call.text().contains(SHEENA) && message.get("from").is_none());
    let contact = call.value()["contacts"][0].clone();
    assert_eq!((&contact["profile"]["username"], contact.get("wa_id")), (&json!("realsheena"), None));
    assert_eq!(contact["user_id"], message["from_user_id"]);
    // The id decodes to something, as Meta's do, but not to the number.
    let id = message["id"].as_str().unwrap().strip_prefix("wamid.").unwrap();
    let bytes = data_encoding::BASE64.decode(id.as_bytes()).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains(SHEENA));
}

#[tokio::test]
async fn a_body_of_ones_own_is_sent_as_it_stands() {
    let fixture = Fixture::start().await;
    let response = fixture.control("webhook", json!({ "payload": { "object": "ä" } })).await;
    assert_eq!(response["status"], 200);
    fixture.control("webhook", json!({ "body": "{\"broken\"" })).await;
    fixture.control("webhook", json!({ "body": "x", "signature": "missing" })).await;
    fixture.control("webhook", json!({ "body": "x", "signature": "wrong" })).await;
    let large = "x".repeat(4 << 20);
    fixture.control("webhook", json!({ "body": large })).await;
    let calls = fixture.receiver.calls(5).await;
    assert_eq!((calls[0].text(), calls[0].is_signed()), (r#"{"object":"\u00e4"}"#, true));
    assert_eq!((calls[1].text(), calls[1].is_signed()), ("{\"broken\"", true));
    assert!(!calls[2].headers.contains_key("x-hub-signature-256"));
    assert!(calls[3].headers.contains_key("x-hub-signature-256") && !calls[3].is_signed());
    assert_eq!((calls[4].body.len(), calls[4].is_signed()), (4 << 20, true));
    let both = json!({ "body": "x", "payload": {} });
    assert_eq!(fixture.try_control("webhook", both).await.0, 400);
}

#[tokio::test]
async fn the_handshake_is_made_on_request() {
    let fixture = Fixture::start().await;
    assert_eq!(
        fixture.control("webhook/verify", json!({})).await,
        json!({ "status": 200, "verified": true })
    );
    let receiver = Receiver::start().await;
    let wrong = format!("{}/elsewhere", receiver.base);
    let fixture = Fixture::with(receiver, &wrong, |_| {}).await;
    assert_eq!(
        fixture.control("webhook/verify", json!({})).await,
        json!({ "status": 404, "verified": false })
    );
}

fn encode(id: &Value) -> String {
    url::form_urlencoded::byte_serialize(id.as_str().unwrap().as_bytes()).collect()
}
