//! `webhook.json`: which webhooks are believed, and what they are read as.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use loggin::verify_webhook_at;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Outcome, outcome, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookInput {
    payload: String,
    headers: BTreeMap<String, String>,
    secret: String,
    now: u64,
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    if kind != "verify_webhook" {
        return None;
    }
    let WebhookInput { payload, headers, secret, now } = read(input);
    let headers: Vec<(String, String)> = headers.into_iter().collect();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
    let event = verify_webhook_at(payload.as_bytes(), &headers, &secret, Some(now));
    Some(outcome(event.map(|event| {
        let timestamp = event.timestamp.duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
        let timestamp_ms = u64::try_from(timestamp.as_millis()).expect("a time of these years");
        let data: Value = serde_json::from_str(&event.data).expect("JSON");
        json!({ "id": event.id, "type": event.kind, "timestamp_ms": timestamp_ms, "data": data })
    })))
}
