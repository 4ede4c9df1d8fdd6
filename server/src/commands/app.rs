//! `loggin-server app …`: apps added, listed and changed, also while a server runs on the same database.
//!
//! What ends an app, and what is done to its secret keys, stands beside this file.

use std::{num::ParseIntError, str::FromStr, sync::Arc};

use clap::{ArgAction, Args, Subcommand, ValueEnum};
use loggin_protocol::{AppKey, SecretKey};
use serde_json::Value;

use super::{
    app_key::{self, KeyCommand},
    app_state::{self, DeleteArgs},
    app_view::{as_json, find, unknown},
    audit,
    output::print_line,
    run::{self, RunError},
};
use crate::{
    apps::origin,
    clock::{Clock, SystemClock, SystemRandom, random_bytes},
    limits,
    store::{Act, App, AppSecretKey, Confirm, Location, PhoneHidden, Store},
};

/// Longest name of an app, in characters: it stands in one line of a message.
const NAME_CHARS: usize = 60;

/// What is done to apps.
#[derive(Debug, Subcommand)]
pub(crate) enum AppCommand {
    /// Add an app; prints its app key and, this once, its secret key.
    Create(CreateArgs),
    /// List all apps.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change an app; what is not named stays.
    Update(UpdateArgs),
    /// Show an app with its secret keys, which are shown by their ids.
    Show {
        /// The app.
        app_key: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Have an app start no logins and refuse all calls, until it is enabled again.
    Disable {
        /// The app.
        app_key: String,
    },
    /// Have a disabled app work again.
    Enable {
        /// The app.
        app_key: String,
    },
    /// Delete an app with its logins, one-time codes and keys, for ever.
    Delete(DeleteArgs),
    /// Add, list, replace and revoke the secret keys of an app.
    #[command(subcommand)]
    Key(KeyCommand),
}

/// A new app.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Name that people are shown.
    #[arg(long)]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Changes of an app.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// The app.
    pub(crate) app_key: String,
    /// Name that people are shown.
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    /// Allow no origins, before those that are named are allowed.
    #[arg(long)]
    pub(crate) clear_allowed_origins: bool,
    /// Make a new secret key, and print it this once; all others are worth nothing from then on.
    #[arg(long)]
    pub(crate) new_secret_key: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What an app chooses.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// Whether redeeming a token needs the secret key [default: true].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) require_secret_key: Option<bool>,
    /// Origin of a web page or web view that may call, such as `https://example.com`, `https://*.example.com` for all
    /// below it, `capacitor://localhost`, or `*` for any; may be repeated.
    #[arg(long = "allowed-origin", value_name = "URL", action = ArgAction::Append)]
    pub(crate) allowed_origins: Vec<String>,
    /// Show neither phone number nor user id to who does not have the secret key [default: false].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) hide_phone_from_browser: Option<bool>,
    /// What follows the message [default: none].
    #[arg(long)]
    pub(crate) confirm: Option<ConfirmArg>,
    /// What happens where WhatsApp hides the phone number [default: ask].
    #[arg(long)]
    pub(crate) phone_hidden: Option<PhoneHiddenArg>,
    /// Calls for one-time codes that the app's key may make in a minute [default: 120].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) calls_per_minute: Option<u32>,
    /// One-time codes that the app may have sent in a calendar month (UTC), or `none` [default: none].
    #[arg(long, value_name = "COUNT")]
    pub(crate) monthly_quota: Option<QuotaArg>,
    /// Messages to people that the app's logins may cost in a day, or `none` [default: 10000].
    #[arg(long, value_name = "COUNT")]
    pub(crate) messages_per_day: Option<QuotaArg>,
    /// Whether test numbers are refused [default: true].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) live_only: Option<bool>,
}

/// A quota, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuotaArg(pub(crate) Option<u32>);

impl FromStr for QuotaArg {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" { Ok(Self(None)) } else { text.parse().map(|quota| Self(Some(quota))) }
    }
}

/// See [`Confirm`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ConfirmArg {
    /// Nothing: the message signs in.
    None,
    /// A reply with a "not me" button.
    Reply,
    /// A reply with digits to choose from, of which one row is shown where the login began.
    Match,
    /// A reply with a code to be typed where the login began.
    Code,
}

impl From<ConfirmArg> for Confirm {
    fn from(argument: ConfirmArg) -> Self {
        match argument {
            ConfirmArg::None => Self::None,
            ConfirmArg::Reply => Self::Reply,
            ConfirmArg::Match => Self::Match,
            ConfirmArg::Code => Self::Code,
        }
    }
}

/// See [`PhoneHidden`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PhoneHiddenArg {
    /// The sender is asked for it.
    Ask,
    /// The login fails.
    Fail,
    /// The sender signs in without it.
    Allow,
}

impl From<PhoneHiddenArg> for PhoneHidden {
    fn from(argument: PhoneHiddenArg) -> Self {
        match argument {
            PhoneHiddenArg::Ask => Self::Ask,
            PhoneHiddenArg::Fail => Self::Fail,
            PhoneHiddenArg::Allow => Self::Allow,
        }
    }
}

/// Carries out one command on this database.
pub(crate) async fn run(database: &Location, command: AppCommand) -> Result<(), RunError> {
    let store = run::open_store(database, Arc::new(())).await?;
    let done = match command {
        AppCommand::Create(arguments) => create(&*store, arguments).await,
        AppCommand::List { json } => list(&*store, json).await,
        AppCommand::Update(arguments) => update(&*store, arguments).await,
        AppCommand::Show { app_key, json } => app_state::show(&*store, &app_key, json).await,
        AppCommand::Disable { app_key } => app_state::disable(&*store, &app_key).await,
        AppCommand::Enable { app_key } => app_state::enable(&*store, &app_key).await,
        AppCommand::Delete(arguments) => app_state::delete(&*store, &arguments).await,
        AppCommand::Key(command) => app_key::run(&*store, command).await,
    };
    store.close().await;
    done
}

async fn create(store: &dyn Store, arguments: CreateArgs) -> Result<(), RunError> {
    let mut app = App {
        app_key: AppKey::from_random(random_bytes(&SystemRandom)),
        name: name(&arguments.name)?,
        require_secret_key: true,
        hide_phone_from_browser: false,
        allowed_origins: Vec::new(),
        confirm: Confirm::None,
        phone_hidden: PhoneHidden::Ask,
        calls_per_minute: limits::CALLS_PER_MINUTE,
        monthly_quota: None,
        live_only: true,
        messages_per_day: Some(limits::MESSAGES_PER_APP),
        created_at: SystemClock.now(),
        disabled_at: None,
    };
    apply(&mut app, &arguments.policy)?;
    let mut secret_key = app_key::random(app.app_key);
    // Another app has the key once in a trillion times.
    while !audit::administer(store, Act::CreateApp(app.clone(), first_key(&secret_key, &app))).await? {
        app.app_key = AppKey::from_random(random_bytes(&SystemRandom));
        secret_key = app_key::random(app.app_key);
    }
    show(&app, Some(&secret_key), arguments.json)
}

/// What is kept of an app's first key.
fn first_key(key: &SecretKey, app: &App) -> AppSecretKey {
    AppSecretKey::of(key, app_key::FIRST_LABEL, app.created_at)
}

async fn list(store: &dyn Store, json: bool) -> Result<(), RunError> {
    let apps = store.apps().await?;
    if json {
        let apps: Vec<Value> = apps.iter().map(|app| as_json(app, None)).collect();
        return print_line(&Value::from(apps).to_string());
    }
    for app in apps {
        let disabled = if app.disabled_at.is_some() { "  disabled" } else { "" };
        print_line(&format!("{}  {}{disabled}", app.app_key, app.name))?;
    }
    Ok(())
}

async fn update(store: &dyn Store, arguments: UpdateArgs) -> Result<(), RunError> {
    let before = find(store, &arguments.app_key).await?;
    let mut app = before.clone();
    if let Some(given) = &arguments.name {
        app.name = name(given)?;
    }
    if arguments.clear_allowed_origins {
        app.allowed_origins.clear();
    }
    apply(&mut app, &arguments.policy)?;
    let secret_key = arguments.new_secret_key.then(|| app_key::random(app.app_key));
    let kept = secret_key.as_ref().map(|key| AppSecretKey::of(key, app_key::FIRST_LABEL, SystemClock.now()));
    let act = Act::UpdateApp(app.clone(), changed(&before, &app, kept.is_some()), kept);
    if !audit::administer(store, act).await? {
        return Err(unknown(app.app_key));
    }
    show(&app, secret_key.as_ref(), arguments.json)
}

/// The names of what is another now.
fn changed(before: &App, after: &App, has_new_key: bool) -> Vec<&'static str> {
    let fields = [
        ("name", before.name != after.name),
        ("secret_key", has_new_key),
        ("require_secret_key", before.require_secret_key != after.require_secret_key),
        ("hide_phone_from_browser", before.hide_phone_from_browser != after.hide_phone_from_browser),
        ("allowed_origins", before.allowed_origins != after.allowed_origins),
        ("confirm", before.confirm != after.confirm),
        ("phone_hidden", before.phone_hidden != after.phone_hidden),
        ("calls_per_minute", before.calls_per_minute != after.calls_per_minute),
        ("monthly_quota", before.monthly_quota != after.monthly_quota),
        ("live_only", before.live_only != after.live_only),
        ("messages_per_day", before.messages_per_day != after.messages_per_day),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn apply(app: &mut App, policy: &PolicyArgs) -> Result<(), RunError> {
    if let Some(require) = policy.require_secret_key {
        app.require_secret_key = require;
    }
    if let Some(hide) = policy.hide_phone_from_browser {
        app.hide_phone_from_browser = hide;
    }
    if let Some(confirm) = policy.confirm {
        app.confirm = confirm.into();
    }
    if let Some(phone_hidden) = policy.phone_hidden {
        app.phone_hidden = phone_hidden.into();
    }
    if let Some(calls) = policy.calls_per_minute {
        app.calls_per_minute = calls;
    }
    if let Some(quota) = &policy.monthly_quota {
        app.monthly_quota = quota.0;
    }
    if let Some(most) = &policy.messages_per_day {
        app.messages_per_day = most.0;
    }
    if let Some(live_only) = policy.live_only {
        app.live_only = live_only;
    }
    for given in &policy.allowed_origins {
        let origin = origin::parse_entry(given)
            .map_err(|reason| RunError::Refused(format!("--allowed-origin: {reason}")))?;
        if !app.allowed_origins.contains(&origin) {
            app.allowed_origins.push(origin);
        }
    }
    if app.hide_phone_from_browser && !app.require_secret_key {
        return Err(RunError::Refused(
            "--hide-phone-from-browser needs --require-secret-key true: without it a browser can redeem the token, \
             and a redeemer is told the number"
                .into(),
        ));
    }
    Ok(())
}

fn name(given: &str) -> Result<String, RunError> {
    let name = given.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        return Err(RunError::Refused(format!(
            "--name: must have 1 to {NAME_CHARS} characters, in one line"
        )));
    }
    Ok(name.to_owned())
}

fn show(app: &App, secret_key: Option<&SecretKey>, json: bool) -> Result<(), RunError> {
    if json {
        return print_line(&as_json(app, secret_key).to_string());
    }
    print_line(&format!("app_key     {}", app.app_key))?;
    if let Some(key) = secret_key {
        print_line(&format!("secret_key  {}", key.expose()))?;
        print_line(
            "The secret key is shown this once: keep it on your server, and out of web pages and apps.",
        )?;
    }
    Ok(())
}
