//! An app that the command line names, and how it is shown.

use loggin_protocol::{AppKey, SecretKey};
use serde_json::{Value, json};

use super::{output, run::RunError};
use crate::store::{App, PhoneHidden, Store};

/// The app that is named on the command line.
pub(super) async fn find(store: &dyn Store, app_key: &str) -> Result<App, RunError> {
    let app_key = AppKey::parse(app_key).map_err(|error| RunError::Refused(error.message().into()))?;
    store.app(app_key).await?.ok_or_else(|| unknown(app_key))
}

pub(super) fn unknown(app_key: AppKey) -> RunError {
    RunError::Refused(format!("there is no app {app_key}"))
}

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
        "disabled_at": app.disabled_at.map(output::moment),
    });
    if let Some(key) = secret_key {
        value["secret_key"] = key.expose().into();
    }
    value
}
