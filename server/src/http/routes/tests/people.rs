//! People whose number is hidden or changes, from WhatsApp's webhook to what their app is told.

use loggin_protocol::Token;
use serde_json::{Value, json};

use crate::{
    store::{App, EventKind, PhoneHidden, WebhookEndpoint},
    tests::{APP, PHONE, TestServer, demo_app, error_of, text_message, token, webhook},
};

const OTHER: &str = "919876543299";

async fn start(app: App) -> TestServer {
    let server = TestServer::start().await;
    assert!(server.server.store.update_app(&app).await.unwrap());
    let endpoint = WebhookEndpoint {
        id: "whe_1".to_owned(),
        app_key: app.app_key,
        url: "https://app.example/hook".to_owned(),
        events: vec![EventKind::UserChanged.as_str().to_owned()],
        secret: vec![1],
        old_secret: None,
        created_at: app.created_at,
        disabled: None,
        succeeded_at: None,
    };
    assert!(server.server.store.put_webhook_endpoint(&endpoint).await.unwrap());
    server
}

/// What the app was told of people, the latest first.
async fn told(server: &TestServer) -> Vec<Value> {
    let deliveries = server.server.store.webhook_deliveries("whe_1", None, None, 9).await.unwrap();
    let data = |payload: &str| serde_json::from_str::<Value>(payload).unwrap()["data"].clone();
    deliveries.iter().map(|delivery| data(&delivery.payload)).collect()
}

/// A message with a login's code, with these names.
async fn send(server: &TestServer, token: &Token, names: Value) {
    let text = format!("Code: {}", token.code().expose());
    assert_eq!(server.webhook(&webhook(&[text_message(&text, &names)])).await.status(), 200);
}

/// A system message.
async fn notice(server: &TestServer, id: &str, system: Value, from: Value) {
    let mut message = json!({ "id": id, "type": "system", "text": null, "system": system });
    for (name, value) in from.as_object().unwrap() {
        message[name] = value.clone();
    }
    assert_eq!(server.webhook(&webhook(&[text_message("", &message)])).await.status(), 200);
}

async fn session(server: &TestServer, token: &Token) -> Value {
    let response = server.verify(token, "key").await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_new_number_is_told_once_and_the_person_stays_who_they_were() {
    let server = start(demo_app()).await;
    send(&server, &token(1), json!({ "from": PHONE, "from_user_id": "IN.1" })).await;
    let before = session(&server, &token(1)).await;
    assert_eq!(before["assurance"], "normal");
    let system = json!({
        "type": "user_changed_number", "wa_id": OTHER, "user_id": "IN.2", "previous_user_id": "IN.1",
    });
    for _ in 0..2 {
        let from = json!({ "from": PHONE, "from_user_id": null });
        notice(&server, "wamid.NOTICE", system.clone(), from).await;
    }
    assert_eq!(
        told(&server).await,
        [json!({
            "app_key": APP, "subject": before["subject"], "change": "number",
            "phone": OTHER, "previous_phone": PHONE, "user_id": "IN.2", "previous_user_id": "IN.1",
            "occurred_at": "2026-09-26T10:00:00.000Z",
        })]
    );
    send(&server, &token(2), json!({ "from": OTHER, "from_user_id": "IN.2" })).await;
    let after = session(&server, &token(2)).await;
    assert_eq!((&after["subject"], &after["assurance"]), (&before["subject"], &json!("changed")));
    send(&server, &token(3), json!({ "from": OTHER, "from_user_id": "IN.2" })).await;
    assert_eq!(session(&server, &token(3)).await["assurance"], "normal");
}

#[tokio::test]
async fn a_notice_and_the_next_message_may_come_in_one_call_in_any_order() {
    let server = start(demo_app()).await;
    send(&server, &token(1), json!({ "from": PHONE, "from_user_id": "IN.1" })).await;
    let before = session(&server, &token(1)).await;
    let system = json!({ "type": "user_changed_user_id", "user_id": "IN.2", "previous_user_id": "IN.1" });
    let fields = json!({
        "type": "system", "text": null, "system": system, "from": null, "from_user_id": null,
    });
    let text = format!("Code: {}", token(2).code().expose());
    let names = json!({ "from": PHONE, "from_user_id": "IN.2" });
    let call = webhook(&[text_message(&text, &names), text_message("", &fields)]);
    assert_eq!(server.webhook(&call).await.status(), 200);
    let after = session(&server, &token(2)).await;
    assert_eq!((&after["subject"], &after["assurance"]), (&before["subject"], &json!("changed")));
}

#[tokio::test]
async fn an_account_that_is_registered_anew_is_told() {
    let server = start(demo_app()).await;
    let names = json!({ "from": PHONE, "from_user_id": "IN.1" });
    send(&server, &token(1), names.clone()).await;
    let before = session(&server, &token(1)).await;
    let mut fields = names.clone();
    fields["identity"] = json!({ "acknowledged": true, "hash": "another" });
    notice(&server, "wamid.KEY", json!({ "type": "customer_identity_changed" }), fields).await;
    let told = told(&server).await;
    assert_eq!((told.len(), &told[0]["change"], &told[0]["phone"]), (1, &json!("identity"), &json!(PHONE)));
    send(&server, &token(2), names).await;
    let after = session(&server, &token(2)).await;
    assert_eq!((&after["subject"], &after["assurance"]), (&before["subject"], &json!("changed")));
}

#[tokio::test]
async fn who_hides_the_number_is_handed_only_to_who_takes_that() {
    let server = start(App { phone_hidden: PhoneHidden::Allow, ..demo_app() }).await;
    let hidden = json!({ "from": null, "from_user_id": "IN.1" });
    send(&server, &token(1), hidden).await;
    let refused = (422, "phone_hidden".to_owned());
    assert_eq!(error_of(server.verify(&token(1), "key").await).await, refused);
    let poll = async |need: Option<&str>| {
        let mut body = json!({ "tokens": [token(1).expose()], "claim": true });
        if let Some(need) = need {
            body["phone"] = need.into();
        }
        let call = server.post("/api/v1/tokens/events").header("Accept", "application/json").json(&body);
        let response = call.header("Idempotency-Key", "key").send().await.unwrap();
        let mut response: Value = response.json().await.unwrap();
        response["events"][0].take()
    };
    for need in [None, Some("required")] {
        let event = poll(need).await;
        assert_eq!((&event["event"], &event["data"]["error"]), (&json!("rejected"), &json!("phone_hidden")));
    }
    let event = poll(Some("optional")).await;
    let session = &event["data"]["session"];
    assert_eq!((&event["event"], &session["phone"]), (&json!("verified"), &Value::Null));
    assert_eq!(session["user_id"], "IN.1");
    let body = json!({ "token": token(1).expose(), "phone": "optional" });
    let call = server.post("/api/v1/tokens/verify").header("Idempotency-Key", "key").json(&body);
    let again: Value = call.send().await.unwrap().json().await.unwrap();
    assert_eq!((&again["subject"], &again["phone"]), (&session["subject"], &Value::Null));
    let call =
        server.post("/api/v1/tokens/verify").json(&json!({ "token": token(1).expose(), "phone": "maybe" }));
    assert_eq!(error_of(call.send().await.unwrap()).await, (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_page_that_is_not_shown_the_number_is_shown_the_subject() {
    let server = start(App { hide_phone_from_browser: true, ..demo_app() }).await;
    send(&server, &token(1), json!({ "from": PHONE, "from_user_id": "IN.1" })).await;
    let mut stream = server.stream(&[token(1)], None).await;
    stream.event().await.unwrap();
    let (_, data) = stream.event().await.unwrap();
    let shown = &data["session"];
    assert_eq!((&shown["phone"], &shown["user_id"]), (&Value::Null, &Value::Null));
    assert!(shown["subject"].as_str().unwrap().starts_with("lgsu_"));
}

#[tokio::test]
async fn whom_a_message_was_delivered_to_tells_a_number_that_was_hidden() {
    let server = start(App { phone_hidden: PhoneHidden::Allow, ..demo_app() }).await;
    send(&server, &token(1), json!({ "from": null, "from_user_id": "IN.1" })).await;
    let status = json!({
        "id": "wamid.OUT", "status": "sent", "timestamp": "1790416800",
        "recipient_id": PHONE, "recipient_user_id": "IN.1",
    });
    let mut call = webhook(&[]);
    let value = &mut call["entry"][0]["changes"][0]["value"];
    value["statuses"] = json!([status]);
    assert_eq!(server.webhook(&call).await.status(), 200);
    send(&server, &token(2), json!({ "from": null, "from_user_id": "IN.1" })).await;
    assert_eq!(session(&server, &token(2)).await["phone"], PHONE);
}
