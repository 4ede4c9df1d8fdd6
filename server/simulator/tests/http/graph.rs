//! The Graph API as a server calls it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{
    ACCESS_TOKEN, ANA, APP_SECRET, BUSINESS, Fixture, PHONE_NUMBER_ID, RAVI, Receiver, SHEENA, VERIFY_TOKEN,
    buttons_to, code_to, text_to,
};

fn statuses(calls: &[crate::fixture::Call]) -> Vec<String> {
    calls.iter().filter_map(|call| call.status()["status"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_text_is_taken_shown_and_reported() {
    let fixture = Fixture::start().await;
    let first = fixture.text(ANA, "hello").await;
    let mut body = text_to(ANA);
    body["biz_opaque_callback_data"] = json!("chal_1");
    body["context"] = json!({ "message_id": first["message_id"] });
    let (status, response) = fixture.graph(body).await;
    let id = response["messages"][0]["id"].as_str().unwrap();
    let expected = json!({"messaging_product": "whatsapp",
        "contacts": [{"input": format!("+{ANA}"), "wa_id": ANA}], "messages": [{"id": id}]});
    assert_eq!((status, &response), (200, &expected));

    let chat = fixture.chat(ANA, 1).await;
    assert_eq!(
        (chat[0]["text"].as_str(), chat[0]["from"].as_str()),
        (Some("You are signed in."), Some("business"))
    );
    assert_eq!(chat[0]["in_reply_to"], first["message_id"]);

    let calls = fixture.receiver.calls(3).await;
    assert_eq!(statuses(&calls), ["sent", "delivered"]);
    let sent = calls[1].status();
    assert_eq!((sent["id"].as_str(), &sent["recipient_id"]), (Some(id), &json!(ANA)));
    assert_eq!(sent["biz_opaque_callback_data"], "chal_1");
    assert_eq!(sent["pricing"]["category"], "service");
    assert!(sent["recipient_user_id"].is_string() && calls[2].status().get("pricing").is_none());
    assert_eq!(calls[1].value()["contacts"][0]["wa_id"], ANA);
}

#[tokio::test]
async fn free_text_needs_an_open_window() {
    let fixture = Fixture::start().await;
    assert_eq!(fixture.refused(text_to(ANA)).await, 131_047);
    let old = json!({ "text": "long ago", "age_seconds": 24 * 60 * 60 });
    fixture.control(&format!("phones/{ANA}/messages"), old).await;
    assert_eq!(fixture.refused(buttons_to(ANA)).await, 131_047);
    fixture.text(ANA, "now").await;
    fixture.sent(text_to(ANA)).await;
}

#[tokio::test]
async fn an_authentication_template_needs_no_window() {
    let fixture = Fixture::start().await;
    let (status, response) = fixture.graph(code_to(RAVI, "483920")).await;
    assert_eq!((status, &response["messages"][0]["message_status"]), (200, &json!("accepted")));
    let chat = fixture.chat(RAVI, 0).await;
    assert_eq!((chat[0]["code"].as_str(), chat[0]["type"].as_str()), (Some("483920"), Some("template")));
    let calls = fixture.receiver.calls(2).await;
    assert_eq!(calls[0].status()["pricing"]["category"], "authentication");
}

#[tokio::test]
async fn a_number_nobody_added_has_a_phone_too() {
    let fixture = Fixture::start().await;
    fixture.sent(code_to("447700900123", "483920")).await;
    assert_eq!(fixture.chat("447700900123", 0).await.len(), 1);
}

#[tokio::test]
async fn a_user_id_is_answered_with_the_user_id() {
    let fixture = Fixture::start().await;
    fixture.text(SHEENA, "hello").await;
    let user_id = fixture.receiver.calls(1).await[0].message()["from_user_id"].clone();
    let mut body = text_to(SHEENA);
    body["to"] = Value::Null;
    body["recipient"] = user_id.clone();
    let (status, response) = fixture.graph(body.clone()).await;
    assert_eq!((status, &response["contacts"]), (200, &json!([{ "input": user_id, "user_id": user_id }])));
    let sent = fixture.receiver.calls(3).await[1].clone();
    assert!(sent.status().get("recipient_id").is_none());
    assert_eq!(sent.status()["recipient_user_id"], user_id);

    let mut template = code_to(SHEENA, "483920");
    template["to"] = Value::Null;
    template["recipient"] = user_id;
    assert_eq!(fixture.refused(template).await, 131_062);
    body["recipient"] = json!("US.13491208655302741918");
    assert_eq!(fixture.refused(body).await, 131_009);
}

#[tokio::test]
async fn only_the_right_token_and_number_are_served() {
    let fixture = Fixture::start().await;
    let call = async |path: &str, token: Option<&str>| {
        let mut request = fixture.request(Method::POST, path).json(&code_to(ANA, "483920"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        (status, body["error"]["code"].as_u64().unwrap(), body["error"]["error_subcode"].as_u64())
    };
    let path = format!("/v26.0/{PHONE_NUMBER_ID}/messages");
    assert_eq!(call(&path, Some("wrong")).await, (401, 190, None));
    assert_eq!(call(&path, None).await, (400, 104, None));
    assert_eq!(call("/v26.0/999/messages", Some(ACCESS_TOKEN)).await, (400, 100, Some(33)));
    assert_eq!(
        call(&format!("/latest/{PHONE_NUMBER_ID}/messages"), Some(ACCESS_TOKEN)).await,
        (400, 100, Some(33))
    );
}

#[tokio::test]
async fn recipients_that_cannot_be_reached_are_refused() {
    let fixture = Fixture::start().await;
    fixture.control("phones", json!({ "number": RAVI, "on_whatsapp": false })).await;
    fixture.control("phones", json!({ "number": SHEENA, "refuses_with": 131_049 })).await;
    assert_eq!(fixture.refused(code_to(RAVI, "1")).await, 131_026);
    assert_eq!(fixture.refused(code_to(SHEENA, "1")).await, 131_049);
    assert_eq!(fixture.refused(code_to(BUSINESS, "1")).await, 131_021);
    let settings = json!({ "allowed_recipients": [RAVI] });
    let response = fixture.request(Method::PUT, "/control/settings").json(&settings).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(fixture.refused(code_to(ANA, "1")).await, 131_030);
    fixture.control("phones", json!({ "number": RAVI, "on_whatsapp": true })).await;
    fixture.sent(code_to(RAVI, "1")).await;
}

#[tokio::test]
async fn errors_may_come_as_a_status_instead() {
    let fixture = Fixture::start().await;
    fixture.control("phones", json!({ "number": ANA, "on_whatsapp": false })).await;
    let settings = json!({ "report_errors": "status" });
    fixture.request(Method::PUT, "/control/settings").json(&settings).send().await.unwrap();
    let id = fixture.sent(code_to(ANA, "1")).await;
    let failed = fixture.receiver.calls(1).await[0].clone();
    assert_eq!((&failed.status()["id"], &failed.status()["status"]), (&json!(id), &json!("failed")));
    assert_eq!(failed.status()["errors"][0]["code"], 131_026);
    assert!(failed.value().get("contacts").is_none());
    assert!(failed.status().get("recipient_user_id").is_none());
    assert_eq!(fixture.get(&format!("/control/phones/{ANA}/messages")).await["messages"], json!([]));
}

#[tokio::test]
async fn reading_turns_the_ticks_of_earlier_messages() {
    let fixture = Fixture::start().await;
    fixture.text(ANA, "one").await;
    let second = fixture.text(ANA, "two").await;
    fixture.text(ANA, "three").await;
    let read = json!({"messaging_product": "whatsapp", "status": "read", "message_id": second["message_id"],
        "typing_indicator": {"type": "text"}});
    assert_eq!(fixture.graph(read).await, (200, json!({ "success": true })));
    let chat = fixture.chat(ANA, 0).await;
    let ticks: Vec<_> = chat.iter().map(|message| message["status"].as_str().unwrap()).collect();
    assert_eq!(ticks, ["read", "read", "delivered"]);
    let unknown = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.none"});
    assert_eq!(fixture.refused(unknown).await, 100);
}

#[tokio::test]
async fn the_number_describes_itself() {
    let fixture = Fixture::start().await;
    let path = format!("/v26.0/{PHONE_NUMBER_ID}?access_token={ACCESS_TOKEN}");
    let body = fixture.get(&path).await;
    assert_eq!(
        (&body["id"], &body["display_phone_number"]),
        (&json!(PHONE_NUMBER_ID), &json!("+1 555 000 1111"))
    );
    let body = fixture.get(&format!("{path}&fields=quality_rating")).await;
    assert_eq!(body, json!({ "id": PHONE_NUMBER_ID, "quality_rating": "GREEN" }));
}

#[tokio::test]
async fn webhooks_move_after_a_handshake_only() {
    let fixture = Fixture::start().await;
    let other = Receiver::start().await;
    let subscribe = async |verify_token: &str| {
        let form = [
            ("object", "whatsapp_business_account"),
            ("callback_url", &other.url()),
            ("verify_token", verify_token),
            ("access_token", &format!("123|{APP_SECRET}")),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = fixture.request(Method::POST, "/v26.0/123/subscriptions");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    assert_eq!(subscribe("wrong").await["error"]["code"], 2200);
    fixture.text(ANA, "still here").await;
    assert_eq!((fixture.receiver.seen(), other.seen()), (1, 0));
    assert_eq!(subscribe(VERIFY_TOKEN).await, json!({ "success": true }));
    fixture.text(ANA, "now there").await;
    assert_eq!((fixture.receiver.seen(), other.seen()), (1, 1));
}

#[tokio::test]
async fn templates_are_registered_and_then_known_by_name() {
    let fixture = Fixture::start().await;
    let path = format!("/v26.0/{}/message_templates", whatsapp_simulator::DEFAULT_WABA_ID);
    let template = json!({"name": "login_code", "language": "en_US", "category": "authentication",
        "components": [{"type": "body", "add_security_recommendation": true}]});
    let response =
        fixture.request(Method::POST, &path).bearer_auth(ACCESS_TOKEN).json(&template).send().await.unwrap();
    assert_eq!(response.json::<Value>().await.unwrap()["status"], "APPROVED");
    let list = fixture.request(Method::GET, &path).bearer_auth(ACCESS_TOKEN).send().await.unwrap();
    assert_eq!(list.json::<Value>().await.unwrap()["data"][0]["name"], "login_code");
    assert_eq!(fixture.refused(code_to(ANA, "483920")).await, 132_001);
    let mut known = code_to(ANA, "483920");
    known["template"]["name"] = json!("login_code");
    fixture.sent(known).await;
}

#[tokio::test]
async fn a_body_beyond_three_mebibytes_is_too_large() {
    let fixture = Fixture::start().await;
    let path = format!("/v26.0/{PHONE_NUMBER_ID}/messages");
    let body = vec![b' '; (3 << 20) + 1];
    let response =
        fixture.request(Method::POST, &path).bearer_auth(ACCESS_TOKEN).body(body).send().await.unwrap();
    assert_eq!(response.status(), 413);
}
