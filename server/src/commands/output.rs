//! What the program prints for whoever started it.

use std::io::Write;

use super::run::RunError;
use crate::limits;

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
