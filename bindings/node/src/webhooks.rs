//! Webhooks of the server, checked and read.

use std::time::UNIX_EPOCH;

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::values::{Failure, duration, either, since_1970};

/// Something that happened, as the server told it.
#[napi(object, object_from_js = false)]
pub struct WebhookEvent {
    pub id: String,
    pub kind: String,
    /// Milliseconds since 1970.
    pub timestamp: f64,
    /// JSON text.
    pub data: String,
}

/// A header of a call.
#[napi(object, object_to_js = false)]
pub struct Header {
    pub name: String,
    pub value: String,
}

/// Checks a webhook at this moment, or at another in milliseconds since 1970.
pub(crate) fn verify(
    payload: &[u8],
    headers: Vec<Header>,
    secret: &str,
    now: Option<f64>,
) -> Either<WebhookEvent, Failure> {
    let headers: Vec<(String, String)> =
        headers.into_iter().map(|header| (header.name, header.value)).collect();
    let now = now.and_then(|now| UNIX_EPOCH.checked_add(duration(now)));
    let event = loggin::verify_webhook_at(payload, &headers, secret, now);
    either(event.map(|event| WebhookEvent {
        id: event.id,
        kind: event.kind,
        timestamp: since_1970(event.timestamp) * 1_000.0,
        data: event.data,
    }))
}
