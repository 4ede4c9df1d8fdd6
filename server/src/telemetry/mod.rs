//! What operators see of the server: its log and its metrics.

mod exporter;
mod instruments;
mod labels;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod process;
mod throttled;

pub(crate) use exporter::Exporter;
pub(crate) use labels::{LoginOutcome, ReplyKind, ReplyOutcome, SendKind};
pub(crate) use log::Log;
pub(crate) use throttled::Throttled;
