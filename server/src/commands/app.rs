//! `loggin-server app …`: apps added, listed and changed, also while a server runs on the same database.
//!
//! What ends an app, and what is done to its secret keys, stands beside this file.

use std::{num::ParseIntError, str::FromStr};

use clap::{ArgAction, Args, Subcommand, ValueEnum};
use loggin_protocol::SecretKey;
use serde_json::Value;

use super::{
    administrator::{self, Administrator},
    app_key::{self, KeyCommand},
    app_state::{self, DeleteArgs},
    app_view::as_json,
    output::print_line,
    run::RunError,
};
use crate::{
    administration::{AppChanges, AppPolicy, NewApp, OriginChange},
    store::{App, Confirm, Location, PhoneHidden},
};

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
    /// Days that what became of its logins and codes is kept, where the server keeps that for longer (`LOGGIN_HISTORY_DAYS`), or
    /// `default` for as long as the server does [default: default].
    #[arg(long, value_name = "DAYS")]
    pub(crate) history_days: Option<DaysArg>,
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

/// Days, or what the server does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DaysArg(pub(crate) Option<u32>);

impl FromStr for DaysArg {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "default" { Ok(Self(None)) } else { text.parse().map(|days| Self(Some(days))) }
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

impl From<PolicyArgs> for AppPolicy {
    fn from(arguments: PolicyArgs) -> Self {
        Self {
            require_secret_key: arguments.require_secret_key,
            hide_phone_from_browser: arguments.hide_phone_from_browser,
            allowed_origins: OriginChange::Add(arguments.allowed_origins),
            confirm: arguments.confirm.map(Confirm::from),
            phone_hidden: arguments.phone_hidden.map(PhoneHidden::from),
            calls_per_minute: arguments.calls_per_minute,
            monthly_quota: arguments.monthly_quota.map(|quota| quota.0),
            messages_per_day: arguments.messages_per_day.map(|most| most.0),
            history_days: arguments.history_days.map(|days| days.0),
            live_only: arguments.live_only,
        }
    }
}

/// Carries out one command on this database.
pub(crate) async fn run(database: &Location, command: AppCommand) -> Result<(), RunError> {
    let user = Administrator::of(database).await?;
    let done = match command {
        AppCommand::Create(arguments) => create(&user, arguments).await,
        AppCommand::List { json } => list(&user, json).await,
        AppCommand::Update(arguments) => update(&user, arguments).await,
        AppCommand::Show { app_key, json } => app_state::show(&user, &app_key, json).await,
        AppCommand::Disable { app_key } => app_state::disable(&user, &app_key).await,
        AppCommand::Enable { app_key } => app_state::enable(&user, &app_key).await,
        AppCommand::Delete(arguments) => app_state::delete(&user, &arguments).await,
        AppCommand::Key(command) => app_key::run(&user, command).await,
    };
    user.close().await;
    done
}

async fn create(user: &Administrator, arguments: CreateArgs) -> Result<(), RunError> {
    let new = NewApp { name: arguments.name, policy: arguments.policy.into() };
    let (app, key) = user.administration.create_app(&user.actor, new).await?;
    show(&app, Some(&key), arguments.json)
}

async fn list(user: &Administrator, json: bool) -> Result<(), RunError> {
    let apps = user.administration.apps(&user.actor).await?;
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

async fn update(user: &Administrator, arguments: UpdateArgs) -> Result<(), RunError> {
    let app_key = administrator::app_key(&arguments.app_key)?;
    let mut changes = AppChanges { name: arguments.name, policy: arguments.policy.into() };
    if let (OriginChange::Add(given), true) =
        (&changes.policy.allowed_origins, arguments.clear_allowed_origins)
    {
        changes.policy.allowed_origins = OriginChange::Set(given.clone());
    }
    if arguments.new_secret_key {
        let updated = user.administration.update_app_with_new_key(&user.actor, app_key, changes).await?;
        return show(&updated.0, Some(&updated.1), arguments.json);
    }
    let app = user.administration.update_app(&user.actor, app_key, changes).await?;
    show(&app, None, arguments.json)
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
