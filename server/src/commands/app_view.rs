//! How an app is shown on the command line.

use loggin_protocol::SecretKey;
use serde_json::{Value, json};

use super::output;
use crate::store::{App, PhoneHidden};

/// An app as JSON, with a secret key that was just made for it.
pub(super) fn as_json(app: &App, secret_key: Option<&SecretKey>) -> Value {
    let mut value = json!({
        "app_key": app.app_key,
        "name": app.name,
        "require_secret_key": app.require_secret_key,
        "hide_phone_from_browser": app.hide_phone_from_browser,
        "allowed_origins": app.allowed_origins,
        "confirm": app.confirm.as_str(),
        "phone_hidden": match app.phone_hidden {
            PhoneHidden::Allow => "allow",
            PhoneHidden::Ask => "ask",
            PhoneHidden::Fail => "fail",
        },
        "calls_per_minute": app.calls_per_minute,
        "monthly_quota": app.monthly_quota,
        "live_only": app.live_only,
        "messages_per_day": app.messages_per_day,
        "history_days": app.history_days,
        "disabled_at": app.disabled_at.map(output::moment),
    });
    if let Some(key) = secret_key {
        value["secret_key"] = key.expose().into();
    }
    value
}
