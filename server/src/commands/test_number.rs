//! `loggin-server test-number …`: numbers with a fixed code, also while a server runs on the same database.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::{administrator::Administrator, output::print_line, run::RunError};
use crate::{administration::NewTestNumber, store::Location};

/// What is done to test numbers.
#[derive(Debug, Subcommand)]
pub(crate) enum TestNumberCommand {
    /// Add a number, or give one another code. No code is ever sent to it: it always has this one.
    Add {
        /// The number with its country code.
        number: String,
        /// Its code, 4 to 8 digits.
        #[arg(long)]
        code: String,
        /// Have no pause between two codes, for tests that run side by side.
        #[arg(long)]
        no_cooldown: bool,
        /// Take a number that may be a real person's: whoever knows its code is that person to every app that takes test
        /// numbers.
        #[arg(long)]
        even_if_real: bool,
    },
    /// List all, each with its code.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a number.
    Remove {
        /// The number with its country code.
        number: String,
    },
}

/// Carries out one command on this database.
pub(crate) async fn run(database: &Location, command: TestNumberCommand) -> Result<(), RunError> {
    let user = Administrator::of(database).await?;
    let done = match command {
        TestNumberCommand::Add { number, code, no_cooldown, even_if_real } => {
            let new = NewTestNumber { number, code, cooldown: !no_cooldown, even_if_real };
            let added = user.administration.put_test_number(&user.actor, new).await;
            added.map(drop).map_err(RunError::from)
        }
        TestNumberCommand::List { json } => list(&user, json).await,
        TestNumberCommand::Remove { number } => {
            let removed = user.administration.remove_test_number(&user.actor, &number).await;
            removed.map_err(RunError::from)
        }
    };
    user.close().await;
    done
}

async fn list(user: &Administrator, json: bool) -> Result<(), RunError> {
    let numbers = user.administration.test_numbers(&user.actor).await?;
    if json {
        let numbers: Map<String, Value> =
            numbers.into_iter().map(|(number, test)| (format!("+{number}"), test.code.into())).collect();
        return print_line(&Value::from(numbers).to_string());
    }
    for (number, test) in numbers {
        let cooldown = if test.cooldown { "" } else { "  no cooldown" };
        print_line(&format!("+{number}  {}{cooldown}", test.code))?;
    }
    Ok(())
}
