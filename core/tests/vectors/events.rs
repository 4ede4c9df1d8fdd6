//! `events.json`: what one event of a stream comes to, and who signed in, also of a newer server.

use std::time::UNIX_EPOCH;

use loggin_protocol::{
    Error, ErrorCode, PhoneNeed, PhoneNumber, Session, Token,
    wire::{TokenEvent, VerifyResponse, invalid_response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Outcome, outcome, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventInput {
    event: String,
    data: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerInput {
    answer: Value,
    require_phone: bool,
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    match kind {
        "login_event" => Some(outcome(login_event(read(input)))),
        "session" => Some(outcome(session(read(input)))),
        _ => None,
    }
}

fn session(AnswerInput { answer, require_phone }: AnswerInput) -> Result<Value, Error> {
    let Ok(VerifyResponse::Verified(body)) = serde_json::from_value(answer) else {
        return Err(invalid_response());
    };
    let session: Session<Option<PhoneNumber>> = body.told_to(PhoneNeed::of(require_phone))?.try_into()?;
    let since_1970 = session.verified_at.duration_since(UNIX_EPOCH).unwrap();
    Ok(json!({
        "app_key": session.app_key.as_str(),
        "phone": session.phone.map(|phone| phone.expose().to_owned()),
        "user_id": session.user_id,
        "subject": session.subject.expose(),
        "confirmation": session.confirmation.as_str(),
        "assurance": session.assurance.as_str(),
        "verified_at_ms": u64::try_from(since_1970.as_millis()).unwrap(),
    }))
}

fn login_event(EventInput { event, data }: EventInput) -> Result<Value, Error> {
    let code = Token::parse("lgn1_8XKPQ2WN_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ").unwrap().code();
    let data = data.replace("{code}", &code.expose());
    let pending = |told: Option<&str>| Ok(json!({ "outcome": "pending", "told": told }));
    match TokenEvent::parse(&event, &data) {
        None | Some(TokenEvent::Ready(_)) => pending(None),
        Some(TokenEvent::Progress(event)) => pending(Some(event.status.as_str())),
        Some(TokenEvent::Verified(event)) if event.code != code => pending(None),
        Some(TokenEvent::Verified(event)) => {
            let session = Session::<PhoneNumber>::try_from(event.session);
            session.map(|_| json!({ "outcome": "verified", "told": null }))
        }
        Some(TokenEvent::Rejected(event)) => {
            assert!(event.code == Some(code) || event.token_index == Some(0));
            Err(Error::from_server(&event.error, &event.message))
        }
    }
}

#[test]
fn the_end_of_every_login_is_an_error_of_this_protocol_at_worst() {
    let outcome = call("login_event", json!({ "event": "rejected", "data": "{\"code\":\"{code}\"}" }));
    assert_eq!(outcome.unwrap()["error"], ErrorCode::InvalidResponse.as_str());
}
