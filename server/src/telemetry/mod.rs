//! What operators see of the server: its log, its metrics, and what it says when it starts.

mod exporter;
mod instruments;
mod labels;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod process;
mod startup;
mod throttled;

pub(crate) use exporter::Exporter;
pub(crate) use labels::{LoginOutcome, ReplyKind, ReplyOutcome, SendKind};
pub(crate) use log::Log;
pub(crate) use startup::{Addresses, tell_start, warn_about_data, warn_about_names, warn_about_settings};
pub(crate) use throttled::Throttled;
