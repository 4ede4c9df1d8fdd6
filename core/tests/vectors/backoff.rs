//! `backoff.json`: delays between tries.

use std::time::Duration;

use loggin_protocol::backoff::delay;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Outcome, outcome, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DelayInput {
    attempt: u32,
    outage_ms: u64,
    hint_ms: Option<u64>,
    random: String,
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    if kind != "delay" {
        return None;
    }
    let DelayInput { attempt, outage_ms, hint_ms, random } = read(input);
    let given = delay(
        attempt,
        Duration::from_millis(outage_ms),
        hint_ms.map(Duration::from_millis),
        u64::from_str_radix(&random, 16).unwrap(),
    );
    assert_eq!(given.subsec_nanos() % 1_000_000, 0, "a delay is whole milliseconds");
    Some(outcome(Ok(json!({"delay_ms": u64::try_from(given.as_millis()).unwrap()}))))
}
