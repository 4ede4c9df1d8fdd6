//! What people do with their phones, through the control API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{ANA, BUSINESS, Fixture, RAVI, SHEENA, buttons_to, code_to, text_to};

#[tokio::test]
async fn a_text_may_be_forwarded_grouped_or_old() {
    let fixture = Fixture::start().await;
    let path = format!("phones/{ANA}/messages");
    for body in [
        json!({ "text": "a", "forwarding": "forwarded" }),
        json!({ "text": "b", "forwarding": "frequently" }),
        json!({ "text": "c", "group_id": "group-1" }),
        json!({ "text": "d", "timestamp": 1_700_000_000 }),
        json!({ "text": "e", "phone_number_id": "999" }),
        json!({ "text": "f", "reply_to": "wamid.X" }),
    ] {
        fixture.control(&path, body).await;
    }
    let calls = fixture.receiver.calls(6).await;
    assert_eq!(calls[0].message()["context"], json!({ "forwarded": true }));
    assert_eq!(calls[1].message()["context"], json!({ "frequently_forwarded": true }));
    assert_eq!(calls[2].message()["group_id"], "group-1");
    assert_eq!(calls[3].message()["timestamp"], "1700000000");
    assert_eq!(calls[4].value()["metadata"]["phone_number_id"], "999");
    assert_eq!(calls[5].message()["context"], json!({ "from": BUSINESS, "id": "wamid.X" }));
}

#[tokio::test]
async fn a_message_may_be_edited_taken_back_and_reacted_to() {
    let fixture = Fixture::start().await;
    let id = fixture.text(ANA, "first").await["message_id"].clone();
    fixture.control(&format!("phones/{ANA}/edit"), json!({ "message_id": id, "text": "second" })).await;
    assert_eq!(fixture.chat(ANA, 0).await[0]["text"], "second");
    fixture.control(&format!("phones/{ANA}/react"), json!({ "message_id": id, "emoji": "👍" })).await;
    fixture.control(&format!("phones/{ANA}/revoke"), json!({ "message_id": id })).await;
    let calls = fixture.receiver.calls(4).await;
    let edit =
        json!({ "original_message_id": id, "message": { "type": "text", "text": { "body": "second" } } });
    assert_eq!((&calls[1].message()["type"], &calls[1].message()["edit"]), (&json!("edit"), &edit));
    assert_eq!(calls[2].message()["reaction"], json!({ "message_id": id, "emoji": "👍" }));
    assert_eq!(calls[3].message()["revoke"], json!({ "original_message_id": id }));
    let foreign = json!({ "message_id": "wamid.none", "text": "x" });
    assert_eq!(fixture.try_control(&format!("phones/{ANA}/edit"), foreign).await.0, 404);
}

#[tokio::test]
async fn a_tap_answers_the_message_that_has_the_button() {
    let fixture = Fixture::start().await;
    assert_eq!(fixture.try_control(&format!("phones/{ANA}/tap"), json!({})).await.0, 409);
    fixture.text(ANA, "hello").await;
    let id = fixture.sent(buttons_to(ANA)).await;
    fixture.receiver.calls(3).await;
    fixture.control(&format!("phones/{ANA}/tap"), json!({})).await;
    let tap = fixture.receiver.calls(4).await[3].message();
    let reply = json!({ "type": "button_reply", "button_reply": { "id": "deny", "title": "Not me" } });
    assert_eq!((&tap["type"], &tap["interactive"]), (&json!("interactive"), &reply));
    assert_eq!(tap["context"]["id"], json!(id));
}

#[tokio::test]
async fn a_code_nobody_asked_for_is_reported_and_a_copy_is_not() {
    let fixture = Fixture::start().await;
    let id = fixture.sent(code_to(ANA, "483920")).await;
    fixture.receiver.calls(2).await;
    let tap = async |button: &str| {
        let body = json!({ "message_id": id, "button_id": button });
        fixture.try_control(&format!("phones/{ANA}/tap"), body).await.0
    };
    assert_eq!(tap("copy_code").await, 409);
    assert_eq!(tap("none").await, 409);
    assert_eq!(tap("DID_NOT_REQUEST_CODE").await, 200);
    let calls = fixture.receiver.calls(3).await;
    let message = calls[2].message();
    assert_eq!(
        (&message["type"], &message["button"]["payload"]),
        (&json!("button"), &json!("DID_NOT_REQUEST_CODE"))
    );
    assert_eq!((message["context"]["id"].clone(), calls.len()), (json!(id), 3));
}

#[tokio::test]
async fn a_shared_number_is_known_from_then_on() {
    let fixture = Fixture::start().await;
    fixture.text(SHEENA, "hello").await;
    let user_id = fixture.receiver.calls(1).await[0].message()["from_user_id"].clone();
    let request = json!({"messaging_product": "whatsapp", "recipient": user_id, "type": "interactive", "interactive": {
        "type": "request_contact_info", "body": {"text": "Your number, please"},
        "action": {"name": "request_contact_info"}}});
    let id = fixture.sent(request).await;
    fixture.receiver.calls(3).await;
    fixture.control(&format!("phones/{SHEENA}/tap"), json!({ "message_id": id })).await;
    let shared = fixture.receiver.calls(4).await[3].message();
    let entry = json!({ "phone": format!("+{SHEENA}"), "wa_id": SHEENA, "type": "CELL" });
    assert_eq!(shared["contacts"], json!([{ "origin": "contact_request", "phones": [entry] }]));
    assert_eq!((shared.get("from"), &shared["context"]["id"]), (None, &json!(id)));
    fixture.text(SHEENA, "again").await;
    assert_eq!(fixture.receiver.calls(5).await[4].message()["from"], SHEENA);
}

#[tokio::test]
async fn somebody_elses_contact_reveals_nothing() {
    let fixture = Fixture::start().await;
    let other = json!({ "origin": "other", "number": RAVI, "name": "Ravi" });
    fixture.control(&format!("phones/{SHEENA}/contact"), other).await;
    fixture.text(SHEENA, "hello").await;
    let calls = fixture.receiver.calls(2).await;
    let contact = calls[0].message()["contacts"][0].clone();
    assert_eq!((&contact["origin"], &contact["phones"][0]["wa_id"]), (&json!("other"), &json!(RAVI)));
    assert!(contact["vcard"].as_str().is_some_and(|card| card.starts_with("BEGIN:VCARD")));
    assert!(calls[1].message().get("from").is_none());
}

#[tokio::test]
async fn reading_is_reported_once() {
    let fixture = Fixture::start().await;
    let id = fixture.sent(code_to(ANA, "483920")).await;
    fixture.receiver.calls(2).await;
    for _ in 0..2 {
        let path = format!("/control/phones/{ANA}/read");
        assert_eq!(fixture.request(Method::POST, &path).send().await.unwrap().status(), 204);
    }
    let calls = fixture.receiver.calls(3).await;
    assert_eq!((&calls[2].status()["status"], &calls[2].status()["id"]), (&json!("read"), &json!(id)));
    assert_eq!(calls.len(), 3);
}

#[tokio::test]
async fn phones_are_added_changed_and_removed() {
    let fixture = Fixture::start().await;
    let mexico = json!({ "number": "+52 55 1234 5678", "name": "Lupe", "wa_id": "5215512345678" });
    let phone = fixture.control("phones", mexico).await;
    assert_eq!((&phone["number"], &phone["wa_id"]), (&json!("525512345678"), &json!("5215512345678")));
    let (_, response) = fixture.graph(code_to("525512345678", "1")).await;
    assert_eq!(response["contacts"][0]["wa_id"], "5215512345678");
    assert_eq!(fixture.get("/control/phones").await["phones"].as_array().map(Vec::len), Some(4));
    let remove = async || {
        fixture.request(Method::DELETE, "/control/phones/525512345678").send().await.unwrap().status()
    };
    assert_eq!((remove().await.as_u16(), remove().await.as_u16()), (204, 404));
    for (body, status) in [
        (json!({ "number": "12" }), 400),
        (json!({ "number": RAVI, "wa_id": ANA }), 409),
        (json!({ "number": BUSINESS }), 409),
        (json!({ "name": "x" }), 400),
        (json!({ "number": RAVI, "odd": 1 }), 400),
    ] {
        assert_eq!(fixture.try_control("phones", body.clone()).await.0, status, "{body}");
    }
    let (status, _) = fixture.try_control("phones/19990000000/messages", json!({ "text": "x" })).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_chat_can_be_waited_for() {
    let fixture = Fixture::start().await;
    let (chat, _) = tokio::join!(fixture.chat(ANA, 0), fixture.text(ANA, "hello"));
    assert_eq!(chat[0]["text"], "hello");
    let none = fixture.get(&format!("/control/phones/{ANA}/messages?after=1&timeout_ms=10")).await;
    assert_eq!(none["messages"], json!([]));
}

#[tokio::test]
async fn a_reset_puts_the_first_phones_back() {
    let fixture = Fixture::start().await;
    fixture.control("phones", json!({ "number": "15550009999" })).await;
    fixture.text(ANA, "hello").await;
    fixture.fault(json!({ "webhook": { "drop": true } })).await;
    assert_eq!(fixture.request(Method::POST, "/control/reset").send().await.unwrap().status(), 204);
    let phones = fixture.get("/control/phones").await;
    let numbers: Vec<_> =
        phones["phones"].as_array().unwrap().iter().map(|phone| phone["number"].clone()).collect();
    assert_eq!(numbers, [ANA, RAVI, SHEENA]);
    assert_eq!(fixture.get(&format!("/control/phones/{ANA}/messages")).await["messages"], json!([]));
    assert_eq!(fixture.text(ANA, "anew").await["status"], 200);
}

#[tokio::test]
async fn links_open_here_or_through_the_server() {
    let fixture = Fixture::start().await;
    let open =
        async |link: String| fixture.try_control("open-link", json!({ "link": link, "phone": RAVI })).await;
    for link in
        [format!("https://wa.me/{BUSINESS}?text=Code%3A%20A-1"), format!("{}/l/A-1", fixture.receiver.base)]
    {
        let (status, opened) = open(link).await;
        assert_eq!(
            (status, &opened["text"], &opened["to_business"]),
            (200, &json!("Code: A-1"), &json!(true))
        );
        assert_eq!(opened["page"], format!("/phone/{RAVI}?text=Code%3A%20A-1"));
    }
    assert_eq!(open("https://example.com/l/A-1".to_owned()).await.0, 400);
    assert_eq!(open(format!("{}/nothing", fixture.receiver.base)).await.0, 502);
    let (status, body) = fixture.try_control("open-link", json!({ "link": 1 })).await;
    assert_eq!((status, &body["error"]), (400, &Value::from("invalid_request")));
}

#[tokio::test]
async fn a_robot_looks_at_links_and_the_phone_shows_them_to_be_tapped() {
    let fixture = Fixture::start().await;
    fixture.text(ANA, "hello").await;
    let page = format!("{}/l/ABC", fixture.receiver.base());
    let mut body = text_to(ANA);
    body["text"]["body"] = json!(format!("Open\n{page}#loggin=0123 or <b>"));
    fixture.sent(body).await;
    let answer = fixture.get(&format!("/control/phones/{ANA}/previews?timeout_ms=20000")).await;
    // Without what stands in the fragment, which no browser and no robot sends.
    assert_eq!(answer["previews"], json!([{ "url": page, "status": 302 }]));
    let html =
        fixture.request(Method::GET, &format!("/phone/{ANA}")).send().await.unwrap().text().await.unwrap();
    let link =
        format!(r#"<a href="{page}#loggin=0123" target="_blank" rel="noreferrer">{page}#loggin=0123</a>"#);
    assert!(html.contains(&link) && html.contains("&#60;b&#62;"), "{html}");
}
