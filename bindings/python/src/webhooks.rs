//! Webhooks of the server, checked and read: a test may say at which moment.
//! Their data crosses as JSON text.

use std::time::SystemTime;

use pyo3::prelude::*;

use crate::{arguments::Text, errors::Failure};

/// Id, type and time of an event, and its data as JSON text.
type EventFields = (String, String, SystemTime, String);

/// Checks a webhook at this moment, or at another in a test.
#[pyfunction]
pub(crate) fn verify_webhook(
    payload: &[u8],
    headers: Vec<(Text, Text)>,
    secret: Text,
    now: Option<SystemTime>,
) -> Result<EventFields, Failure> {
    let headers: Vec<(String, String)> =
        headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let event = loggin::verify_webhook_at(payload, &headers, &String::from(secret), now)?;
    Ok((event.id, event.kind, event.timestamp, event.data))
}
