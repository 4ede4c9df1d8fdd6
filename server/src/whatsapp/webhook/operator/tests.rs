//! What of an account's webhooks reaches the operator: the kind, the word, and where to look.

use serde_json::json;

use super::*;

fn event(field: &str, value: &Value) -> OperatorEvent {
    OperatorEvent::read(field, value).unwrap()
}

/// Kind, severity, word, what follows, and what to look at.
fn told(field: &str, value: &Value) -> (OperatorKind, Severity, Option<String>, Option<String>, LookAt) {
    let OperatorEvent { kind, severity, event, detail, look_at, .. } = event(field, value);
    (kind, severity, event, detail, look_at)
}

#[test]
fn each_field_has_its_kind_and_place() {
    use OperatorKind as Kind;
    let cases = [
        ("account_alerts", Kind::AccountAlert, LookAt::Account),
        ("account_review_update", Kind::AccountReview, LookAt::Account),
        ("account_update", Kind::AccountUpdate, LookAt::Account),
        ("business_capability_update", Kind::BusinessCapability, LookAt::MessagingLimit),
        ("business_status_update", Kind::BusinessStatus, LookAt::BusinessPortfolio),
        ("history", Kind::Coexistence, LookAt::SharedNumber),
        ("smb_app_state_sync", Kind::Coexistence, LookAt::SharedNumber),
        ("smb_message_echoes", Kind::Coexistence, LookAt::SharedNumber),
        ("messaging_handovers", Kind::Handover, LookAt::BusinessAgent),
        ("message_echoes", Kind::MessageEcho, LookAt::BusinessAgent),
        ("phone_number_name_update", Kind::PhoneNumberName, LookAt::NumberName),
        ("phone_number_quality_update", Kind::PhoneNumberQuality, LookAt::NumberQuality),
        ("security", Kind::Security, LookAt::TwoStepVerification),
        ("template_category_update", Kind::TemplateCategory, LookAt::OtpTemplate),
        ("message_template_quality_update", Kind::TemplateQuality, LookAt::OtpTemplate),
        ("message_template_status_update", Kind::TemplateStatus, LookAt::OtpTemplate),
    ];
    for (field, kind, look_at) in cases {
        // Whatever stands in it, and where nothing can be read, too.
        for value in
            [json!(null), json!({}), json!([]), json!({"event": 7, "alert_info": "x", "ban_info": []})]
        {
            let event = event(field, &value);
            assert_eq!((event.kind, event.look_at), (kind, look_at), "{field} {value}");
            assert_eq!((event.event, event.detail, event.template), (None, None, None), "{field} {value}");
        }
    }
    for kind in Kind::ALL {
        assert!(cases.iter().any(|(_, known, _)| *known == kind), "{kind:?} comes from no field");
    }
    for field in ["messages", "flows", "user_preferences", ""] {
        assert_eq!(OperatorEvent::read(field, &json!({})), None);
    }
}

#[test]
fn kinds_have_names_of_their_own() {
    assert!(OperatorKind::ALL.map(OperatorKind::name).is_sorted_by(|a, b| a < b));
}

#[test]
fn a_template_that_cannot_be_sent_is_a_warning_that_names_the_setting() {
    let status = |event: &str| {
        json!({"event": event, "message_template_id": 1_689_556_908_129_832_u64, "reason": "Free text +15550002222",
            "message_template_name": "verification_code", "message_template_language": "en_US"})
    };
    for word in ["PAUSED", "DISABLED", "REJECTED", "FLAGGED", "PENDING_DELETION", "ARCHIVED", "SOMETHING_NEW"]
    {
        let event = event("message_template_status_update", &status(word));
        assert_eq!((event.severity, event.event.as_deref()), (Severity::Warning, Some(word)));
        assert_eq!(event.template.as_deref(), Some("verification_code"));
        assert_eq!(event.severity(Some("verification_code")), Severity::Warning);
        assert_eq!(event.severity(Some("another")), Severity::Info, "not the one that codes are sent in");
        assert_eq!(event.severity(None), Severity::Warning);
        assert!(!format!("{event:?}").contains("15550002222"));
    }
    for word in ["APPROVED", "PENDING", "REINSTATED", "UNARCHIVED", "UNLOCKED"] {
        assert_eq!(event("message_template_status_update", &status(word)).severity, Severity::Info, "{word}");
    }
}

#[test]
fn quality_and_category_of_a_template() {
    let quality = |score| {
        let value = json!({"previous_quality_score": "GREEN", "new_quality_score": score});
        told("message_template_quality_update", &value)
    };
    for (score, severity) in [
        ("GREEN", Severity::Info),
        ("UNKNOWN", Severity::Info),
        ("YELLOW", Severity::Warning),
        ("RED", Severity::Warning),
    ] {
        let place = (OperatorKind::TemplateQuality, severity, Some(score.into()), None, LookAt::OtpTemplate);
        assert_eq!(quality(score), place);
    }
    for (value, word, severity) in [
        (
            json!({"previous_category": "AUTHENTICATION", "new_category": "MARKETING"}),
            "MARKETING",
            Severity::Warning,
        ),
        (json!({"new_category": "AUTHENTICATION"}), "AUTHENTICATION", Severity::Info),
        (json!({"correct_category": "MARKETING"}), "MARKETING", Severity::Warning),
    ] {
        let place = (OperatorKind::TemplateCategory, severity, Some(word.into()), None, LookAt::OtpTemplate);
        assert_eq!(told("template_category_update", &value), place);
    }
}

#[test]
fn what_happens_to_the_account() {
    let cases = [
        (json!({"event": "VERIFIED_ACCOUNT"}), Severity::Info, None, LookAt::Account),
        (json!({"event": "PARTNER_ADDED"}), Severity::Info, None, LookAt::Account),
        (
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE", "waba_ban_date": "Monday"}}),
            Severity::Warning,
            Some("SCHEDULE_FOR_DISABLE"),
            LookAt::Account,
        ),
        (
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}),
            Severity::Info,
            Some("REINSTATE"),
            LookAt::Account,
        ),
        (json!({"event": "DISABLED_UPDATE"}), Severity::Warning, None, LookAt::Account),
        (
            json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
                {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1_790_416_800}]}),
            Severity::Warning,
            Some("RESTRICTED_BIZ_INITIATED_MESSAGING"),
            LookAt::Account,
        ),
        (
            json!({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SCAM"}}),
            Severity::Warning,
            Some("SCAM"),
            LookAt::Account,
        ),
        (json!({"event": "PARTNER_REMOVED"}), Severity::Warning, None, LookAt::WebhookSubscription),
        (json!({"event": "PARTNER_APP_UNINSTALLED"}), Severity::Warning, None, LookAt::WebhookSubscription),
        (
            json!({"event": "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE", "auth_international_rate_eligibility": {}}),
            Severity::Warning,
            None,
            LookAt::AuthenticationPrice,
        ),
        (json!({"event": "A_NEW_ONE"}), Severity::Warning, None, LookAt::Account),
    ];
    for (value, severity, detail, look_at) in cases {
        let event = value["event"].as_str().map(str::to_owned);
        let expected = (OperatorKind::AccountUpdate, severity, event, detail.map(str::to_owned), look_at);
        assert_eq!(told("account_update", &value), expected, "{value}");
    }
}

#[test]
fn alerts_and_reviews_have_their_words_elsewhere() {
    let alert = |severity| {
        json!({"entity_type": "BUSINESS", "entity_id": 1, "alert_info": {"alert_severity": severity,
            "alert_status": "ACTIVE", "alert_type": "OBA_APPROVED", "alert_description": "Some text"}})
    };
    let flat = json!({"alert_severity": "CRITICAL", "alert_type": "OBA_APPROVED"});
    for (value, severity) in [
        (alert("INFORMATIONAL"), Severity::Info),
        (alert("WARNING"), Severity::Warning),
        (alert("CRITICAL"), Severity::Warning),
        (flat, Severity::Warning),
    ] {
        let expected =
            (OperatorKind::AccountAlert, severity, Some("OBA_APPROVED".into()), None, LookAt::Account);
        assert_eq!(told("account_alerts", &value), expected);
    }
    for (field, word, severity) in [
        ("account_review_update", "APPROVED", Severity::Info),
        ("account_review_update", "REJECTED", Severity::Warning),
        ("phone_number_name_update", "APPROVED", Severity::Info),
        ("phone_number_name_update", "DECLINED", Severity::Warning),
    ] {
        let event = event(field, &json!({"decision": word, "requested_verified_name": "Ana's shop"}));
        assert_eq!((event.severity, event.event.as_deref()), (severity, Some(word)));
    }
}

#[test]
fn limits_and_quality_of_the_number() {
    for (limits, severity) in [
        (json!({"max_daily_conversations_per_business": 250}), Severity::Warning),
        (json!({"max_daily_conversations_per_business": "TIER_250"}), Severity::Warning),
        (json!({"max_daily_conversations_per_business": 2_000}), Severity::Info),
        (json!({"max_daily_conversations_per_business": -1}), Severity::Info),
        (json!({"max_daily_conversations_per_business": "TIER_UNLIMITED"}), Severity::Info),
        (json!({"max_daily_conversation_per_phone": 50}), Severity::Warning),
        (json!({"max_phone_numbers_per_business": 25}), Severity::Info),
        (json!({"max_daily_conversations_per_business": []}), Severity::Warning),
    ] {
        assert_eq!(event("business_capability_update", &limits).severity, severity, "{limits}");
    }
    for (word, severity) in [
        ("FLAGGED", Severity::Warning),
        ("DOWNGRADE", Severity::Warning),
        ("UNFLAGGED", Severity::Info),
        ("THROUGHPUT_UPGRADE", Severity::Info),
    ] {
        let value =
            json!({"display_phone_number": "15550001111", "event": word, "current_limit": "TIER_10K"});
        assert_eq!(event("phone_number_quality_update", &value).severity, severity);
    }
    for word in ["PIN_CHANGED", "PIN_RESET_REQUEST"] {
        assert_eq!(event("security", &json!({"event": word, "requester": "1"})).severity, Severity::Warning);
    }
}

#[test]
fn a_change_of_hands_is_no_harm() {
    let value = json!({"sender": {"phone_number": "15550002222"}, "recipient": {"phone_number_id": "2"},
        "type": "control_passed", "control_passed": {"previous_owner_app_role": "meta_business_agent"}});
    let expected =
        (OperatorKind::Handover, Severity::Info, Some("control_passed".into()), None, LookAt::BusinessAgent);
    assert_eq!(told("messaging_handovers", &value), expected);
}

#[test]
fn only_words_are_taken_over() {
    let longest = "A".repeat(MAX_WORD_CHARS);
    for word in ["PAUSED", "control_passed", "TIER_100K", longest.as_str()] {
        assert!(is_word(word), "{word}");
    }
    let too_long = format!("{longest}A");
    for text in [
        "",
        "two words",
        "15550002222",
        "_PAUSED",
        "PAUSED\n",
        "ERROR_15550002222",
        "wamid.HBgL",
        "GRÖSSE",
        "\u{202e}PAUSED",
        &too_long,
    ] {
        assert!(!is_word(text), "{text}");
    }
    for name in ["", "Verification", "a b", "a-b", "a\n"] {
        assert_eq!(template_name(&json!({ "message_template_name": name })), None, "{name}");
    }
}
