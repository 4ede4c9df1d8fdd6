//! Whether the WhatsApp account tells the app anything.

use serde_json::Value;

use crate::doctor::{
    codes,
    finding::Finding,
    subject::{Subject, Told, text, told},
};

pub(in crate::doctor) const NAME: &str = "account";

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    let (Some(account), Some(app_id)) = (subject.account_id().await, subject.app_id().await) else {
        return vec![Finding::skipped(NAME, "Meta does not tell which account and app these are")];
    };
    let asked = subscribed(subject, &account).await;
    vec![match told(&asked) {
        Ok(body) => judge(body, &app_id),
        Err(why) => Finding::skipped(NAME, why),
    }]
}

/// Whether other apps share the account, as far as that is told.
pub(in crate::doctor) async fn other_apps(subject: &Subject, app_id: &str) -> bool {
    let Some(account) = subject.account_id().await else { return false };
    let asked = subscribed(subject, &account).await;
    told(&asked).is_ok_and(|body| apps(body).any(|id| id != app_id))
}

async fn subscribed(subject: &Subject, account: &str) -> Told {
    subject.read_as_server(&[account, "subscribed_apps"], &[]).await
}

/// The ids of the apps that are subscribed to the account.
fn apps(body: &Value) -> impl Iterator<Item = &str> {
    let apps = body["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    apps.iter().filter_map(|app| text(&app["whatsapp_business_api_data"], "id"))
}

fn judge(body: &Value, app_id: &str) -> Finding {
    if apps(body).any(|id| id == app_id) {
        return Finding::ok(NAME, "the app is subscribed to the number's account");
    }
    let message = "the app is not subscribed to the number's account: nothing that people write arrives";
    Finding::of(NAME, &codes::ACCOUNT_NOT_SUBSCRIBED, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_app_must_be_among_those_that_are_subscribed() {
        let body = |ids: &[&str]| {
            let apps =
                ids.iter().map(|id| json!({ "whatsapp_business_api_data": { "id": id, "name": "A" } }));
            json!({ "data": apps.collect::<Vec<_>>() })
        };
        assert_eq!(judge(&body(&["2", "1"]), "1").code, "ok");
        assert_eq!(judge(&body(&["2"]), "1").code, "account_not_subscribed");
        assert_eq!(judge(&json!({}), "1").code, "account_not_subscribed");
    }
}
