//! Every shape of message that is known.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{channels::PARENT, *};

/// What a single message of these fields becomes.
fn read(fields: Value) -> UpdateKind {
    let mut kinds = kinds(&call(json!({"messages": [message(fields)]})));
    assert_eq!(kinds.len(), 1);
    kinds.remove(0)
}

fn content(fields: Value) -> Content {
    match read(fields) {
        UpdateKind::Message(message) => message.content,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_message_with_a_phone_number() {
    let call = call(json!({
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": PHONE, "user_id": USER_ID,
            "parent_user_id": PARENT, "identity_key_hash": "x"}],
        "messages": [message(json!({"from_logical_id": "new", "referral": {"source_type": "ad"}}))],
    }));
    let expected = InboundMessage {
        id: "wamid.IN".into(),
        sender: Sender {
            parent_user_id: Some(PARENT.into()),
            identity_key: Some(Sha256::digest("x").into()),
            ..person(Some(PHONE), Some(USER_ID))
        },
        timestamp: at(1_790_416_800),
        content: Content::Text("code 483920".into()),
    };
    let update = Update { phone_number_id: NUMBER_ID.into(), kind: UpdateKind::Message(expected) };
    assert_eq!(parsed(&call), [update]);
}

#[test]
fn the_sender_is_told_by_form_wherever_it_stands() {
    let contact = json!({"profile": {"name": "Sheena", "username": "realsheena"}, "user_id": USER_ID});
    let cases = [
        (json!({"from": null}), contact.clone(), person(None, Some(USER_ID))),
        (json!({"from": USER_ID, "from_user_id": null}), contact, person(None, Some(USER_ID))),
        (json!({"from": USER_ID}), json!({"wa_id": USER_ID}), person(None, Some(USER_ID))),
        (
            json!({"from_user_id": null}),
            json!({"wa_id": PHONE, "user_id": USER_ID}),
            person(Some(PHONE), Some(USER_ID)),
        ),
        (
            json!({"from": null}),
            json!({"wa_id": PHONE, "user_id": USER_ID}),
            person(Some(PHONE), Some(USER_ID)),
        ),
        (json!({"from_user_id": null}), json!({"wa_id": PHONE}), person(Some(PHONE), None)),
        (json!({"from": "+15550002222", "from_user_id": null}), json!({}), person(Some(PHONE), None)),
        (
            json!({"from_user_id": null}),
            json!({"wa_id": "15550009999", "user_id": "US.9"}),
            person(Some(PHONE), None),
        ),
    ];
    for (fields, contact, expected) in cases {
        let unknown = json!({"wa_id": "15550007777", "user_id": "US.7"});
        let call = call(json!({"contacts": [unknown, contact], "messages": [message(fields)]}));
        match kinds(&call).remove(0) {
            UpdateKind::Message(message) => assert!(message.sender == expected, "{call}"),
            other => panic!("{call}: {other:?}"),
        }
    }
}

#[test]
fn a_message_of_nobody_is_ignored() {
    for from in [json!(null), json!(""), json!("unknown"), json!(15_550_002_222_u64), json!(["1"])] {
        assert_eq!(
            read(json!({"from": from, "from_user_id": null})),
            UpdateKind::Ignored(IgnoredReason::NoSender)
        );
    }
}

#[test]
fn only_words_of_the_sender_to_the_business_count() {
    use IgnoredReason::{Forwarded, Group, Malformed, MessageType};
    let cases = [
        (json!({"context": {"forwarded": true}}), Forwarded),
        (json!({"context": {"frequently_forwarded": true}}), Forwarded),
        (json!({"context": {"forwarded": false, "frequently_forwarded": "yes"}}), Forwarded),
        (json!({"context": "reply"}), Malformed),
        (json!({"group_id": "Y2FwaV9ncm91cDo"}), Group),
        (json!({"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": "👍"}}), MessageType),
        (json!({"type": "reaction", "reaction": {"message_id": "wamid.X"}}), MessageType),
        (
            json!({"type": "edit", "edit": {"original_message_id": "wamid.X", "message": {"type": "text"}}}),
            MessageType,
        ),
        (json!({"type": "revoke", "revoke": {"original_message_id": "wamid.X"}}), MessageType),
        (json!({"type": "image", "image": {"caption": "code 483920"}}), MessageType),
        (
            json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "1"}}}),
            MessageType,
        ),
        (json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {}}}), MessageType),
        (json!({"type": "interactive"}), Malformed),
        (json!({"type": "system", "system": {"type": "customer_identity_changed"}}), Malformed),
        (json!({"type": "hologram"}), MessageType),
        (json!({"type": 7}), Malformed),
        (json!({"text": {"body": 7}}), Malformed),
        (json!({"text": "code"}), Malformed),
        (json!({"id": ""}), Malformed),
        (json!({"timestamp": "soon"}), Malformed),
    ];
    for (fields, reason) in cases {
        assert_eq!(read(fields.clone()), UpdateKind::Ignored(reason), "{fields}");
    }
}

#[test]
fn a_reply_and_an_answer_to_an_advertisement_are_the_senders_own_words() {
    for fields in [
        json!({"context": {"from": "15550001111", "id": "wamid.OUT"}}),
        json!({"context": {"forwarded": false}}),
        json!({"context": null, "group_id": null}),
        json!({"referral": {"source_url": "https://fb.me/1", "source_id": "1", "ctwa_clid": "x"}}),
    ] {
        assert_eq!(content(fields), Content::Text("code 483920".into()));
    }
}

#[test]
fn times_are_read_as_they_are() {
    for (timestamp, seconds) in
        [(json!("0"), 0), (json!(1_790_416_800), 1_790_416_800), (json!("9999999999"), 9_999_999_999)]
    {
        match read(json!({ "timestamp": timestamp })) {
            UpdateKind::Message(message) => assert_eq!(message.timestamp, at(seconds)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn taps_on_buttons_have_their_id() {
    let reply = |context: Option<&str>| Content::ButtonReply {
        id: "deny".into(),
        context_message_id: context.map(str::to_owned),
    };
    let template = json!({"type": "button", "button": {"payload": "deny", "text": "Not me"},
        "context": {"from": NUMBER_ID, "id": "wamid.OUT"}});
    let interactive = json!({"type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {"id": "deny", "title": "Not me"}}});
    assert_eq!(content(template), reply(Some("wamid.OUT")));
    assert_eq!(content(interactive), reply(None));
    let nameless = json!({"type": "button", "button": {"text": "Not me"}});
    assert_eq!(read(nameless), UpdateKind::Ignored(IgnoredReason::Malformed));
}

#[test]
fn the_senders_own_number_is_taken_from_an_answer_to_our_request() {
    let own = Some(OWN_CONTACT);
    let number = json!({"phone": "+1 (555) 000-2222", "wa_id": PHONE, "type": "CELL"});
    let cases = [
        shared(None, own, number.clone()),
        shared(own, None, number.clone()),
        shared(own, own, number),
        shared(None, own, json!({"wa_id": PHONE})),
        shared(own, None, json!({"phone": "+1 (555) 000-2222"})),
        shared(own, None, json!({"phone": "1.555.000.2222", "wa_id": USER_ID})),
    ];
    for fields in cases {
        let expected = Content::SharedOwnNumber(PhoneNumber::parse(PHONE).unwrap());
        assert_eq!(content(fields.clone()), expected, "{fields}");
    }
}

#[test]
fn any_other_contact_proves_nothing() {
    let own = Some(OWN_CONTACT);
    let number = json!({"phone": "+15550002222", "wa_id": PHONE});
    let contact = json!({"origin": own, "phones": [number]});
    let cases = [
        shared(None, None, number.clone()),
        shared(None, Some("other"), number.clone()),
        shared(Some("other"), own, number.clone()),
        shared(own, Some("other"), number.clone()),
        json!({"type": "contacts", "origin": [OWN_CONTACT], "contacts": [contact]}),
        json!({"type": "contacts", "contacts": [contact, contact]}),
        json!({"type": "contacts", "contacts": []}),
        json!({"type": "contacts", "contacts": [{"origin": own, "phones": [number, {"wa_id": "15550009999"}]}]}),
        json!({"type": "contacts", "contacts": [{"origin": own}]}),
        shared(own, own, json!({"phone": "0555 0002222"})),
        shared(own, own, json!({"phone": "call me"})),
    ];
    for fields in cases {
        let ignored = UpdateKind::Ignored(IgnoredReason::ForeignContact);
        assert_eq!(read(fields.clone()), ignored, "{fields}");
    }
    let mut forwarded = shared(own, own, number);
    forwarded["context"] = json!({"forwarded": true});
    assert_eq!(read(forwarded), UpdateKind::Ignored(IgnoredReason::Forwarded));
}

#[test]
fn a_new_number_or_user_id_is_told() {
    let change = |message_id: Option<&str>, previous, current| {
        UpdateKind::IdentityChange(IdentityChange {
            message_id: message_id.map(str::to_owned),
            timestamp: at(1_790_416_800),
            previous,
            current,
            previous_parent_user_id: None,
            current_parent_user_id: None,
        })
    };
    let number = json!({"from_user_id": null, "type": "system", "system": {
        "type": "user_changed_number", "wa_id": "15550003333", "user_id": "US.2", "previous_user_id": USER_ID}});
    let told = change(
        Some("wamid.IN"),
        person(Some(PHONE), Some(USER_ID)),
        person(Some("15550003333"), Some("US.2")),
    );
    assert_eq!(read(number), told);

    let user_id = json!({"from": null, "from_user_id": "US.2", "type": "system", "system": {
        "type": "user_changed_user_id", "user_id": "US.2", "previous_user_id": USER_ID}});
    let told = change(Some("wamid.IN"), person(None, Some(USER_ID)), person(None, Some("US.2")));
    assert_eq!(read(user_id), told);

    let withdrawn = json!([{"wa_id": PHONE, "detail": "…", "user_id": {"previous": USER_ID, "current": "US.2"},
        "timestamp": "1790416800"}]);
    let mut call = call(json!({ "user_id_update": withdrawn }));
    call["entry"][0]["changes"][0]["field"] = json!("user_id_update");
    let told = change(None, person(None, Some(USER_ID)), person(Some(PHONE), Some("US.2")));
    assert_eq!(kinds(&call), [told]);
}

#[test]
fn a_new_key_of_an_account_is_told() {
    let notice = |identity: Value| json!({"type": "system", "system": {"type": "customer_identity_changed"}, "identity": identity});
    let told = UpdateKind::IdentityChange(IdentityChange {
        message_id: Some("wamid.IN".into()),
        timestamp: at(1_790_416_800),
        previous: person(Some(PHONE), Some(USER_ID)),
        current: Sender {
            identity_key: Some(Sha256::digest("y").into()),
            ..person(Some(PHONE), Some(USER_ID))
        },
        previous_parent_user_id: None,
        current_parent_user_id: None,
    });
    assert_eq!(read(notice(json!({"acknowledged": true, "hash": "y"}))), told);
    for odd in [json!({}), json!({"hash": 7}), json!("y")] {
        assert_eq!(read(notice(odd)), UpdateKind::Ignored(IgnoredReason::Malformed));
    }
}

#[test]
fn a_notice_without_previous_user_id_takes_the_senders_unless_it_is_the_new_one() {
    for (from_user_id, previous) in [(USER_ID, Some(USER_ID)), ("US.2", None)] {
        let notice = json!({"from_user_id": from_user_id, "type": "system", "system": {
            "type": "user_changed_number", "wa_id": "15550003333", "user_id": "US.2"}});
        match read(notice) {
            UpdateKind::IdentityChange(change) => assert_eq!(change.previous, person(Some(PHONE), previous)),
            other => panic!("{other:?}"),
        }
    }
}
