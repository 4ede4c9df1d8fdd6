//! What keeps the number, its account, the business or the app from sending, as Meta sums it up.

use serde_json::Value;

use crate::doctor::{
    codes,
    finding::{Finding, Known},
    subject::{Subject, text, told},
};

pub(in crate::doctor) const NAME: &str = "sending";
pub(in crate::doctor) const MODE: &str = "app_mode";

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    match told(subject.health().await) {
        Ok(body) => judge(&body["health_status"]),
        Err(why) => vec![Finding::skipped(NAME, why)],
    }
}

/// Whether people's messages are delivered at all hangs on the app's mode, which the API does not tell.
pub(in crate::doctor) fn mode(_: &Subject) -> Vec<Finding> {
    let message = "Meta's API does not tell whether the app is live: see its dashboard, as in development mode some webhooks \
                   are not delivered";
    vec![Finding::skipped(MODE, message)]
}

fn judge(health: &Value) -> Vec<Finding> {
    let entities = health["entities"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<Finding> = entities.iter().filter_map(entity).collect();
    if found.is_empty() {
        let overall = known(health, false);
        found.push(match overall {
            Some(known) => Finding::of(NAME, known, "Meta lets nothing, or not everything, be sent"),
            None if entities.is_empty() => Finding::skipped(NAME, "Meta does not tell"),
            None => Finding::ok(NAME, "number, account, business and app may send"),
        });
    }
    found
}

fn entity(entity: &Value) -> Option<Finding> {
    let kind = text(entity, "entity_type").unwrap_or_default();
    let known = known(entity, kind == "APP")?;
    let what = match kind {
        "APP" => "the app",
        "BUSINESS" => "the business",
        "PHONE_NUMBER" => "the number",
        "WABA" => "the WhatsApp account",
        _ => "something",
    };
    let errors = entity["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let codes: Vec<String> =
        errors.iter().filter_map(|error| error["error_code"].as_u64()).map(|code| code.to_string()).collect();
    let codes = if codes.is_empty() { String::new() } else { format!(" (Meta's code {})", codes.join(", ")) };
    let how = if text(entity, "can_send_message") == Some("LIMITED") { "not everything" } else { "nothing" };
    Some(Finding::of(NAME, known, format!("{what} lets {how} be sent{codes}")))
}

fn known(of: &Value, is_app: bool) -> Option<&'static Known> {
    match text(of, "can_send_message")? {
        "AVAILABLE" => None,
        "LIMITED" if !is_app => Some(&codes::SENDING_LIMITED),
        _ if is_app => Some(&codes::APP_BLOCKED),
        _ => Some(&codes::SENDING_BLOCKED),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codes(health: &Value) -> Vec<&'static str> {
        judge(health).iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn what_may_not_send_is_named() {
        let with = |kind: &str, status: &str| {
            json!({ "can_send_message": status, "entities": [
                { "entity_type": "PHONE_NUMBER", "id": "1", "can_send_message": "AVAILABLE" },
                { "entity_type": kind, "id": "2", "can_send_message": status,
                  "errors": [{ "error_code": 141_006, "error_description": "", "possible_solution": "" }] }] })
        };
        assert_eq!(codes(&with("WABA", "AVAILABLE")), ["ok"]);
        assert_eq!(codes(&with("WABA", "BLOCKED")), ["sending_blocked"]);
        assert_eq!(codes(&with("BUSINESS", "LIMITED")), ["sending_limited"]);
        assert_eq!(codes(&with("APP", "BLOCKED")), ["app_blocked"]);
        assert_eq!(codes(&with("APP", "LIMITED")), ["app_blocked"]);
        assert!(judge(&with("WABA", "BLOCKED"))[0].message.contains("141006"));
        assert_eq!(codes(&json!({ "can_send_message": "BLOCKED" })), ["sending_blocked"]);
        assert_eq!(codes(&json!(null)), ["skipped"]);
    }
}
