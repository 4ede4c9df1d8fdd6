//! `events.json`: what one event of a stream comes to, also of a newer server.

use loggin_protocol::{Error, ErrorCode, Session, Token, wire::TokenEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Outcome, outcome, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventInput {
    event: String,
    data: String,
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    if kind != "login_event" {
        return None;
    }
    let EventInput { event, data } = read(input);
    let code = Token::parse("lgn1_8XKPQ2WN_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ").unwrap().code();
    let data = data.replace("{code}", &code.expose());
    let pending = |told: Option<&str>| Ok(json!({ "outcome": "pending", "told": told }));
    Some(outcome(match TokenEvent::parse(&event, &data) {
        None | Some(TokenEvent::Ready(_)) => pending(None),
        Some(TokenEvent::Progress(event)) => pending(Some(event.status.as_str())),
        Some(TokenEvent::Verified(event)) if event.code != code => pending(None),
        Some(TokenEvent::Verified(event)) => {
            Session::try_from(event.session).map(|_| json!({ "outcome": "verified", "told": null }))
        }
        Some(TokenEvent::Rejected(event)) => {
            assert!(event.code == Some(code) || event.token_index == Some(0));
            Err(Error::from_server(&event.error, &event.message))
        }
    }))
}

#[test]
fn the_end_of_every_login_is_an_error_of_this_protocol_at_worst() {
    let outcome = call("login_event", json!({ "event": "rejected", "data": "{\"code\":\"{code}\"}" }));
    assert_eq!(outcome.unwrap()["error"], ErrorCode::InvalidResponse.as_str());
}
