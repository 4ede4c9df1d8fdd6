//! `loggin-server test-number …`: numbers with a fixed code, also while a server runs on the same database.

use std::{path::Path, sync::Arc};

use loggin::PhoneNumber;
use serde_json::{Map, Value};

use crate::{
    audit_commands,
    cli::{TestNumberCommand, print_line},
    digits::{self, Digits},
    run::{self, RunError},
    store::{Act, Store},
};

/// Digits of a code: as many as a call may ask for.
const CODE_DIGITS: std::ops::RangeInclusive<usize> = 4..=8;

/// Carries out one command on the database at this path.
pub(crate) async fn run(database: &Path, command: TestNumberCommand) -> Result<(), RunError> {
    let store = run::open_store(database, Arc::new(())).await?;
    let done = match command {
        TestNumberCommand::Add { number, code } => add(&*store, &number, &code).await,
        TestNumberCommand::List { json } => list(&*store, json).await,
        TestNumberCommand::Remove { number } => remove(&*store, &number).await,
    };
    store.close().await;
    done
}

async fn add(store: &dyn Store, number: &str, code: &str) -> Result<(), RunError> {
    let number = parse(number)?;
    let code = Digits::typed(code).filter(|code| CODE_DIGITS.contains(&code.expose().len()));
    let code = code.ok_or_else(|| RunError::Refused("--code: must be 4 to 8 digits".into()))?;
    let act = Act::PutTestNumber(number, code.expose().to_owned());
    audit_commands::administer(store, act).await.map(drop)
}

async fn list(store: &dyn Store, json: bool) -> Result<(), RunError> {
    let mut numbers: Vec<(String, String)> = store.test_numbers().await?.into_iter().collect();
    numbers.sort();
    if json {
        let numbers: Map<String, Value> =
            numbers.into_iter().map(|(number, code)| (format!("+{number}"), code.into())).collect();
        return print_line(&Value::from(numbers).to_string());
    }
    for (number, code) in numbers {
        print_line(&format!("+{number}  {code}"))?;
    }
    Ok(())
}

async fn remove(store: &dyn Store, number: &str) -> Result<(), RunError> {
    let number = parse(number)?;
    if audit_commands::administer(store, Act::RemoveTestNumber(number)).await? {
        return Ok(());
    }
    Err(RunError::Refused("there is no such test number".into()))
}

/// A number with its country code. It need not be one that a plan knows: best, nobody has it.
fn parse(text: &str) -> Result<PhoneNumber, RunError> {
    let is_written =
        |symbol: char| symbol == '+' || symbol == '-' || symbol.is_whitespace() || "()".contains(symbol);
    let rest: String = text.chars().filter(|symbol| !is_written(*symbol)).collect();
    let number: Option<String> = rest.chars().map(digits::digit).collect();
    number.and_then(|number| PhoneNumber::parse(&number).ok()).ok_or_else(|| {
        RunError::Refused("the number must be digits with the country code, such as +15550001111".into())
    })
}
