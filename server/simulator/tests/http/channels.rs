//! What arrives by another way than the field `messages`: chats that Meta Business Agent handles, numbers that also run
//! in the Business app, people with another identity, and what Meta tells of the account.

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{ANA, BUSINESS, Call, Fixture, PHONE_NUMBER_ID, RAVI, SHEENA, text_to};

/// The only change of a call.
fn change(call: &Call) -> Value {
    call.json()["entry"][0]["changes"][0].clone()
}

async fn hand_over(fixture: &Fixture, phone: &str, handler: &str) -> Value {
    fixture.control(&format!("phones/{phone}/handler"), json!({ "handler": handler })).await
}

#[tokio::test]
async fn a_chat_of_the_agent_comes_on_standby_until_the_business_writes() {
    let fixture = Fixture::start().await;
    fixture.text(ANA, "first").await;
    let receipt = hand_over(&fixture, ANA, "agent").await;
    assert_eq!(receipt["status"], 200);
    fixture.text(ANA, "second").await;
    fixture.sent(text_to(ANA)).await;
    // The handover comes before the statuses of the message that brought it about.
    fixture.receiver.calls(6).await;
    fixture.text(ANA, "third").await;
    let calls = fixture.receiver.calls(7).await;
    let fields: Vec<Value> = calls.iter().map(|call| change(call)["field"].clone()).collect();
    let (messages, standby, handover) = (json!("messages"), json!("standby"), json!("messaging_handovers"));
    let expected =
        [&messages, &handover, &standby, &handover, &messages, &messages, &messages].map(Value::clone);
    assert_eq!(fields, expected);
    let (taken, passed) = (calls[1].value(), calls[3].value());
    assert_eq!((&taken["type"], &passed["type"]), (&json!("control_taken"), &json!("control_passed")));
    assert_eq!(taken["recipient"]["phone_number_id"], PHONE_NUMBER_ID);
    assert_eq!(taken["sender"]["phone_number"], ANA);
    let inner = &calls[2].value()["standby"];
    assert_eq!(
        (&inner["messages"][0]["text"]["body"], &inner["contacts"][0]["wa_id"]),
        (&json!("second"), &json!(ANA))
    );
    assert_eq!(calls[2].value()["metadata"]["phone_number_id"], PHONE_NUMBER_ID);
    assert!(calls[2].value().get("messages").is_none() && calls.iter().all(Call::is_signed));
}

#[tokio::test]
async fn a_handover_is_told_once() {
    let fixture = Fixture::start().await;
    let path = format!("phones/{ANA}/handler");
    assert_eq!(fixture.try_control(&path, json!({ "handler": "business" })).await.0, 409);
    hand_over(&fixture, ANA, "agent").await;
    assert_eq!(fixture.try_control(&path, json!({ "handler": "agent" })).await.0, 409);
    assert_eq!(fixture.try_control(&path, json!({ "handler": "nobody" })).await.0, 400);
    let unknown = fixture.try_control("phones/19990000000/handler", json!({ "handler": "agent" })).await;
    assert_eq!(unknown.0, 404);
    assert_eq!(fixture.get(&format!("/control/phones/{ANA}")).await["handler"], "agent");
    hand_over(&fixture, SHEENA, "agent").await;
    let calls = fixture.receiver.calls(2).await;
    assert!(calls[1].value().get("sender").is_none() && !calls[1].text().contains(SHEENA));
    assert_eq!(fixture.receiver.seen(), 2);
}

#[tokio::test]
async fn what_the_agent_writes_is_echoed() {
    let fixture = Fixture::start().await;
    let path = format!("phones/{ANA}/echo");
    let agent = json!({ "from": "agent", "text": "Hello, I am an agent." });
    assert_eq!(fixture.try_control(&path, agent.clone()).await.0, 409, "it does not handle the chat");
    hand_over(&fixture, ANA, "agent").await;
    let receipt = fixture.control(&path, agent).await;
    let calls = fixture.receiver.calls(2).await;
    let echo = &calls[1].value()["standby"]["message_echoes"][0];
    assert_eq!((&change(&calls[1])["field"], &echo["message"]["to"]), (&json!("standby"), &json!(ANA)));
    assert_eq!(echo["message"]["text"]["body"], "Hello, I am an agent.");
    let chat = fixture.chat(ANA, 0).await;
    assert_eq!((&chat[0]["from"], &chat[0]["id"]), (&json!("business"), &echo["id"]));
    let again = json!({ "message_id": receipt["message_id"] });
    assert_eq!(fixture.control("redeliver", again).await["status"], 200);
    let calls = fixture.receiver.calls(3).await;
    assert_eq!(calls[2].body, calls[1].body);
    for text in [" ", &"x".repeat(4_097)] {
        assert_eq!(fixture.try_control(&path, json!({ "from": "agent", "text": text })).await.0, 400);
    }
}

#[tokio::test]
async fn a_first_message_to_a_coexistence_number_has_no_content() {
    let fixture = Fixture::start().await;
    let echo = json!({ "from": "app", "text": "Hello from the shop" });
    let path = format!("phones/{ANA}/echo");
    assert_eq!(fixture.try_control(&path, echo.clone()).await.0, 409, "the number runs in no app");
    let settings = json!({ "coexistence": true });
    let put = fixture.request(Method::PUT, "/control/settings").json(&settings).send().await.unwrap();
    assert_eq!(put.json::<Value>().await.unwrap()["coexistence"], true);

    fixture.text(ANA, "code A-1").await;
    fixture.text(ANA, "code A-1").await;
    fixture.text(RAVI, "code B-1").await;
    fixture.control(&path, echo).await;
    let calls = fixture.receiver.calls(4).await;
    let kinds: Vec<Value> = calls[..3].iter().map(|call| call.message()["type"].clone()).collect();
    assert_eq!(kinds, ["unsupported", "text", "unsupported"]);
    let first = calls[0].message();
    assert_eq!((&first["errors"][0]["code"], first.get("text")), (&json!(131_060), None));
    assert_eq!(fixture.chat(ANA, 0).await[0]["text"], "code A-1", "the person sees what they wrote");
    let typed = &calls[3].value()["message_echoes"][0];
    assert_eq!(change(&calls[3])["field"], "smb_message_echoes");
    assert_eq!((&typed["from"], &typed["to"]), (&json!(BUSINESS), &json!(ANA)));
    assert_eq!(typed["text"]["body"], "Hello from the shop");
}

#[tokio::test]
async fn a_change_of_number_is_a_system_message() {
    let fixture = Fixture::start().await;
    let parent = json!({ "number": ANA, "parent_user_id": "US.ENT.1" });
    fixture.control("phones", parent).await;
    fixture.text(ANA, "hello").await;
    let old = fixture.receiver.calls(1).await[0].clone();
    assert_eq!(old.message()["from_parent_user_id"], "US.ENT.1");
    assert_eq!(old.value()["contacts"][0]["parent_user_id"], "US.ENT.1");
    let renaming = json!({ "number": "+1 555 000 4444", "parent_user_id": "US.ENT.2" });
    fixture.control(&format!("phones/{ANA}/identity"), renaming).await;
    let call = fixture.receiver.calls(2).await[1].clone();
    let (message, system) = (call.message(), call.message()["system"].clone());
    assert_eq!((&message["type"], &message["from"]), (&json!("system"), &json!(ANA)));
    assert_eq!((&system["type"], &system["wa_id"]), (&json!("user_changed_number"), &json!("15550004444")));
    assert_eq!(system["previous_user_id"], old.message()["from_user_id"]);
    assert_ne!(system["user_id"], system["previous_user_id"]);
    assert_eq!(
        (&system["previous_parent_user_id"], &system["parent_user_id"]),
        (&json!("US.ENT.1"), &json!("US.ENT.2"))
    );
    assert!(call.value().get("contacts").is_none());
    fixture.text("15550004444", "it is me").await;
    assert_eq!(fixture.receiver.calls(3).await[2].message()["from_user_id"], system["user_id"]);
    assert_eq!(fixture.chat("15550004444", 0).await.len(), 2, "the chat stays");
    let gone = fixture.try_control(&format!("phones/{ANA}/messages"), json!({ "text": "x" })).await;
    assert_eq!(gone.0, 404);
}

#[tokio::test]
async fn an_account_that_is_registered_anew_has_another_key() {
    let fixture = Fixture::start().await;
    fixture.control("phones", json!({ "number": ANA, "identity_key": "first" })).await;
    fixture.text(ANA, "hello").await;
    fixture.control(&format!("phones/{ANA}/key"), json!({})).await;
    fixture.text(ANA, "it is me").await;
    let calls = fixture.receiver.calls(3).await;
    let key = |call: usize| calls[call].value()["contacts"][0]["identity_key_hash"].clone();
    assert_eq!(key(0), "first");
    let (message, system) = (calls[1].message(), &calls[1].message()["system"]);
    assert_eq!((&message["from"], &system["type"]), (&json!(ANA), &json!("customer_identity_changed")));
    assert_eq!((&message["identity"]["hash"], message["identity"]["hash"] == key(0)), (&key(2), false));
    let nobody = fixture.try_control("phones/15550009999/key", json!({})).await;
    assert_eq!(nobody.0, 404);
}

#[tokio::test]
async fn a_change_of_user_id_names_no_number() {
    let fixture = Fixture::start().await;
    for (phone, body) in
        [(ANA, json!({ "user_id": "US.7" })), (ANA, json!({})), (SHEENA, json!({ "number": "15550005555" }))]
    {
        fixture.control(&format!("phones/{phone}/identity"), body).await;
    }
    let calls = fixture.receiver.calls(3).await;
    let systems: Vec<Value> = calls.iter().map(|call| call.message()["system"].clone()).collect();
    for (call, system) in calls.iter().zip(&systems) {
        assert_eq!((&system["type"], system.get("wa_id")), (&json!("user_changed_user_id"), None));
        assert!(call.message().get("from").is_none() && call.value().get("contacts").is_none());
    }
    assert_eq!((&systems[0]["user_id"], &systems[1]["previous_user_id"]), (&json!("US.7"), &json!("US.7")));
    assert!(!calls[2].text().contains("15550005555"), "she hides her number, the new one as well");
    for (body, status) in [
        (json!({ "number": RAVI }), 409),
        (json!({ "number": BUSINESS }), 409),
        (json!({ "number": "12" }), 400),
        (json!({ "user_id": "12" }), 400),
        (json!({ "parent_user_id": "12" }), 400),
        (json!({ "odd": 1 }), 400),
    ] {
        assert_eq!(
            fixture.try_control(&format!("phones/{ANA}/identity"), body.clone()).await.0,
            status,
            "{body}"
        );
    }
    let unknown = fixture.try_control("phones/19990000000/identity", json!({})).await;
    assert_eq!(unknown.0, 404);
}

#[tokio::test]
async fn every_event_of_the_account_is_told_without_a_number() {
    let fixture = Fixture::start().await;
    let events = fixture.get("/control/account").await["events"].as_array().unwrap().clone();
    assert!(events.len() >= 20, "{}", events.len());
    for event in &events {
        let receipt =
            fixture.control("account", json!({ "event": event["name"], "template": "login" })).await;
        assert_eq!(receipt["status"], 200);
    }
    let calls = fixture.receiver.calls(events.len()).await;
    for (event, call) in events.iter().zip(&calls) {
        let (entry, change) = (call.json()["entry"][0].clone(), change(call));
        assert_eq!(change["field"], event["field"]);
        assert!(change["value"].as_object().is_some_and(|value| !value.is_empty()), "{event}");
        assert!(entry["time"].is_u64() && change["value"].get("metadata").is_none());
        let template = &change["value"]["message_template_name"];
        assert!(template.is_null() || template == "login", "{event}");
    }
}

#[tokio::test]
async fn anything_can_be_told_on_any_field() {
    let fixture = Fixture::start().await;
    fixture.control("account", json!({ "field": "new_field", "value": { "event": "NEW" } })).await;
    let told = change(&fixture.receiver.calls(1).await[0]);
    assert_eq!(told, json!({ "field": "new_field", "value": { "event": "NEW" } }));
    for (body, status) in [
        (json!({ "event": "nothing" }), 404),
        (json!({}), 400),
        (json!({ "field": "x" }), 400),
        (json!({ "event": "alert", "field": "x", "value": 1 }), 400),
    ] {
        assert_eq!(fixture.try_control("account", body.clone()).await.0, status, "{body}");
    }
}

#[tokio::test]
async fn a_fault_can_be_for_notices_alone() {
    let fixture = Fixture::start().await;
    fixture.fault(json!({ "webhook": { "concerns": "notices", "drop": true } })).await;
    fixture.text(ANA, "hello").await;
    assert_eq!(
        fixture.control("account", json!({ "event": "alert" })).await["deliveries"][0]["error"],
        "dropped"
    );
    assert_eq!(fixture.control("account", json!({ "event": "alert" })).await["status"], 200);
    assert_eq!(fixture.receiver.seen(), 2);
}
