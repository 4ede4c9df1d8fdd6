//! What the Meta app tells whom: the app secret, the webhook's address, and the fields that it is subscribed to.

use serde_json::Value;

use crate::doctor::{
    codes,
    finding::Finding,
    subject::{Subject, refusal, text, told},
};

pub(in crate::doctor) const NAME: &str = "subscription";

/// Codes with which the API refuses an app's own token: its secret is another one.
const REFUSED: [u64; 2] = [101, 190];

/// Fields in which Meta tells of the account, the number and the templates.
const OF_ACCOUNT: [&str; 5] = [
    "account_update",
    "account_alerts",
    "phone_number_quality_update",
    "message_template_status_update",
    "business_capability_update",
];

pub(in crate::doctor) async fn check(subject: &Subject) -> Vec<Finding> {
    let Some(app_id) = subject.app_id().await else {
        return vec![Finding::skipped(NAME, "Meta does not tell which app the access token is of")];
    };
    let asked = subject.read_as_app(&app_id, &[&app_id, "subscriptions"]).await;
    let code = refusal(&asked);
    if code.is_some_and(|code| REFUSED.contains(&code)) {
        let message = "WHATSAPP_APP_SECRET is not the secret of the app that the access token is of";
        return vec![Finding::of(NAME, &codes::APP_SECRET_WRONG, message)];
    }
    let body = match told(&asked) {
        Ok(body) => body,
        Err(why) => return vec![Finding::skipped(NAME, why)],
    };
    let is_shared = super::account::other_apps(subject, &app_id).await;
    let configured = subject.number_field("webhook_configuration").await;
    let override_of = told(&configured).ok().and_then(|body| overridden(&body["webhook_configuration"]));
    judge(&body["data"], override_of, &subject.public.webhook_url(), is_shared)
}

/// The address that the number or its account has in place of the app's.
fn overridden(configuration: &Value) -> Option<&str> {
    ["phone_number", "whatsapp_business_account"].into_iter().find_map(|level| text(configuration, level))
}

fn judge(subscriptions: &Value, override_of: Option<&str>, own: &str, is_shared: bool) -> Vec<Finding> {
    let subscriptions = subscriptions.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_whatsapp =
        |subscription: &&Value| text(subscription, "object") == Some("whatsapp_business_account");
    let Some(subscription) = subscriptions.iter().find(is_whatsapp) else {
        let message = "the app has no webhook for WhatsApp: nothing that people write arrives";
        return vec![Finding::of(NAME, &codes::WEBHOOK_UNSET, message)];
    };
    if subscription["active"].as_bool() == Some(false) {
        let message = "the app's webhook for WhatsApp is switched off: nothing that people write arrives";
        return vec![Finding::of(NAME, &codes::WEBHOOK_UNSET, message)];
    }
    let mut found = Vec::new();
    let address = override_of.or_else(|| text(subscription, "callback_url"));
    if address.is_some_and(|address| address.trim_end_matches('/') != own) {
        let message = format!("WhatsApp posts webhooks to another address than {own}");
        found.push(Finding::of(NAME, &codes::WEBHOOK_ELSEWHERE, message));
    }
    let fields = subscription["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    // Some versions list names alone.
    let has = |name: &str| fields.iter().any(|field| text(field, "name").or(field.as_str()) == Some(name));
    if !has("messages") {
        let message = "the webhook field `messages` is not subscribed to: no login arrives";
        found.push(Finding::of(NAME, &codes::FIELD_MESSAGES, message));
    }
    if !has("standby") {
        let known = if is_shared { &codes::FIELD_STANDBY_SHARED } else { &codes::FIELD_STANDBY };
        let message =
            "the webhook field `standby` is not subscribed to: logins in chats that another handles are lost";
        found.push(Finding::of(NAME, known, message));
    }
    let missing: Vec<&str> = OF_ACCOUNT.into_iter().filter(|name| !has(name)).collect();
    if !missing.is_empty() {
        let message = format!("webhook fields that are not subscribed to: {}", missing.join(", "));
        found.push(Finding::of(NAME, &codes::FIELDS_OF_ACCOUNT, message));
    }
    if found.is_empty() {
        found.push(Finding::ok(NAME, "the app secret is right, and the app tells this server all it should"));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "https://login.example/webhooks/whatsapp";

    fn codes(
        change: &Value,
        without: &[&str],
        override_of: Option<&str>,
        is_shared: bool,
    ) -> Vec<&'static str> {
        let fields: Vec<Value> = ["messages", "standby"]
            .iter()
            .chain(&OF_ACCOUNT)
            .filter(|name| !without.contains(name))
            .map(|name| json!({ "name": name, "version": "v26.0" }))
            .collect();
        let mut subscription = json!({ "object": "whatsapp_business_account", "callback_url": OWN, "active": true,
            "fields": fields });
        subscription.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let other = json!({ "object": "page", "callback_url": "https://other.example" });
        judge(&json!([other, subscription]), override_of, OWN, is_shared)
            .iter()
            .map(|found| found.code)
            .collect()
    }

    #[test]
    fn what_is_not_told_is_named() {
        let none = json!({});
        assert_eq!(codes(&none, &[], None, true), ["ok"]);
        assert_eq!(codes(&none, &[], Some(OWN), false), ["ok"]);
        assert_eq!(codes(&json!({ "callback_url": format!("{OWN}/") }), &[], None, false), ["ok"]);
        assert_eq!(codes(&json!({ "object": "page" }), &[], None, false), ["webhook_unset"]);
        assert_eq!(codes(&json!({ "active": false }), &[], None, false), ["webhook_unset"]);
        let elsewhere = json!({ "callback_url": "https://old.example/webhooks/whatsapp" });
        assert_eq!(codes(&elsewhere, &[], None, false), ["webhook_elsewhere"]);
        assert_eq!(codes(&elsewhere, &[], Some(OWN), false), ["ok"]);
        assert_eq!(codes(&none, &[], Some("https://old.example"), false), ["webhook_elsewhere"]);
        assert_eq!(codes(&none, &["messages"], None, false), ["field_messages"]);
        assert_eq!(codes(&none, &["standby"], None, false), ["field_standby"]);
        assert_eq!(codes(&none, &["standby"], None, true), ["field_standby_shared"]);
        assert_eq!(codes(&none, &["account_update"], None, false), ["fields_of_account"]);
        let names = json!({ "fields": ["messages", "standby"] });
        assert_eq!(codes(&names, &[], None, false), ["fields_of_account"]);
        assert_eq!(judge(&json!([]), None, OWN, false)[0].code, "webhook_unset");
    }

    #[test]
    fn the_address_that_is_nearest_to_the_number_counts() {
        let all = json!({ "phone_number": "p", "whatsapp_business_account": "w", "application": "a" });
        assert_eq!(overridden(&all), Some("p"));
        assert_eq!(overridden(&json!({ "whatsapp_business_account": "w", "application": "a" })), Some("w"));
        assert_eq!(overridden(&json!({ "application": "a" })), None);
    }
}
