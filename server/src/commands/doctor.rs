//! `loggin-server doctor`: looks at everything that a login needs, and says what to do.

use std::sync::Arc;

use clap::Args;

use super::{
    ConfigArgs,
    output::{print_line, progress},
    run::RunError,
};
use crate::{
    clock::{SystemClock, SystemRandom},
    doctor::{self, Severity},
};

/// What `doctor` is told.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Fail where there are only warnings, too.
    #[arg(long)]
    strict: bool,
}

/// Prints what it finds; fails where there is a problem.
pub(super) async fn run(arguments: DoctorArgs) -> Result<(), RunError> {
    let file = arguments.config.config.as_deref();
    let bar = progress("looking");
    let on_done = |of: usize| {
        bar.set_length(of as u64);
        bar.inc(1);
        bar.set_message(format!("{} of {of} checks done", bar.position()));
    };
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let report = doctor::examine(file, std::env::vars_os(), clock, random, on_done).await;
    bar.finish_and_clear();
    let text = if arguments.json {
        serde_json::to_string_pretty(&report).map_err(|error| RunError::Refused(error.to_string()))?
    } else {
        report.text()
    };
    print_line(&text)?;
    let (problems, warnings) = (report.count(Severity::Problem), report.count(Severity::Warning));
    match report.status {
        Severity::Problem => Err(RunError::Refused(format!("problems: {problems}, warnings: {warnings}"))),
        Severity::Warning if arguments.strict => Err(RunError::Refused(format!("warnings: {warnings}"))),
        _ => Ok(()),
    }
}
