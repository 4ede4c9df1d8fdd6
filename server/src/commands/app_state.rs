//! `loggin-server app show|disable|enable|delete`: an app as it stands, and what stops it.

use clap::Args;
use serde_json::Value;

use super::{
    administrator::{self, Administrator},
    app_key,
    app_view::as_json,
    guard,
    output::print_line,
    run::RunError,
};
use crate::clock::{Clock, SystemClock};

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
pub(super) async fn show(user: &Administrator, app_key: &str, json: bool) -> Result<(), RunError> {
    let app = user.administration.app(&user.actor, administrator::app_key(app_key)?).await?;
    let keys = user.administration.keys(&user.actor, app.app_key).await?;
    let now = SystemClock.now();
    let guards = user.administration.guards(&user.actor, app.app_key).await?;
    let mut shown = as_json(&app, None);
    if json {
        shown["guards"] = guard::as_json(&guards);
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
    print_line(&format!("{:24}{}", "guards", guard::summary(&guards.settings)))?;
    for key in &keys {
        print_line(&format!("{:24}{}", "key", app_key::line(key, now)))?;
    }
    Ok(())
}

/// Has an app refuse everything.
pub(super) async fn disable(user: &Administrator, app_key: &str) -> Result<(), RunError> {
    Ok(user.administration.pause_app(&user.actor, administrator::app_key(app_key)?).await?)
}

/// Has a disabled app work again.
pub(super) async fn enable(user: &Administrator, app_key: &str) -> Result<(), RunError> {
    Ok(user.administration.resume_app(&user.actor, administrator::app_key(app_key)?).await?)
}

/// Deletes an app, where that is meant.
pub(super) async fn delete(user: &Administrator, arguments: &DeleteArgs) -> Result<(), RunError> {
    let app_key = administrator::app_key(&arguments.app_key)?;
    let app = user.administration.app(&user.actor, app_key).await?;
    if !arguments.yes {
        return Err(RunError::Refused(format!(
            "{app_key} ({}) would be deleted with its logins, one-time codes and keys, for ever: say --yes",
            app.name
        )));
    }
    Ok(user.administration.delete_app(&user.actor, app_key).await?)
}
