//! What the program prints for whoever started it.

use std::{
    io::Write,
    time::{Duration, SystemTime},
};

use indicatif::{ProgressBar, ProgressFinish};
use loggin_protocol::wire::Timestamp;

use super::run::RunError;
use crate::{
    clock::UnixMillis,
    limits,
    telemetry::{Log, log},
};

/// Writes to standard output at once: who started this program may wait for the line.
pub(crate) fn print_line(line: &str) -> Result<(), RunError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| RunError::Io("standard output", error))
}

/// The same from a program that serves: it does not wait for a reader who never comes.
pub(crate) async fn announce(line: String) -> Result<(), RunError> {
    let printing = tokio::task::spawn_blocking(move || print_line(&line));
    let Ok(printed) = tokio::time::timeout(limits::ANNOUNCEMENT, printing).await else {
        tracing::warn!("nobody reads standard output, where the address of the server is told");
        return Ok(());
    };
    printed.map_err(|_| RunError::Refused("standard output cannot be written to".into()))?
}

/// How often somebody sees that work goes on.
const TICK: Duration = Duration::from_millis(100);

/// What is done, on standard error while it is: gone in the end, and never there unless that is a terminal.
pub(super) fn progress(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_finish(ProgressFinish::AndClear).with_message(what);
    bar.enable_steady_tick(TICK);
    bar
}

/// A moment as people and programs read it: RFC 3339, in UTC.
pub(super) fn moment(at: UnixMillis) -> String {
    Timestamp(SystemTime::from(at)).to_string()
}

/// Tells why the program ends: in the log where a program reads that, and else in a line for people.
pub(super) fn tell_failure(error: &RunError, log: Option<&Log>) {
    let logged = log.is_some_and(Log::is_json) && tracing::enabled!(tracing::Level::ERROR);
    if logged {
        tracing::error!(%error, "the program ends");
    } else {
        if let Some(log) = log {
            log.flush();
        }
        log::print_last(format!("loggin-server: {error}"));
    }
}
