//! `loggin-server test-number …`: numbers with a fixed code, also while a server runs on the same database.

use std::sync::Arc;

use clap::Subcommand;
use loggin_protocol::PhoneNumber;
use serde_json::{Map, Value};

use super::{
    audit,
    output::print_line,
    run::{self, RunError},
};
use crate::{
    crypto::digits::{self, Digits},
    otp::CODE_DIGITS,
    phones,
    store::{Act, Location, Store, TestNumber},
};

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
    let store = run::open_store(database, Arc::new(())).await?;
    let done = match command {
        TestNumberCommand::Add { number, code, no_cooldown, even_if_real } => {
            let test = TestNumber { code, cooldown: !no_cooldown };
            add(&*store, &number, test, even_if_real).await
        }
        TestNumberCommand::List { json } => list(&*store, json).await,
        TestNumberCommand::Remove { number } => remove(&*store, &number).await,
    };
    store.close().await;
    done
}

async fn add(store: &dyn Store, number: &str, test: TestNumber, even_if_real: bool) -> Result<(), RunError> {
    let number = parse(number)?;
    let code = Digits::typed(&test.code).filter(|code| CODE_DIGITS.contains(&code.count()));
    let code = code.ok_or_else(|| RunError::Refused("--code: must be 4 to 8 digits".into()))?;
    if !even_if_real && phones::may_be_somebodys(&number) {
        return Err(RunError::Refused(
            "the number may be a real person's, and whoever knows its code would be that person: take one that \
             nobody has, such as +12025550100 to +12025550199, or add --even-if-real"
                .into(),
        ));
    }
    let test = TestNumber { code: code.expose().to_owned(), ..test };
    audit::administer(store, Act::PutTestNumber(number, test)).await.map(drop)
}

async fn list(store: &dyn Store, json: bool) -> Result<(), RunError> {
    let mut numbers: Vec<(String, TestNumber)> = store.test_numbers().await?.into_iter().collect();
    numbers.sort_by(|(one, _), (other, _)| one.cmp(other));
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

async fn remove(store: &dyn Store, number: &str) -> Result<(), RunError> {
    let number = parse(number)?;
    if audit::administer(store, Act::RemoveTestNumber(number)).await? {
        return Ok(());
    }
    Err(RunError::Refused("there is no such test number".into()))
}

/// A number with its country code. It need not be one that a plan knows: best, nobody has it.
pub(super) fn parse(text: &str) -> Result<PhoneNumber, RunError> {
    let is_written =
        |symbol: char| symbol == '+' || symbol == '-' || symbol.is_whitespace() || "()".contains(symbol);
    let rest: String = text.chars().filter(|symbol| !is_written(*symbol)).collect();
    let number: Option<String> = rest.chars().map(digits::digit).collect();
    number.and_then(|number| PhoneNumber::parse(&number).ok()).ok_or_else(|| {
        RunError::Refused("the number must be digits with the country code, such as +15550001111".into())
    })
}
