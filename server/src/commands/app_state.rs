//! `loggin-server app show|disable|enable|delete`: an app as it stands, and what stops it.

use clap::Args;
use serde_json::Value;

use super::{
    app_key,
    app_view::{self, as_json},
    audit,
    output::print_line,
    run::RunError,
};
use crate::{
    clock::{Clock, SystemClock},
    store::{Act, Store},
};

/// An app to be deleted.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// The app.
    app_key: String,
    /// Delete it; without this nothing is done.
    #[arg(long)]
    yes: bool,
}

/// Shows an app with its keys.
pub(super) async fn show(store: &dyn Store, app_key: &str, json: bool) -> Result<(), RunError> {
    let app = app_view::find(store, app_key).await?;
    let keys = store.secret_keys(app.app_key).await?;
    let now = SystemClock.now();
    let mut shown = as_json(&app, None);
    if json {
        let keys: Vec<Value> = keys.iter().map(|key| app_key::as_json(key, now)).collect();
        shown["keys"] = keys.into();
        return print_line(&shown.to_string());
    }
    for (name, value) in shown.as_object().into_iter().flatten() {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        print_line(&format!("{name:24}{value}"))?;
    }
    for key in &keys {
        print_line(&format!("{:24}{}", "key", app_key::line(key, now)))?;
    }
    Ok(())
}

/// Has an app refuse everything.
pub(super) async fn disable(store: &dyn Store, app_key: &str) -> Result<(), RunError> {
    let app_key = app_view::find(store, app_key).await?.app_key;
    if audit::administer(store, Act::DisableApp(app_key, SystemClock.now())).await? {
        return Ok(());
    }
    Err(RunError::Refused(format!("the app {app_key} is disabled already")))
}

/// Has a disabled app work again.
pub(super) async fn enable(store: &dyn Store, app_key: &str) -> Result<(), RunError> {
    let app_key = app_view::find(store, app_key).await?.app_key;
    if audit::administer(store, Act::EnableApp(app_key)).await? {
        return Ok(());
    }
    Err(RunError::Refused(format!("the app {app_key} is not disabled")))
}

/// Deletes an app, where that is meant.
pub(super) async fn delete(store: &dyn Store, arguments: &DeleteArgs) -> Result<(), RunError> {
    let app = app_view::find(store, &arguments.app_key).await?;
    let app_key = app.app_key;
    if !arguments.yes {
        return Err(RunError::Refused(format!(
            "{app_key} ({}) would be deleted with its logins, one-time codes and keys, for ever: say --yes",
            app.name
        )));
    }
    if audit::administer(store, Act::DeleteApp(app_key)).await? {
        return Ok(());
    }
    Err(app_view::unknown(app_key))
}
