//! What an operator would look at before going live, and when something is wrong: settings, store, clock, what is set up
//! at Meta, and the way from the Internet to this server.
//!
//! The checks run side by side, each in its time. They change nothing, but for one: a stream is opened for a login that
//! nobody finishes, which expires like any other.

mod checks;
mod codes;
mod finding;
pub(crate) mod probe;
mod public;
mod resident;
mod subject;
mod templates;
mod unreached;

use std::{path::Path, sync::Arc};

use futures_util::future::{BoxFuture, FutureExt, join_all, ready};
use tokio::time::timeout;

pub(crate) use finding::{Finding, Report, Severity};
pub(crate) use resident::{Examined, Fact, Resident};
pub(crate) use templates::{Template, read_templates};

use self::subject::Subject;
use crate::{
    clock::{Clock, Random},
    config::Settings,
    limits,
};

/// A check: its name, and what it does.
type Check = (&'static str, for<'a> fn(&'a Subject) -> BoxFuture<'a, Vec<Finding>>);

/// All checks, in the order in which they are told.
const CHECKS: [Check; 17] = [
    (checks::settings::NAME, |subject| ready(checks::settings::check(subject)).boxed()),
    (checks::store::NAME, |subject| checks::store::check(subject).boxed()),
    (checks::app_webhooks::NAME, |subject| checks::app_webhooks::check(subject).boxed()),
    (checks::guards::NAME, |subject| checks::guards::check(subject).boxed()),
    (checks::clock::NAME, |subject| checks::clock::check(subject).boxed()),
    (checks::version::NAME, |subject| checks::version::check(subject).boxed()),
    (checks::token::NAME, |subject| checks::token::check(subject).boxed()),
    (checks::number::NAME, |subject| checks::number::check(subject).boxed()),
    (checks::health::NAME, |subject| checks::health::check(subject).boxed()),
    (checks::health::MODE, |subject| ready(checks::health::mode(subject)).boxed()),
    (checks::limit::NAME, |subject| checks::limit::check(subject).boxed()),
    (checks::subscription::NAME, |subject| checks::subscription::check(subject).boxed()),
    (checks::account::NAME, |subject| checks::account::check(subject).boxed()),
    (checks::template::NAME, |subject| checks::template::check(subject).boxed()),
    (checks::webhook::NAME, |subject| checks::webhook::check(subject).boxed()),
    (checks::stream::NAME, |subject| checks::stream::check(subject).boxed()),
    (checks::proxies::NAME, |subject| checks::proxies::check(subject).boxed()),
];

/// Looks at everything that the settings say; each check that is done is told, with how many there are.
pub(crate) async fn examine(
    file: Option<&Path>,
    environment: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    on_done: impl Fn(usize),
) -> Report {
    let settings = match Settings::read(file, environment) {
        Ok(settings) => settings,
        Err(error) => return unread(&error.to_string()),
    };
    let examined = settings.examine();
    let Some(config) = examined.config else {
        let wrong = examined.errors.iter();
        return Report::new(wrong.map(checks::settings::wrong).collect());
    };
    let subject = Subject::new(Some(settings), config, examined.errors, clock, random);
    let checks = CHECKS.iter().map(|&(name, check)| {
        let checking = timeout(limits::DOCTOR_CHECK, check(&subject));
        let on_done = &on_done;
        checking.map(move |found| {
            on_done(CHECKS.len());
            found.unwrap_or_else(|_| vec![late(name)])
        })
    });
    Report::new(join_all(checks).await.concat())
}

fn unread(error: &str) -> Report {
    Report::new(vec![Finding::of(checks::settings::NAME, &codes::SETTINGS_UNREADABLE, error)])
}

fn late(check: &'static str) -> Finding {
    let seconds = limits::DOCTOR_CHECK.as_secs();
    Finding::of(check, &codes::CHECK_TIMED_OUT, format!("the check did not end within {seconds} seconds"))
}
