//! Takes what the core logs to the loggers of other languages.

use log::{Level, Log, Metadata, Record};

/// The target of the core's lines.
const TARGET: &str = "loggin";

/// A logger that hands each line of the core to a function. Those of other crates, such as the HTTP library, may hold what
/// is secret: they are dropped.
#[doc(hidden)]
pub struct LogBridge(pub fn(Level, String));

impl Log for LogBridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET && metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            (self.0)(record.level(), record.args().to_string());
        }
    }

    fn flush(&self) {}
}
