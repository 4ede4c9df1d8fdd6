//! Webhook calls: the record of them, sending them again, and sending what a test has made.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use futures_util::future::join_all;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Input, poll};
use crate::act::{Act, Envelope};
use crate::delivery::verification::Handshake;
use crate::limits::{BATCH_UPDATES_MAX, COPIES_MAX};
use crate::number::Number;
use crate::signing::{self, Escaping, Signing};
use crate::simulator::Simulator;
use crate::webhook::journal::Attempt;

type Shared = State<Arc<Simulator>>;
type ControlResult<T> = Result<Json<T>, ControlError>;

#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    timeout_ms: u64,
    message_id: Option<String>,
}

pub(super) async fn list(State(simulator): Shared, Query(query): Query<ListQuery>) -> Json<Value> {
    let changes = simulator.journal.subscribe();
    let attempts =
        poll(changes, query.timeout_ms, || simulator.journal.after(query.after, query.message_id.as_deref()));
    Json(json!({ "deliveries": attempts.await }))
}

#[derive(Debug, Deserialize)]
pub(super) struct RedeliverRequest {
    message_id: String,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    concurrent: bool,
}

fn once() -> u32 {
    1
}

pub(super) async fn redeliver(
    State(simulator): Shared,
    Input(request): Input<RedeliverRequest>,
) -> ControlResult<Value> {
    if !(1..=COPIES_MAX).contains(&request.times) {
        return Err(ControlError::Invalid("times is 1 to 100".to_owned()));
    }
    let updates = simulator.journal.updates_of(&request.message_id);
    if updates.is_empty() {
        return Err(ControlError::NotFound("no update about this message is remembered"));
    }
    let calls = (0..request.times)
        .flat_map(|_| &updates)
        .map(|update| simulator.redeliver(std::slice::from_ref(update)));
    let mut attempts: Vec<Attempt> = Vec::new();
    if request.concurrent {
        for round in join_all(calls).await {
            attempts.extend(round?);
        }
    } else {
        for call in calls {
            attempts.extend(call.await?);
        }
    }
    Ok(Json(response_body(&attempts)))
}

#[derive(Debug, Deserialize)]
pub(super) struct BatchRequest {
    messages: Vec<BatchMessage>,
}

#[derive(Debug, Deserialize)]
struct BatchMessage {
    phone: String,
    text: String,
}

/// Texts of many phones in one webhook call.
pub(super) async fn batch(
    State(simulator): Shared,
    Input(request): Input<BatchRequest>,
) -> ControlResult<Value> {
    if !(1..=BATCH_UPDATES_MAX).contains(&request.messages.len()) {
        return Err(ControlError::Invalid("messages are 1 to 1,000".to_owned()));
    }
    let mut updates = Vec::new();
    for BatchMessage { phone, text } in request.messages {
        let number = Number::parse(&phone).map_err(|error| ControlError::Invalid(error.to_string()))?;
        updates.push(simulator.prepare(&number, &Act::text(text), Envelope::default())?.0);
    }
    let ids: Vec<_> = updates.iter().map(|update| update.message_id.clone()).collect();
    let mut body = response_body(&simulator.deliver_together(updates).await?);
    body["message_ids"] = json!(ids);
    Ok(Json(body))
}

/// A body of one's own: `payload` is encoded as Meta does, `body` is sent as it stands.
#[derive(Debug, Deserialize)]
pub(super) struct RawRequest {
    payload: Option<Value>,
    body: Option<String>,
    #[serde(default)]
    signature: Signing,
}

pub(super) async fn raw(State(simulator): Shared, Input(request): Input<RawRequest>) -> ControlResult<Value> {
    let body = match (request.payload, request.body) {
        (Some(payload), None) => signing::encode(&payload, Escaping::Ascii),
        (None, Some(body)) => body.into_bytes(),
        _ => return Err(ControlError::Invalid("payload or body, and not both".to_owned())),
    };
    let attempt = simulator.deliver_raw(body.into(), request.signature).await;
    Ok(Json(response_body(&[attempt])))
}

pub(super) async fn verify(State(simulator): Shared) -> Json<Handshake> {
    let token = simulator.config.verify_token.clone();
    Json(simulator.verify_webhook(&simulator.courier.url(), token.expose_secret()).await)
}

/// The first attempt stands out, since most calls make only one.
pub(super) fn response_body(attempts: &[Attempt]) -> Value {
    let first = attempts.first();
    json!({
        "status": first.and_then(|first| first.status),
        "ms": first.map(|first| first.ms),
        "deliveries": attempts,
    })
}
