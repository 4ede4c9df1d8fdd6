//! `loggin-server access-key …`: keys by which programs administer this server. A key is printed once, when it is made.

use clap::{Args, Subcommand};
use loggin_protocol::AppKey;
use serde_json::{Value, json};

use super::{
    administrator::{self, Administrator},
    app_key::Time,
    output::{moment, print_line},
    run::RunError,
};
use crate::{
    administration::{NewAccessKey, Right},
    clock::{Clock, SystemClock, UnixMillis},
    store::{AccessKey, KeyId, Location},
};

/// What is done to access keys.
#[derive(Debug, Subcommand)]
pub(crate) enum AccessKeyCommand {
    /// Add an access key, and print it this once.
    Create(CreateArgs),
    /// List access keys by their ids, those that ended lately among them.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Have an access key be worth nothing from now on.
    Revoke {
        /// The key, by its id.
        key_id: String,
    },
}

/// A new access key.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// What to call it: the audit tells what it does as `key:` and this.
    #[arg(long)]
    label: String,
    /// What it may do, such as logs:read; may be repeated.
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scopes())]
    scopes: Vec<String>,
    /// An app that it reaches; may be repeated. Without one it reaches all.
    #[arg(long = "app", value_name = "APP_KEY")]
    apps: Vec<String>,
    /// When it ends by itself, such as `90d` [default: never].
    #[arg(long, value_name = "TIME")]
    expires_in: Option<Time>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The scopes by name, which shells complete.
fn scopes() -> [&'static str; Right::ALL.len()] {
    Right::ALL.map(Right::as_str)
}

/// Carries out one command on this database.
pub(super) async fn run(database: &Location, command: AccessKeyCommand) -> Result<(), RunError> {
    let user = Administrator::of(database).await?;
    let done = match command {
        AccessKeyCommand::Create(arguments) => create(&user, arguments).await,
        AccessKeyCommand::List { json } => list(&user, json).await,
        AccessKeyCommand::Revoke { key_id } => {
            let id = KeyId::of_text(&key_id);
            user.administration.revoke_access_key(&user.actor, &id).await.map_err(RunError::from)
        }
    };
    user.close().await;
    done
}

async fn create(user: &Administrator, arguments: CreateArgs) -> Result<(), RunError> {
    let apps = arguments.apps.iter().map(|key| administrator::app_key(key));
    let apps: Vec<AppKey> = apps.collect::<Result<_, _>>()?;
    let new = NewAccessKey {
        label: arguments.label,
        rights: arguments.scopes.iter().filter_map(|scope| Right::of_word(scope)).collect(),
        apps: Some(apps).filter(|apps| !apps.is_empty()),
        expires_in: arguments.expires_in.map(|time| time.0),
    };
    let (secret, kept) = user.administration.create_access_key(&user.actor, new).await?;
    if arguments.json {
        let mut value = as_json(&kept, kept.created_at);
        value["access_key"] = secret.expose().into();
        return print_line(&value.to_string());
    }
    print_line(&format!("key_id      {}", kept.id))?;
    print_line(&format!("access_key  {}", secret.expose()))?;
    print_line("The access key is shown this once: keep it where only the program that it is for reads it.")
}

async fn list(user: &Administrator, json: bool) -> Result<(), RunError> {
    let keys = user.administration.access_keys(&user.actor).await?;
    let now = SystemClock.now();
    if json {
        let keys: Vec<Value> = keys.iter().map(|key| as_json(key, now)).collect();
        return print_line(&Value::from(keys).to_string());
    }
    keys.iter().try_for_each(|key| print_line(&line(key, now)))
}

/// A key in one line.
fn line(key: &AccessKey, now: UnixMillis) -> String {
    let state = match key.expires_at {
        None => String::new(),
        Some(at) if key.is_good(now) => format!("  expires {}", moment(at)),
        Some(at) => format!("  ended {}", moment(at)),
    };
    let used = key.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", moment(at)));
    let apps = apps(key).map_or_else(|| "all apps".to_owned(), |apps| apps.join(" "));
    let scopes = key.scopes.join(" ");
    format!("{}  created {}  {used}{state}  {}  {apps}  {scopes}", key.id, moment(key.created_at), key.label)
}

fn apps(key: &AccessKey) -> Option<Vec<&str>> {
    key.apps.as_ref().map(|apps| apps.iter().map(AppKey::as_str).collect())
}

/// A key as JSON.
fn as_json(key: &AccessKey, now: UnixMillis) -> Value {
    json!({
        "key_id": key.id.as_str(),
        "label": key.label,
        "scopes": key.scopes,
        "apps": apps(key),
        "created_at": moment(key.created_at),
        "last_used_at": key.last_used_at.map(moment),
        "expires_at": key.expires_at.map(moment),
        "good": key.is_good(now),
    })
}
