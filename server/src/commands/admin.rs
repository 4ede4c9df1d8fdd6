//! `loggin-server admin …`: who may use the console, and what they may do there.

use clap::{Args, Subcommand, ValueEnum};
use loggin_protocol::AppKey;
use serde_json::{Value, json};

use super::{
    administrator::{self, Administrator},
    output::{moment, print_line},
    run::RunError,
};
use crate::{
    administration::AdminChanges,
    phones,
    store::{Admin, Location, Role},
};

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
    let user = Administrator::of(database).await?;
    let Administrator { administration, actor, .. } = &user;
    let done = match command {
        AdminCommand::Add(arguments) => add(&user, arguments).await,
        AdminCommand::List { json } => list(&user, json).await,
        AdminCommand::Remove { name } => {
            administration.remove_admin(actor, &name).await.map_err(RunError::from)
        }
        AdminCommand::SignOut { name } => {
            administration.sign_out_admin(actor, &name).await.map_err(RunError::from)
        }
    };
    user.close().await;
    done
}

async fn add(user: &Administrator, arguments: AddArgs) -> Result<(), RunError> {
    let keys = arguments.apps.iter().map(|key| administrator::app_key(key));
    let apps = match (arguments.all_apps, keys.collect::<Result<Vec<AppKey>, _>>()?) {
        (true, _) => Some(None),
        (false, apps) if apps.is_empty() => None,
        (false, apps) => Some(Some(apps)),
    };
    let AddArgs { name, phone, role, .. } = arguments;
    let changes = AdminChanges { name, phone, role: role.map(Role::from), apps };
    user.administration.put_admin(&user.actor, changes).await?;
    Ok(())
}

async fn list(user: &Administrator, json: bool) -> Result<(), RunError> {
    let admins = user.administration.admins(&user.actor).await?;
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
