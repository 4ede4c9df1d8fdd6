//! The number: whether it is the one that people write to, registered, in good standing and a number of its own.

use loggin_protocol::PhoneNumber;
use serde_json::Value;

use crate::{
    doctor::{
        codes,
        finding::{Finding, Known},
        subject::{Subject, refusal, text, told},
    },
    phones,
};

pub(in crate::doctor) const NAME: &str = "number";

/// Codes that say that the token is not for the number, or that there is none.
const UNKNOWN: [u64; 3] = [10, 33, 200];

/// The code of an invalid call, and its subcode where there is no such object. Without that it is a version that lacks one
/// of the fields.
const NO_OBJECT: (u64, u64) = (100, 33);

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    let asked = subject.number().await;
    let code = refusal(asked);
    let subcode = asked.as_ref().ok().and_then(|response| response.body["error"]["error_subcode"].as_u64());
    if code.is_some_and(|code| UNKNOWN.contains(&code)) || code.zip(subcode) == Some(NO_OBJECT) {
        let message =
            "WhatsApp knows no number with the id of WHATSAPP_PHONE_NUMBER_ID that this access token is for";
        return vec![Finding::of(NAME, &codes::NUMBER_UNKNOWN, message)];
    }
    match told(asked) {
        Ok(number) => {
            let is_set = subject.lacks(&["WHATSAPP_NUMBER"]).is_none();
            judge(number, is_set.then(|| subject.config.whatsapp.number.digits()).as_deref())
        }
        Err(why) => vec![Finding::skipped(NAME, why)],
    }
}

/// Judges what the API tells of the number; `expected` is the number as the settings have it.
fn judge(number: &Value, expected: Option<&str>) -> Vec<Finding> {
    let is_of = |key: &str, values: &[&str]| text(number, key).is_some_and(|value| values.contains(&value));
    let told = |key: &str| text(number, key).unwrap_or_default().to_ascii_lowercase();
    let mut found = Vec::new();
    let mut find = |known: &Known, message: String| found.push(Finding::of(NAME, known, message));
    if let (Some(expected), Some(shown)) = (expected, text(number, "display_phone_number"))
        && !is_same(expected, shown)
    {
        let message = "WHATSAPP_PHONE_NUMBER_ID stands for another number than WHATSAPP_NUMBER";
        find(&codes::NUMBER_DIFFERS, format!("{message}: links lead people to a number that nobody reads"));
    }
    let on_cloud = text(number, "platform_type").is_none_or(|platform| platform == "CLOUD_API");
    if !on_cloud || is_of("status", &["PENDING", "UNVERIFIED", "DISCONNECTED"]) {
        let status = told("status");
        find(
            &codes::NUMBER_NOT_REGISTERED,
            format!("the number is not registered for the Cloud API ({status})"),
        );
    } else if is_of("status", &["FLAGGED"]) {
        find(&codes::NUMBER_FLAGGED, "the number is flagged: its messages are of low quality".to_owned());
    } else if text(number, "status").is_some_and(|status| status != "CONNECTED") {
        find(&codes::NUMBER_STATUS, format!("the number cannot be used: it is {}", told("status")));
    }
    if is_of("quality_rating", &["YELLOW", "RED"]) {
        find(&codes::NUMBER_QUALITY, format!("the quality of the number is {}", told("quality_rating")));
    }
    let approved = ["APPROVED", "AVAILABLE_WITHOUT_REVIEW", "NONE", "NON_EXISTS"];
    if text(number, "name_status").is_some_and(|status| !approved.contains(&status)) {
        find(&codes::NUMBER_NAME, format!("the display name is not approved: {}", told("name_status")));
    }
    if number["is_on_biz_app"].as_bool() == Some(true) {
        find(&codes::NUMBER_ON_BUSINESS_APP, "the number also runs in the WhatsApp Business app".to_owned());
    }
    if is_of("account_mode", &["SANDBOX"]) {
        find(&codes::NUMBER_TEST, "the number is one of Meta's for tests".to_owned());
    }
    if found.is_empty() {
        found
            .push(Finding::ok(NAME, "the number is the one of the settings, connected and in good standing"));
    }
    found
}

/// Whether the number that is shown is the one of the settings, in any of the forms that WhatsApp gives it.
fn is_same(expected: &str, shown: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let [expected, shown] = [expected, shown].map(digits);
    let phone = |digits: &str| PhoneNumber::parse(digits).ok();
    expected == shown
        || phone(&expected).zip(phone(&shown)).is_some_and(|(one, other)| {
            phones::same_account(&one, &other) || phones::same_account(&other, &one)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn codes(change: &Value) -> Vec<&'static str> {
        let mut number = json!({ "id": "1", "display_phone_number": "+1 555-000-1111", "name_status": "APPROVED",
            "quality_rating": "GREEN", "status": "CONNECTED", "platform_type": "CLOUD_API",
            "account_mode": "LIVE", "is_on_biz_app": false });
        number.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        judge(&number, Some("15550001111")).iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_number_is_judged_by_what_is_told() {
        for (change, expected) in [
            (json!({}), "ok"),
            (json!({ "display_phone_number": "15550001111" }), "ok"),
            (json!({ "quality_rating": "UNKNOWN", "name_status": "AVAILABLE_WITHOUT_REVIEW" }), "ok"),
            (
                json!({ "platform_type": null, "status": null, "quality_rating": null, "name_status": null }),
                "ok",
            ),
            (json!({ "display_phone_number": "+1 555-000-1112" }), "number_differs"),
            (json!({ "status": "PENDING" }), "number_not_registered"),
            (json!({ "platform_type": "NOT_APPLICABLE" }), "number_not_registered"),
            (json!({ "status": "BANNED" }), "number_status"),
            (json!({ "status": "SOMETHING_NEW" }), "number_status"),
            (json!({ "status": "FLAGGED" }), "number_flagged"),
            (json!({ "quality_rating": "RED" }), "number_quality"),
            (json!({ "name_status": "DECLINED" }), "number_name"),
            (json!({ "is_on_biz_app": true }), "number_on_business_app"),
            (json!({ "account_mode": "SANDBOX" }), "number_test"),
        ] {
            assert_eq!(codes(&change), [expected], "{change}");
        }
    }

    #[test]
    fn forms_of_one_number_are_the_same() {
        assert!(is_same("5511987654321", "+55 11 8765-4321"));
        assert!(is_same("525512345678", "+52 1 55 1234 5678"));
        assert!(!is_same("5511987654321", "+55 11 8765-4322"));
    }
}
