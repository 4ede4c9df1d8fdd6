//! `timeout.json`: what 0, much and no number at all mean where something may take so long.

use std::time::Duration;

use loggin::{Cause, Error, ErrorCode, Loggin, LogginBuilder, Pending, Session, timeout_of};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Outcome, outcome, read};

/// Nobody listens there, and no proxy is asked.
const NOBODY: &str = "http://127.0.0.1:1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeoutInput {
    seconds: String,
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    let seconds: f64 = read::<TimeoutInput>(input).seconds.parse().expect("a number");
    let of_call = timeout_of(seconds, ErrorCode::InvalidRequest);
    let of_client = timeout_of(seconds, ErrorCode::InvalidConfig);
    Some(outcome(match kind {
        "wait_timeout" => of_call.and_then(|timeout| wait(Loggin::builder(), Some(timeout))),
        "client_timeout" => of_client.and_then(|timeout| wait(Loggin::builder().timeout(timeout), None)),
        "call_timeout" => of_call.and_then(|timeout| verify(Loggin::builder(), Some(timeout))),
        "client_call_timeout" => {
            of_client.and_then(|timeout| verify(Loggin::builder().call_timeout(timeout), None))
        }
        _ => return None,
    }))
}

/// Whether a wait goes on when one that began later is over.
fn wait(builder: LogginBuilder, timeout: Option<Duration>) -> Result<Value, Error> {
    let client = builder.base_url(NOBODY).build()?;
    let begin = |timeout| -> Result<Pending<Session>, Error> {
        Ok(client.start_wait(client.create_token("8XKPQ2WN")?.token, timeout))
    };
    let (first, second) = (begin(timeout)?, begin(Some(Duration::from_millis(1)))?);
    assert_eq!(second.wait().map_err(|error| error.code()), Err(ErrorCode::Timeout));
    client.close();
    match first.wait().map_err(|error| error.code()) {
        Err(ErrorCode::Timeout) => Ok(json!({ "outcome": "timeout" })),
        Err(ErrorCode::Closed) => Ok(json!({ "outcome": "goes_on" })),
        other => panic!("{other:?}"),
    }
}

/// Whether there was time to find that nobody listens.
fn verify(builder: LogginBuilder, timeout: Option<Duration>) -> Result<Value, Error> {
    let client = builder.base_url(NOBODY).max_retries(0).build()?;
    let error = client.verify_token_within(client.create_token("8XKPQ2WN")?.token, timeout).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Connection);
    Ok(json!({ "is_tried": error.cause() != Some(Cause::Timeout) }))
}
