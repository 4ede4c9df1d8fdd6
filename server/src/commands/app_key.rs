//! `loggin-server app key …`: secret keys added, listed, replaced and revoked. A key is printed once, when it is made.

use std::{str::FromStr, time::Duration};

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Span, SpanRelativeTo};
use loggin_protocol::{AppKey, SecretKey};
use serde_json::{Value, json};

use super::{
    administrator::{self, Administrator},
    output::{moment, print_line},
    run::RunError,
};
use crate::{
    administration::{AdministrationError, KeyRotation, Missing, NewKey, RotatedKey},
    clock::{Clock, SystemClock, UnixMillis},
    store::{AppSecretKey, KeyId},
};

/// The longest time that may be given: a key that is to live longer need not expire.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// What is done to secret keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Add a secret key to an app, and print it this once.
    Create(CreateArgs),
    /// List the secret keys of an app by their ids, those that ended lately among them.
    List {
        /// The app.
        app_key: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add a secret key in the place of another, and print it this once; both are taken for a while.
    Rotate(RotateArgs),
    /// Have a secret key be worth nothing from now on.
    Revoke {
        /// The app.
        app_key: String,
        /// The key, by its id.
        key_id: String,
    },
}

/// A new key.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The app.
    app_key: String,
    /// What to call it, for instance by the server that it is for.
    #[arg(long)]
    label: String,
    #[command(flatten)]
    new: NewArgs,
}

/// A key in the place of another.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// The app.
    app_key: String,
    /// The key to be replaced, by its id; it need not be named where the app has one.
    key_id: Option<String>,
    /// How long the old key is still taken, such as `24h`, `7d` or `0`.
    #[arg(long, value_name = "TIME", default_value = "24h")]
    overlap: Time,
    #[command(flatten)]
    new: NewArgs,
}

/// What any new key is told.
#[derive(Clone, Copy, Debug, Args)]
struct NewArgs {
    /// When it ends by itself, such as `90d` [default: never].
    #[arg(long, value_name = "TIME")]
    expires_in: Option<Time>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A time as people write it: `24h`, `7d`, `1h 30m`, `0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time(pub(super) Duration);

impl FromStr for Time {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MALFORMED: &str = "must be a time such as 24h, 7d or 0, and ten years at most";
        if text.trim() == "0" {
            return Ok(Self(Duration::ZERO));
        }
        let span = Span::from_str(text).map_err(|_| MALFORMED)?;
        let time = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| MALFORMED)?;
        let time =
            Duration::try_from(time).map_err(|_: <Duration as TryFrom<SignedDuration>>::Error| MALFORMED)?;
        if time > LONGEST { Err(MALFORMED) } else { Ok(Self(time)) }
    }
}

/// Carries out one command.
pub(super) async fn run(user: &Administrator, command: KeyCommand) -> Result<(), RunError> {
    match command {
        KeyCommand::Create(arguments) => create(user, arguments).await,
        KeyCommand::List { app_key, json } => list(user, &app_key, json).await,
        KeyCommand::Rotate(arguments) => rotate(user, &arguments).await,
        KeyCommand::Revoke { app_key, key_id } => revoke(user, &app_key, &key_id).await,
    }
}

async fn create(user: &Administrator, arguments: CreateArgs) -> Result<(), RunError> {
    let CreateArgs { app_key, label, new: NewArgs { expires_in, json } } = arguments;
    let app_key = administrator::app_key(&app_key)?;
    let new = NewKey { label, expires_in: expires_in.map(|time| time.0) };
    let (key, kept) = user.administration.create_key(&user.actor, app_key, new).await?;
    print_new(&key, &kept, None, json)
}

async fn list(user: &Administrator, app_key: &str, json: bool) -> Result<(), RunError> {
    let app_key = administrator::app_key(app_key)?;
    let keys = user.administration.keys(&user.actor, app_key).await?;
    let now = SystemClock.now();
    if json {
        let keys: Vec<Value> = keys.iter().map(|key| as_json(key, now)).collect();
        return print_line(&Value::from(keys).to_string());
    }
    keys.iter().try_for_each(|key| print_line(&line(key, now)))
}

async fn rotate(user: &Administrator, arguments: &RotateArgs) -> Result<(), RunError> {
    let app_key = administrator::app_key(&arguments.app_key)?;
    let old = match &arguments.key_id {
        Some(id) => KeyId::of_text(id),
        None => only_key(user, app_key).await?,
    };
    let NewArgs { expires_in, json } = arguments.new;
    let rotation = KeyRotation { overlap: arguments.overlap.0, expires_in: expires_in.map(|time| time.0) };
    let rotated = user.administration.rotate_key(&user.actor, app_key, &old, rotation).await?;
    let RotatedKey { key, kept, replaced, until } = rotated;
    print_new(&key, &kept, Some((&replaced, until)), json)
}

async fn revoke(user: &Administrator, app_key: &str, key_id: &str) -> Result<(), RunError> {
    let app_key = administrator::app_key(app_key)?;
    Ok(user.administration.revoke_key(&user.actor, app_key, KeyId::of_text(key_id)).await?)
}

/// The only good key of an app.
async fn only_key(user: &Administrator, app_key: AppKey) -> Result<KeyId, RunError> {
    let now = SystemClock.now();
    let mut keys = user.administration.keys(&user.actor, app_key).await?;
    keys.retain(|key| key.is_good(now));
    match (keys.pop(), keys.is_empty()) {
        (Some(key), true) => Ok(key.id),
        (None, _) => Err(AdministrationError::NotFound(Missing::Key).into()),
        (Some(_), false) => {
            Err(RunError::Refused("the app has several keys: name one by its id (`app key list`)".into()))
        }
    }
}

fn print_new(
    key: &SecretKey,
    kept: &AppSecretKey,
    old: Option<(&KeyId, UnixMillis)>,
    json: bool,
) -> Result<(), RunError> {
    if json {
        let mut value = as_json(kept, kept.created_at);
        value["secret_key"] = key.expose().into();
        if let Some((id, until)) = old {
            value["replaces"] = json!({ "key_id": id.as_str(), "expires_at": moment(until) });
        }
        return print_line(&value.to_string());
    }
    print_line(&format!("key_id      {}", kept.id))?;
    print_line(&format!("secret_key  {}", key.expose()))?;
    if let Some((id, until)) = old {
        print_line(&format!("The key {id} is taken until {}.", moment(until)))?;
    }
    print_line("The secret key is shown this once: keep it on your server, and out of web pages and apps.")
}

/// A key in one line.
pub(super) fn line(key: &AppSecretKey, now: UnixMillis) -> String {
    let state = match key.expires_at {
        None => String::new(),
        Some(at) if key.is_good(now) => format!("  expires {}", moment(at)),
        Some(at) => format!("  ended {}", moment(at)),
    };
    let used = key.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", moment(at)));
    format!("{}  created {}  {used}{state}  {}", key.id, moment(key.created_at), key.label)
}

/// A key as JSON.
pub(super) fn as_json(key: &AppSecretKey, now: UnixMillis) -> Value {
    json!({
        "key_id": key.id.as_str(),
        "app_key": key.app_key,
        "label": key.label,
        "created_at": moment(key.created_at),
        "last_used_at": key.last_used_at.map(moment),
        "expires_at": key.expires_at.map(moment),
        "good": key.is_good(now),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        const HOUR: u64 = 60 * 60;
        for (text, seconds) in [
            ("0", 0),
            ("24h", 24 * HOUR),
            ("7d", 7 * 24 * HOUR),
            ("1h 30m", 90 * 60),
            ("2 weeks", 14 * 24 * HOUR),
        ] {
            assert_eq!(text.parse(), Ok(Time(Duration::from_secs(seconds))), "{text}");
        }
        for text in ["", "24", "-1h", "h", "4000d", "1 month", "soon"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
