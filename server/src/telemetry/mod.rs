//! What operators see of the server: its log, its metrics and its traces.

mod exporter;
mod instruments;
mod labels;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod process;
mod throttled;
pub(crate) mod traces;
pub(crate) mod vitals;

pub(crate) use exporter::Exporter;
pub(crate) use labels::{LoginOutcome, ReplyKind, ReplyOutcome, SendKind, WebhookOutcome};
pub(crate) use log::Log;
pub(crate) use throttled::Throttled;
pub(crate) use traces::{Arrival, Traces, TracesError};
