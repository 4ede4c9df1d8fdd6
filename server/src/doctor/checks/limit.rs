//! How many people a day may be sent one-time codes: a limit of the whole business portfolio.

use serde_json::Value;

use crate::doctor::{
    codes,
    finding::Finding,
    subject::{LIMIT, Subject, text, told},
};

pub(in crate::doctor) const NAME: &str = "messaging_limit";

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    if subject.config.otp.is_none() {
        return vec![Finding::skipped(NAME, "no one-time codes are sent, and nothing else counts")];
    }
    vec![match told(subject.limit().await) {
        Ok(body) => judge(body),
        Err(why) => Finding::skipped(NAME, why),
    }]
}

fn judge(number: &Value) -> Finding {
    match text(number, LIMIT) {
        None | Some("TIER_NOT_SET") => Finding::skipped(NAME, "Meta does not tell the limit"),
        Some(tier @ ("TIER_50" | "TIER_250")) => {
            let people = tier.trim_start_matches("TIER_");
            let message =
                format!("one-time codes may go to {people} people in 24 hours, of all the company's numbers");
            Finding::of(NAME, &codes::MESSAGING_LIMIT, message)
        }
        Some(tier) => Finding::ok(NAME, format!("the portfolio's limit is {tier}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_lowest_limits_are_warned_about() {
        for (tier, code) in [
            (json!("TIER_50"), "messaging_limit"),
            (json!("TIER_250"), "messaging_limit"),
            (json!("TIER_2K"), "ok"),
            (json!("TIER_UNLIMITED"), "ok"),
            (json!("TIER_NOT_SET"), "skipped"),
            (json!(null), "skipped"),
        ] {
            assert_eq!(judge(&json!({ LIMIT: tier })).code, code, "{tier}");
        }
    }
}
