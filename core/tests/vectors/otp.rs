//! `otp.json`: what the answers to the calls for one-time codes come to, and which texts are addresses.

use std::time::UNIX_EPOCH;

use loggin::{Error, ErrorCode, OtpResult, OtpSession, client_ip_of};
use loggin_protocol::wire::{OtpStartResponse, OtpVerifyResponse};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{Outcome, outcome, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerInput {
    answer: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextInput {
    text: String,
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    Some(outcome(match kind {
        "client_ip" => {
            let TextInput { text } = read(input);
            client_ip_of(&text).map(|address| json!({"client_ip": address.to_string()}))
        }
        "otp_session" => {
            body::<OtpStartResponse>(input).and_then(TryInto::try_into).map(|given| session(&given))
        }
        "otp_result" => body::<OtpVerifyResponse>(input).and_then(TryInto::try_into).map(result),
        _ => return None,
    }))
}

/// Read from text, as an answer is.
fn body<T: DeserializeOwned>(input: Value) -> Result<T, Error> {
    let AnswerInput { answer } = read(input);
    serde_json::from_str(&answer.to_string()).map_err(|_| Error::new(ErrorCode::InvalidResponse, ""))
}

fn session(session: &OtpSession) -> Value {
    json!({
        "session_id": session.session_id,
        "expires_in": session.expires_in.as_secs(),
        "sent_via_engine": session.sent_via_engine,
        "quota_remaining": session.quota_remaining,
    })
}

fn result(result: OtpResult) -> Value {
    let since_1970 = result.verified_at.duration_since(UNIX_EPOCH).unwrap();
    json!({
        "status": result.status.as_str(),
        "phone": result.phone.expose(),
        "verified_at_ms": u64::try_from(since_1970.as_millis()).unwrap(),
        "meta": result.meta.map(|meta| meta.read::<Value>().unwrap()),
    })
}
