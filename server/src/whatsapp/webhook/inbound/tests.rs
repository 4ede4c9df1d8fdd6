//! Whole calls: their envelope, statuses, batches and every way in which one of them can be broken.

use std::time::{Duration, SystemTime};

use loggin_protocol::PhoneNumber;
use proptest::prelude::*;
use serde_json::json;

use super::super::{
    operator::OperatorKind,
    update::{Content, IdentityChange, InboundMessage},
};
use super::{message::OWN_CONTACT, *};

mod channels;
mod messages;

const PHONE: &str = "15550002222";
const USER_ID: &str = "US.13491208655302741918";
const NUMBER_ID: &str = "200000000000002";

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn person(phone: Option<&str>, user_id: Option<&str>) -> Sender {
    Sender {
        phone: phone.map(|phone| PhoneNumber::parse(phone).unwrap()),
        user_id: user_id.map(str::to_owned),
        ..Sender::default()
    }
}

/// A call with one change of the field `messages`.
fn call(mut value: Value) -> Value {
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({"display_phone_number": "+1 555 000 1111", "phone_number_id": NUMBER_ID});
    json!({"object": OBJECT, "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]})
}

fn parsed(call: &Value) -> Vec<Update> {
    parse(&serde_json::to_vec(call).unwrap()).unwrap()
}

fn kinds(call: &Value) -> Vec<UpdateKind> {
    parsed(call).into_iter().map(|update| update.kind).collect()
}

/// A message from a phone number with further fields, or others in their place.
fn message(fields: Value) -> Value {
    let mut message = json!({
        "from": PHONE, "from_user_id": USER_ID, "id": "wamid.IN", "timestamp": "1790416800",
        "type": "text", "text": {"body": "code 483920"},
    });
    let Value::Object(fields) = fields else { panic!("{fields}") };
    message.as_object_mut().unwrap().extend(fields);
    message
}

/// A shared contact with one number, and marks of its origin on the message and on the contact.
fn shared(on_message: Option<&str>, on_contact: Option<&str>, number: Value) -> Value {
    let contact = json!({"origin": on_contact, "phones": Value::Array(vec![number])});
    json!({"type": "contacts", "origin": on_message, "contacts": [contact]})
}

#[test]
fn statuses_have_their_recipient_and_errors() {
    let call = call(json!({
        "contacts": [{"profile": {"name": "Pablo"}, "wa_id": PHONE, "user_id": USER_ID}],
        "statuses": [
            {"id": "wamid.OUT", "status": "delivered", "timestamp": "1790416801", "recipient_id": PHONE,
             "recipient_user_id": USER_ID, "biz_opaque_callback_data": "chal_1", "pricing": {"type": "regular"}},
            {"id": "wamid.OUT", "status": "failed", "timestamp": "1790416802", "recipient_id": "15550004444",
             "errors": [{"code": 131_049, "title": "…", "error_data": {"details": "…"}}, {"code": "131026"}, {"code": -1}, {}]},
        ],
    }));
    let delivered = StatusUpdate {
        message_id: "wamid.OUT".into(),
        status: DeliveryStatus::Delivered,
        timestamp: at(1_790_416_801),
        recipient_phone: Some(PhoneNumber::parse(PHONE).unwrap()),
        recipient_user_id: Some(USER_ID.into()),
        callback_data: Some("chal_1".into()),
        errors: vec![],
    };
    let failed = StatusUpdate {
        message_id: "wamid.OUT".into(),
        status: DeliveryStatus::Failed,
        timestamp: at(1_790_416_802),
        recipient_phone: Some(PhoneNumber::parse("15550004444").unwrap()),
        recipient_user_id: None,
        callback_data: None,
        errors: vec![131_049, 131_026],
    };
    assert_eq!(kinds(&call), [UpdateKind::Status(delivered), UpdateKind::Status(failed)]);
}

#[test]
fn every_status_is_known_and_new_ones_are_passed_over() {
    let status = |status: &str| json!({"id": "wamid.OUT", "status": status, "timestamp": "1", "recipient_id": USER_ID});
    let ranks: Vec<DeliveryStatus> = ["sent", "delivered", "read", "played", "failed"]
        .into_iter()
        .map(|name| match kinds(&call(json!({"statuses": [status(name)]}))).remove(0) {
            UpdateKind::Status(update) => {
                assert_eq!(
                    (update.recipient_phone, update.recipient_user_id.as_deref()),
                    (None, Some(USER_ID))
                );
                update.status
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(ranks.is_sorted());
    let mut group = status("read");
    group["recipient_type"] = json!("group");
    let call = call(json!({"statuses": [status("pondered"), group, "sent"]}));
    let reasons = [IgnoredReason::StatusType, IgnoredReason::Group, IgnoredReason::Malformed];
    assert_eq!(kinds(&call), reasons.map(UpdateKind::Ignored));
}

#[test]
fn all_updates_of_all_numbers_are_read_in_order() {
    let other_number = |mut call: Value| {
        call["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = json!("3");
        call["entry"][0].take()
    };
    let twice = message(json!({}));
    let mut whole = call(
        json!({"messages": [twice, twice], "statuses": [{"status": "new"}], "errors": [{"code": 131_000}],
        "user_actions": [{}]}),
    );
    let account = json!({"field": "account_update", "value": {"event": "VERIFIED"}});
    whole["entry"][0]["changes"].as_array_mut().unwrap().push(account);
    whole["entry"].as_array_mut().unwrap().push(other_number(call(json!({"messages": [twice]}))));
    let updates = parsed(&whole);
    let numbers: Vec<&str> = updates.iter().map(|update| update.phone_number_id.as_str()).collect();
    assert_eq!(numbers, [NUMBER_ID, NUMBER_ID, NUMBER_ID, NUMBER_ID, "", "3"]);
    assert_eq!(updates[0], updates[1]);
    assert_eq!(updates[3].kind, UpdateKind::Ignored(IgnoredReason::ErrorReport));
    assert!(
        matches!(&updates[4].kind, UpdateKind::Operator(event) if event.kind == OperatorKind::AccountUpdate)
    );
}

#[test]
fn a_full_call_is_read_and_a_senseless_one_refused() {
    let full = |count: usize| {
        let messages: Vec<Value> = (0..count)
            .map(|n| message(json!({"id": format!("wamid.{n}"), "from": format!("1555{n:07}")})))
            .collect();
        serde_json::to_vec(&call(json!({ "messages": messages }))).unwrap()
    };
    let updates = parse(&full(1000)).unwrap();
    assert!(updates.iter().all(|update| matches!(update.kind, UpdateKind::Message(_))));
    assert_eq!(updates.len(), 1000);
    assert_eq!(parse(&full(MAX_UPDATES + 1)), Err(MalformedPayload::TooManyUpdates));
}

#[test]
fn what_is_no_webhook_is_refused() {
    for body in ["", "<html>", "{", "nul"] {
        assert_eq!(parse(body.as_bytes()), Err(MalformedPayload::NotJson), "{body}");
    }
    for body in [
        json!(null),
        json!([]),
        json!({}),
        json!({"object": OBJECT}),
        json!({"object": 1, "entry": []}),
        json!({"entry": []}),
    ] {
        assert_eq!(parse(body.to_string().as_bytes()), Err(MalformedPayload::NotAWebhook), "{body}");
    }
    assert_eq!(parsed(&json!({"object": OBJECT, "entry": []})), []);
    let page = parsed(&json!({"object": "page", "entry": [{}]}));
    assert_eq!(page[0].kind, UpdateKind::Ignored(IgnoredReason::Field));
}

/// A call with every kind of update, and one sound message at its end.
fn everything() -> Value {
    call(json!({
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": PHONE, "user_id": USER_ID}],
        "statuses": [{"id": "wamid.OUT", "status": "failed", "timestamp": "1", "recipient_id": PHONE, "errors": [{"code": 1}]}],
        "messages": [
            message(json!({"context": {"from": "1", "id": "wamid.OUT", "forwarded": false}})),
            message(shared(None, Some(OWN_CONTACT), json!({"phone": "+1", "wa_id": PHONE}))),
            message(json!({"type": "button", "button": {"payload": "deny"}})),
            message(json!({"type": "system", "system": {"type": "user_changed_number", "wa_id": PHONE}})),
            message(json!({"id": "wamid.LAST"})),
        ],
    }))
}

/// The place of every value inside this one.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (format!("{at}/{key}"), value)).collect(),
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(n, value)| (format!("{at}/{n}"), value)).collect()
        }
        _ => vec![],
    };
    for (place, value) in inner {
        places(value, &place, out);
        out.push(place);
    }
}

#[test]
fn no_value_of_a_wrong_type_costs_more_than_its_own_update() {
    let mut all = vec![];
    places(&everything(), "", &mut all);
    assert!(all.len() > 80, "{}", all.len());
    let messages = "/entry/0/changes/0/value/messages/";
    for place in all {
        for wrong in [
            json!(null),
            json!(true),
            json!(-1),
            json!("x"),
            json!([]),
            json!([{}]),
            json!({}),
            json!({"a": 1}),
        ] {
            let mut broken = everything();
            *broken.pointer_mut(&place).unwrap() = wrong;
            let updates = match parse(broken.to_string().as_bytes()) {
                Ok(updates) => updates,
                Err(_) if ["/object", "/entry"].contains(&place.as_str()) => continue,
                Err(error) => panic!("{place}: {error}"),
            };
            let inside_another = place.strip_prefix(messages).is_some_and(|rest| !rest.starts_with('4'));
            let last = updates
                .iter()
                .any(|update| matches!(&update.kind, UpdateKind::Message(m) if m.id == "wamid.LAST"));
            assert!(last || !inside_another, "{broken}");
        }
    }
}

#[test]
fn nothing_personal_is_shown() {
    let shown = format!("{:?}", parsed(&everything()));
    for secret in [PHONE, USER_ID, "wamid", "483920", "deny", "Ana"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn reasons_have_names_of_their_own() {
    assert!(IgnoredReason::ALL.map(IgnoredReason::as_str).is_sorted_by(|a, b| a < b));
}

/// A call that is ignored for each of the reasons.
fn ignored(reason: IgnoredReason) -> Value {
    let message = |fields| call(json!({"messages": [message(fields)]}));
    let unsupported = |code| message(json!({"type": "unsupported", "errors": [{"code": code}]}));
    match reason {
        IgnoredReason::Empty => call(json!({"user_actions": [{}]})),
        IgnoredReason::ErrorReport => call(json!({"errors": [{"code": 131_000}]})),
        IgnoredReason::Field => {
            let mut call = call(json!({}));
            call["entry"][0]["changes"][0]["field"] = json!("flows");
            call
        }
        IgnoredReason::ForeignContact => message(json!({"type": "contacts", "contacts": []})),
        IgnoredReason::Forwarded => message(json!({"context": {"forwarded": true}})),
        IgnoredReason::Group => message(json!({"group_id": "1"})),
        IgnoredReason::Malformed => message(json!({"timestamp": "soon"})),
        IgnoredReason::MessageType => message(json!({"type": "image"})),
        IgnoredReason::NoSender => message(json!({"from": null, "from_user_id": null})),
        IgnoredReason::StatusType => call(json!({"statuses": [{"id": "wamid.OUT", "status": "pondered"}]})),
        IgnoredReason::Unsupported => unsupported(131_051),
        IgnoredReason::UnsupportedCoexistence => unsupported(131_060),
    }
}

#[test]
fn every_reason_comes_from_a_call() {
    for reason in IgnoredReason::ALL {
        assert_eq!(kinds(&ignored(reason)), [UpdateKind::Ignored(reason)]);
    }
}

proptest! {
    #[test]
    fn any_body_is_parsed_or_refused(body: Vec<u8>, inner in ".{0,200}") {
        let _ = parse(&body);
        let _ = parse(format!(r#"{{"object":"{OBJECT}","entry":[{inner}]}}"#).as_bytes());
    }

    #[test]
    fn text_arrives_as_it_was_sent_escaped_or_not(text in any::<String>()) {
        let raw = serde_json::to_string(&call(json!({"messages": [message(json!({"text": {"body": text}}))]}))).unwrap();
        let escaped: String = raw
            .encode_utf16()
            .map(|unit| match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() && byte != b'@' => char::from(byte).to_string(),
                _ => format!("\\u{unit:04x}"),
            })
            .collect();
        for body in [raw, escaped] {
            match parse(body.as_bytes()).unwrap().remove(0).kind {
                UpdateKind::Message(message) => prop_assert_eq!(message.content, Content::Text(text.clone())),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
