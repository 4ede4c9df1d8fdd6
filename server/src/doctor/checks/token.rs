//! The access token: whether it is good, for how long, and for what.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    clock::UnixMillis,
    doctor::{
        codes,
        finding::Finding,
        subject::{Subject, refusal, told},
    },
    limits,
};

pub(in crate::doctor) const NAME: &str = "token";

const MESSAGING: &str = "whatsapp_business_messaging";
const MANAGEMENT: &str = "whatsapp_business_management";

/// Codes with which the API refuses a token that has ended, was revoked or is none.
const REFUSED: [u64; 2] = [102, 190];

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    let asked = subject.token().await;
    let code = refusal(asked);
    if code.is_some_and(|code| REFUSED.contains(&code)) {
        return vec![refused("WhatsApp refuses the access token")];
    }
    match told(asked) {
        Ok(body) => judge(&body["data"], subject.clock.now()),
        Err(why) => vec![Finding::skipped(NAME, why)],
    }
}

fn refused(message: impl Into<String>) -> Finding {
    Finding::of(NAME, &codes::TOKEN_REFUSED, message)
}

/// Judges what `debug_token` tells.
fn judge(token: &Value, now: UnixMillis) -> Vec<Finding> {
    // 0 stands for never, in both.
    let ends =
        ["expires_at", "data_access_expires_at"].map(|key| token[key].as_i64().filter(|end| *end != 0));
    let end = ends.into_iter().flatten().min();
    let at = end.map(|seconds| UnixMillis(seconds.saturating_mul(1_000)));
    let date = at.map(|at| Timestamp::from(at).to_string()).unwrap_or_default();
    if at.is_some_and(|at| at <= now) {
        return vec![refused(format!("the access token ended at {date}"))];
    }
    if token["is_valid"].as_bool() != Some(true) {
        return vec![refused("the access token is not valid any more")];
    }
    let mut found = Vec::new();
    if let Some(at) = at.filter(|at| *at <= now + limits::ENDS_SOON) {
        let days = at.since(now).as_secs() / Duration::from_secs(24 * 60 * 60).as_secs();
        let message = format!("the access token ends at {date}, in {days} days");
        found.push(Finding::of(NAME, &codes::TOKEN_ENDS, message));
    }
    let scopes = token["scopes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let may = |permission: &str| scopes.iter().any(|scope| scope == permission);
    if !may(MESSAGING) {
        let message = format!("the access token lacks the permission {MESSAGING}: nothing can be sent");
        found.push(Finding::of(NAME, &codes::TOKEN_CANNOT_SEND, message));
    }
    if !may(MANAGEMENT) {
        let message = format!("the access token lacks the permission {MANAGEMENT}");
        found.push(Finding::of(NAME, &codes::TOKEN_CANNOT_MANAGE, message));
    }
    if found.is_empty() {
        let until = if at.is_some() { format!("until {date}") } else { "without an end".to_owned() };
        found.push(Finding::ok(NAME, format!("the access token is valid {until}, with both permissions")));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_790_416_800_000);

    fn codes(change: &Value) -> Vec<&'static str> {
        let mut token = json!({ "is_valid": true, "expires_at": 0, "data_access_expires_at": 0,
            "scopes": [MANAGEMENT, MESSAGING, "public_profile"] });
        token.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        judge(&token, NOW).iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_token_is_judged_by_its_end_and_its_permissions() {
        let seconds = NOW.0 / 1_000;
        let day = 24 * 60 * 60;
        for (change, expected) in [
            (json!({}), &["ok"][..]),
            (json!({ "expires_at": seconds + 91 * day }), &["ok"]),
            (json!({ "expires_at": seconds + day }), &["token_ends"]),
            (json!({ "data_access_expires_at": seconds + day }), &["token_ends"]),
            (json!({ "expires_at": seconds }), &["token_refused"]),
            (json!({ "is_valid": false }), &["token_refused"]),
            (json!({ "is_valid": null }), &["token_refused"]),
            (json!({ "scopes": [MANAGEMENT] }), &["token_cannot_send"]),
            (json!({ "scopes": [MESSAGING] }), &["token_cannot_manage"]),
            (json!({ "scopes": null }), &["token_cannot_send", "token_cannot_manage"]),
            (
                json!({ "expires_at": seconds + 1, "scopes": [MESSAGING] }),
                &["token_ends", "token_cannot_manage"],
            ),
        ] {
            assert_eq!(codes(&change), expected, "{change}");
        }
    }

    #[test]
    fn an_end_beyond_the_calendar_is_no_panic() {
        assert_eq!(codes(&json!({ "expires_at": i64::MAX })), ["ok"]);
        assert_eq!(codes(&json!({ "expires_at": i64::MIN })), ["token_refused"]);
    }
}
