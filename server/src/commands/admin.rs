//! `loggin-server admin …`: who may use the console, and what they may do there.

use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use loggin_protocol::AppKey;
use serde_json::{Value, json};

use super::{
    app_view, audit,
    output::{moment, print_line},
    run::{self, RunError},
    test_number,
};
use crate::{
    clock::{Clock, SystemClock},
    phones,
    store::{Act, Admin, Location, Role, Store},
};

/// Longest name of an administrator, in characters: an address of e-mail has no more.
const NAME_CHARS: usize = 254;

/// What is done to administrators.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Let somebody use the console, or change what they may do there. The first is an owner, and one owner stays.
    Add(AddArgs),
    /// List all administrators; of numbers the end is shown.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove an administrator, whose sessions are over.
    Remove {
        /// Their name.
        name: String,
    },
    /// End all sessions of an administrator, wherever they are signed in.
    SignOut {
        /// Their name.
        name: String,
    },
}

/// An administrator, as they are to be.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The name by which the audit tells them, such as an address of e-mail.
    name: String,
    /// Their WhatsApp number with its country code, by which they sign in; whoever signs in first is the only one who does.
    #[arg(long)]
    phone: Option<String>,
    /// What they may do.
    #[arg(long)]
    role: Option<RoleArg>,
    /// An app that they see; may be repeated. Without one they see all.
    #[arg(long = "app", value_name = "APP_KEY")]
    apps: Vec<String>,
    /// Have them see all apps again.
    #[arg(long, conflicts_with = "apps")]
    all_apps: bool,
}

/// See [`Role`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleArg {
    /// They may change who may do what, and all that follows.
    Owner,
    /// They may change apps and keys, and look.
    Editor,
    /// They may look.
    Viewer,
}

impl From<RoleArg> for Role {
    fn from(argument: RoleArg) -> Self {
        match argument {
            RoleArg::Owner => Self::Owner,
            RoleArg::Editor => Self::Editor,
            RoleArg::Viewer => Self::Viewer,
        }
    }
}

/// Carries out one command on this database.
pub(super) async fn run(database: &Location, command: AdminCommand) -> Result<(), RunError> {
    let store = run::open_store(database, Arc::new(())).await?;
    let done = match command {
        AdminCommand::Add(arguments) => add(&*store, arguments).await,
        AdminCommand::List { json } => list(&*store, json).await,
        AdminCommand::Remove { name } => remove(&*store, &name).await,
        AdminCommand::SignOut { name } => sign_out(&*store, &name).await,
    };
    store.close().await;
    done
}

async fn add(store: &dyn Store, arguments: AddArgs) -> Result<(), RunError> {
    let name = parse(&arguments.name)?;
    let before = store.admins().await?.into_iter().find(|admin| admin.name == name);
    let role = arguments.role.map(Role::from).or(before.as_ref().map(|admin| admin.role));
    let role = role.ok_or_else(|| {
        RunError::Refused("--role: a new administrator needs one: owner, editor or viewer".into())
    })?;
    let phone = arguments.phone.as_deref().map(test_number::parse).transpose()?;
    let apps = if arguments.all_apps || arguments.apps.is_empty() && role == Role::Owner {
        None
    } else if arguments.apps.is_empty() {
        before.as_ref().and_then(|admin| admin.apps.clone())
    } else {
        Some(known_apps(store, &arguments.apps).await?)
    };
    if role == Role::Owner && apps.is_some() {
        return Err(RunError::Refused("--app: an owner sees all apps".into()));
    }
    let admin = Admin {
        name,
        role,
        phone: phone.or(before.and_then(|admin| admin.phone)),
        subject: None,
        apps,
        generation: 0,
        created_at: SystemClock.now(),
        signed_in_at: None,
    };
    if audit::administer(store, Act::PutAdmin(admin)).await? {
        return Ok(());
    }
    Err(RunError::Refused(
        "nothing was changed: all is so already, another administrator has the number, or no owner would be left"
            .into(),
    ))
}

/// The apps of these keys, each of which there is.
async fn known_apps(store: &dyn Store, given: &[String]) -> Result<Vec<AppKey>, RunError> {
    let mut apps = Vec::new();
    for key in given {
        let app_key = app_view::find(store, key).await?.app_key;
        if !apps.contains(&app_key) {
            apps.push(app_key);
        }
    }
    Ok(apps)
}

async fn list(store: &dyn Store, json: bool) -> Result<(), RunError> {
    let admins = store.admins().await?;
    if json {
        let admins: Vec<Value> = admins.iter().map(as_json).collect();
        return print_line(&Value::from(admins).to_string());
    }
    admins.iter().try_for_each(|admin| {
        let phone = admin.phone.as_ref().map_or_else(|| "no number".to_owned(), phones::masked);
        let apps = admin.apps.as_ref().map_or_else(String::new, |apps| format!("  {}", keys(apps).join(" ")));
        print_line(&format!("{:6}  {phone}  {}{apps}", admin.role.as_str(), admin.name))
    })
}

async fn remove(store: &dyn Store, name: &str) -> Result<(), RunError> {
    if audit::administer(store, Act::RemoveAdmin(parse(name)?)).await? {
        return Ok(());
    }
    Err(RunError::Refused(
        "nobody was removed: there is no administrator of this name, or they are the last owner".into(),
    ))
}

async fn sign_out(store: &dyn Store, name: &str) -> Result<(), RunError> {
    if audit::administer(store, Act::SignOutAdmin(parse(name)?)).await? {
        return Ok(());
    }
    Err(RunError::Refused("there is no administrator of this name".into()))
}

/// A name without what cannot be seen, in lower case.
fn parse(given: &str) -> Result<String, RunError> {
    let name = given.trim().to_lowercase();
    let is_seen = |symbol: char| !symbol.is_control() && !symbol.is_whitespace();
    if name.is_empty() || name.chars().count() > NAME_CHARS || !name.chars().all(is_seen) {
        return Err(RunError::Refused(format!(
            "the name must have 1 to {NAME_CHARS} characters, and no white space"
        )));
    }
    Ok(name)
}

fn keys(apps: &[AppKey]) -> Vec<&str> {
    apps.iter().map(AppKey::as_str).collect()
}

fn as_json(admin: &Admin) -> Value {
    json!({
        "name": admin.name,
        "role": admin.role.as_str(),
        "phone": admin.phone.as_ref().map(phones::masked),
        "apps": admin.apps.as_deref().map(keys),
        "created_at": moment(admin.created_at),
        "signed_in_at": admin.signed_in_at.map(moment),
    })
}
