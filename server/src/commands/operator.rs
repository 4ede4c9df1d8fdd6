//! `loggin-server operator …`: who may operate the server by its console, and what they may do there.

use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{
    audit,
    output::{moment, print_line},
    run::{self, RunError},
};
use crate::{
    clock::{Clock, SystemClock},
    store::{Act, Location, Operator, Role, Store},
};

/// Longest name of an operator, in characters: an address of e-mail has no more.
const NAME_CHARS: usize = 254;

/// What is done to operators.
#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Add an operator, or give one another role. The first is an owner, and one owner stays.
    Add {
        /// The name by which the console knows them, such as an address of e-mail.
        name: String,
        /// What they may do.
        #[arg(long)]
        role: RoleArg,
    },
    /// List all operators.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove an operator.
    Remove {
        /// Their name.
        name: String,
    },
}

/// See [`Role`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleArg {
    /// They may change who may do what, and all that follows.
    Owner,
    /// They may change apps and keys, and look.
    Operator,
    /// They may look.
    Viewer,
}

impl From<RoleArg> for Role {
    fn from(argument: RoleArg) -> Self {
        match argument {
            RoleArg::Owner => Self::Owner,
            RoleArg::Operator => Self::Operator,
            RoleArg::Viewer => Self::Viewer,
        }
    }
}

/// Carries out one command on this database.
pub(super) async fn run(database: &Location, command: OperatorCommand) -> Result<(), RunError> {
    let store = run::open_store(database, Arc::new(())).await?;
    let done = match command {
        OperatorCommand::Add { name, role } => add(&*store, &name, role.into()).await,
        OperatorCommand::List { json } => list(&*store, json).await,
        OperatorCommand::Remove { name } => remove(&*store, &name).await,
    };
    store.close().await;
    done
}

async fn add(store: &dyn Store, name: &str, role: Role) -> Result<(), RunError> {
    let operator = Operator { name: parse(name)?, role, created_at: SystemClock.now() };
    if audit::administer(store, Act::PutOperator(operator)).await? {
        return Ok(());
    }
    Err(RunError::Refused(
        "nothing was changed: they have the role already, or no owner would be left".into(),
    ))
}

async fn list(store: &dyn Store, json: bool) -> Result<(), RunError> {
    let operators = store.operators().await?;
    if json {
        let operators: Vec<Value> = operators.iter().map(as_json).collect();
        return print_line(&Value::from(operators).to_string());
    }
    operators
        .iter()
        .try_for_each(|Operator { name, role, .. }| print_line(&format!("{:8}  {name}", role.as_str())))
}

async fn remove(store: &dyn Store, name: &str) -> Result<(), RunError> {
    if audit::administer(store, Act::RemoveOperator(parse(name)?)).await? {
        return Ok(());
    }
    Err(RunError::Refused(
        "nobody was removed: there is no operator of this name, or they are the last owner".into(),
    ))
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

fn as_json(operator: &Operator) -> Value {
    let Operator { name, role, created_at } = operator;
    json!({ "name": name, "role": role.as_str(), "created_at": moment(*created_at) })
}
