//! Messages that arrive by another way than the field `messages`, and what is told beside them.

use std::collections::BTreeSet;

use super::super::super::operator::Severity;
use super::*;

pub(super) const PARENT: &str = "US.ENT.11815799212886844830";
const OLD_PARENT: &str = "US.ENT.20000000000000000000";

/// The call with its changes on another field.
fn on_field(mut call: Value, field: &str) -> Value {
    for change in call["entry"][0]["changes"].as_array_mut().unwrap() {
        change["field"] = json!(field);
    }
    call
}

/// The call as it comes on `standby`: everything but the number stands one level deeper.
fn on_standby(call: Value) -> Value {
    let mut call = on_field(call, "standby");
    for change in call["entry"][0]["changes"].as_array_mut().unwrap() {
        let Value::Object(value) = change["value"].take() else { panic!("a value is an object") };
        let (outer, inner): (Vec<_>, Vec<_>) =
            value.into_iter().partition(|(key, _)| matches!(key.as_str(), "metadata" | "messaging_product"));
        let mut value: serde_json::Map<String, Value> = outer.into_iter().collect();
        value.insert("standby".into(), Value::Object(inner.into_iter().collect()));
        change["value"] = Value::Object(value);
    }
    call
}

/// A call with one change of a field that has no number in it, as those about the account.
fn account(field: &str, value: Value) -> Value {
    let mut change = json!({ "field": field });
    change["value"] = value;
    json!({"object": OBJECT, "entry": [{"id": "1", "time": 1_790_416_800, "changes": [change]}]})
}

fn operator_event(call: &Value) -> (String, OperatorEvent) {
    let mut updates = parsed(call);
    assert_eq!(updates.len(), 1);
    let Update { phone_number_id, kind } = updates.remove(0);
    match kind {
        UpdateKind::Operator(event) => (phone_number_id, event),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_comes_while_somebody_else_handles_the_chat_counts_the_same() {
    let everything = everything();
    let expected = parsed(&everything);
    assert!(expected.iter().any(|update| matches!(update.kind, UpdateKind::Message(_))));
    assert!(expected.iter().any(|update| matches!(update.kind, UpdateKind::Status(_))));
    assert_eq!(parsed(&on_field(everything.clone(), "standby")), expected);
    assert_eq!(parsed(&on_standby(everything)), expected);
    for reason in IgnoredReason::ALL {
        // What makes this one is the field itself.
        if reason != IgnoredReason::Field {
            assert_eq!(kinds(&on_standby(ignored(reason))), [UpdateKind::Ignored(reason)]);
        }
    }
}

#[test]
fn a_standby_change_needs_the_number_as_any_other() {
    let mut call = on_standby(everything());
    call["entry"][0]["changes"][0]["value"]["metadata"] = json!({});
    assert_eq!(kinds(&call), [UpdateKind::Ignored(IgnoredReason::Malformed)]);
    for nothing in [json!({}), json!(null), json!([]), json!("x")] {
        let call = on_field(super::call(json!({ "standby": nothing })), "standby");
        assert_eq!(kinds(&call), [UpdateKind::Ignored(IgnoredReason::Empty)]);
    }
}

#[test]
fn what_somebody_else_sends_is_no_message_to_the_business() {
    let echoes = json!([{"id": "wamid.ECHO", "timestamp": "1790416800",
        "message": {"to": PHONE, "type": "text", "text": {"body": "code 483920"}}}]);
    let (number, event) = operator_event(&on_standby(call(json!({ "message_echoes": echoes }))));
    assert_eq!((number.as_str(), event.kind), (NUMBER_ID, OperatorKind::MessageEcho));

    let typed = json!([{"from": "15550001111", "to": PHONE, "id": "wamid.ECHO", "timestamp": "1790416800",
        "type": "text", "text": {"body": "code 483920"}}]);
    for (field, kind) in
        [("smb_message_echoes", OperatorKind::Coexistence), ("message_echoes", OperatorKind::MessageEcho)]
    {
        let (number, event) = operator_event(&on_field(call(json!({ "message_echoes": typed })), field));
        assert_eq!((number.as_str(), event.kind), (NUMBER_ID, kind));
        assert!(!format!("{event:?}").contains(PHONE));
    }
}

#[test]
fn a_change_of_hands_names_its_number_as_the_recipient() {
    let value = json!({"messaging_product": "whatsapp", "type": "control_taken", "timestamp": "1790416800",
        "sender": {"phone_number": PHONE}, "control_taken": {"new_owner_app_role": "meta_business_agent"},
        "recipient": {"phone_number_id": NUMBER_ID, "display_phone_number": "15550001111"}});
    let (number, event) = operator_event(&account("messaging_handovers", value));
    assert_eq!((number.as_str(), event.name()), (NUMBER_ID, "handover"));
    assert_eq!(event.event.as_deref(), Some("control_taken"));
}

#[test]
fn what_is_about_the_account_concerns_every_number() {
    let paused = json!({"event": "PAUSED", "message_template_name": "verification_code"});
    let call = account("message_template_status_update", paused);
    let (number, event) = operator_event(&call);
    assert_eq!((number.as_str(), event.severity(None)), ("", Severity::Warning));
    for (call, own) in [(call, true), (account("flows", json!({"event": "X"})), true), (everything(), false)]
    {
        let update = parsed(&call).remove(0);
        assert!(update.concerns(if own { "999" } else { NUMBER_ID }));
        assert_eq!(update.concerns("another"), own);
    }
}

#[test]
fn messages_without_content_tell_why() {
    let read = |fields| kinds(&call(json!({"messages": [message(fields)]}))).remove(0);
    let errors = |code: Value| json!([{"code": code, "title": "…", "error_data": {"details": "…"}}]);
    for (fields, reason) in [
        (json!({"errors": errors(json!(131_060))}), IgnoredReason::UnsupportedCoexistence),
        (json!({"errors": errors(json!("131060"))}), IgnoredReason::UnsupportedCoexistence),
        (json!({"errors": errors(json!(131_051))}), IgnoredReason::Unsupported),
        (json!({"unsupported": {"type": "poll_creation"}}), IgnoredReason::Unsupported),
        (json!({"errors": "none"}), IgnoredReason::Unsupported),
        (json!({}), IgnoredReason::Unsupported),
    ] {
        for kind in ["unsupported", "unknown"] {
            let mut fields = fields.clone();
            fields["type"] = json!(kind);
            assert_eq!(read(fields.clone()), UpdateKind::Ignored(reason), "{fields}");
        }
    }
}

#[test]
fn a_change_of_identity_tells_the_ids_that_portfolios_share() {
    let parents = |fields: Value| {
        let system = json!({"from_user_id": USER_ID, "type": "system"});
        let mut notice = message(system);
        for (key, value) in fields.as_object().unwrap() {
            notice[key] = value.clone();
        }
        match kinds(&call(json!({ "messages": [notice] }))).remove(0) {
            UpdateKind::IdentityChange(change) => {
                (change.previous_parent_user_id, change.current_parent_user_id)
            }
            other => panic!("{other:?}"),
        }
    };
    let (old, new) = (Some(OLD_PARENT.to_owned()), Some(PARENT.to_owned()));
    for kind in ["user_changed_number", "user_changed_user_id"] {
        let system = |extra: Value| {
            let mut system = json!({"type": kind, "user_id": "US.2", "previous_user_id": USER_ID});
            for (key, value) in extra.as_object().unwrap() {
                system[key] = value.clone();
            }
            system
        };
        let both = json!({"parent_user_id": PARENT, "previous_parent_user_id": OLD_PARENT});
        assert_eq!(parents(json!({ "system": system(both) })), (old.clone(), new.clone()));
        assert_eq!(parents(json!({ "system": system(json!({})) })), (None, None));
        let current = system(json!({"parent_user_id": PARENT}));
        for (from, previous) in [(OLD_PARENT, old.clone()), (PARENT, None)] {
            let fields = json!({"from_parent_user_id": from, "system": current});
            assert_eq!(
                parents(fields),
                (previous, new.clone()),
                "the notice's own may be the new one already"
            );
        }
        let odd = system(json!({"parent_user_id": "15550002222", "previous_parent_user_id": 7}));
        assert_eq!(parents(json!({ "system": odd })), (None, None));
    }
    let withdrawn = json!({"user_id_update": [{"wa_id": PHONE, "timestamp": "1790416800",
        "user_id": {"previous": USER_ID, "current": "US.2"},
        "parent_user_id": {"previous": OLD_PARENT, "current": PARENT}}]});
    match kinds(&on_field(call(withdrawn.clone()), "user_id_update")).remove(0) {
        UpdateKind::IdentityChange(change) => {
            assert_eq!((change.previous_parent_user_id, change.current_parent_user_id), (old, new));
        }
        other => panic!("{other:?}"),
    }
    let nobodys = account("user_id_update", withdrawn);
    assert_eq!(kinds(&nobodys), [UpdateKind::Ignored(IgnoredReason::Malformed)], "no number, no person");
}

/// JSON that looks like parts of a webhook, sound or not.
fn json_value() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "messages",
        "statuses",
        "errors",
        "contacts",
        "message_echoes",
        "standby",
        "metadata",
        "phone_number_id",
        "from",
        "from_user_id",
        "id",
        "timestamp",
        "type",
        "text",
        "body",
        "system",
        "user_id",
        "wa_id",
        "status",
        "recipient_id",
        "code",
        "interactive",
        "button_reply",
        "button",
        "payload",
        "context",
        "forwarded",
        "group_id",
        "parent_user_id",
        "previous_user_id",
        "event",
        "decision",
        "origin",
        "phones",
        "alert_info",
        "recipient",
        "user_id_update",
        "previous",
        "current",
    ]);
    let texts = prop::sample::select(vec![
        "text",
        "unsupported",
        "system",
        "button",
        "interactive",
        "button_reply",
        "contacts",
        "contact_request",
        "sent",
        "failed",
        "1790416800",
        PHONE,
        USER_ID,
        PARENT,
        NUMBER_ID,
        "user_changed_number",
        "PAUSED",
        "",
    ]);
    let leaf = prop_oneof![
        3 => texts.prop_map(|text| json!(text)),
        1 => any::<String>().prop_map(|text| json!(text)),
        1 => any::<i64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(|bool| json!(bool)),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(6, 96, 8, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            3 => prop::collection::btree_map(keys.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A message that is sound but for some of its fields.
fn odd_message() -> impl Strategy<Value = Value> {
    let fields = prop::collection::btree_map(
        prop::sample::select(vec![
            "from",
            "id",
            "timestamp",
            "type",
            "text",
            "context",
            "group_id",
            "system",
        ])
        .prop_map(str::to_owned),
        json_value(),
        0..3,
    );
    fields.prop_map(|fields| message(Value::Object(fields.into_iter().collect())))
}

proptest! {
    #[test]
    fn standby_is_read_as_messages_are(
        messages in prop::collection::vec(odd_message(), 0..4),
        statuses in json_value(),
        contacts in json_value(),
        errors in json_value(),
    ) {
        let whole = call(json!({"messages": messages, "statuses": statuses, "contacts": contacts, "errors": errors}));
        let expected = parsed(&whole);
        prop_assert_eq!(&parsed(&on_field(whole.clone(), "standby")), &expected);
        prop_assert_eq!(&parsed(&on_standby(whole)), &expected);
    }

    #[test]
    fn any_change_of_any_field_is_read_or_ignored(value in json_value(), field in prop::sample::select(vec![
        "messages", "standby", "user_id_update", "message_echoes", "smb_message_echoes", "messaging_handovers",
        "account_alerts", "account_update", "business_capability_update", "phone_number_quality_update",
        "message_template_status_update", "security", "flows", "",
    ])) {
        for update in parsed(&account(field, value)) {
            let is_about_a_person = matches!(
                update.kind,
                UpdateKind::Message(_) | UpdateKind::Status(_) | UpdateKind::IdentityChange(_)
            );
            prop_assert!(!(is_about_a_person && update.phone_number_id.is_empty()), "whose is it?");
        }
    }

    #[test]
    fn nothing_of_a_person_reaches_the_operator(value in json_value(), field in prop::sample::select(vec![
        "messaging_handovers", "account_alerts", "account_update", "message_template_status_update", "security",
        "phone_number_name_update",
    ])) {
        let shown = format!("{:?}", parsed(&account(field, value)).into_iter().map(|update| update.kind).collect::<Vec<_>>());
        let secrets: BTreeSet<&str> = [PHONE, USER_ID, PARENT].into();
        prop_assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{}", shown);
    }
}
