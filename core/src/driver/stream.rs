//! One event stream: opened, read to its end and reported to the hub, on a thread of its own.

use std::{io::Read, sync::Arc, time::Duration};

use super::{
    Hub,
    transport::{Answer, Http, Request},
};
use crate::{
    error::ErrorCode,
    sse::{Decoder, Item},
    token::{AppKey, Token},
    waits::{Closed, StreamId},
    wire::{EVENTS_PATH, MAX_TOKENS_WITHOUT_KEY, TokenEvent},
};

/// Bytes read at a time: some dozen events.
const CHUNK: usize = 4 << 10;

/// Bytes of a request around its tokens.
const BODY_OVERHEAD: usize = 64;

/// Bytes of a token in a request, with its quotes and comma.
const BYTES_PER_TOKEN: usize = 49;

/// Carries a stream from its request to its end.
pub(super) fn run(hub: &Arc<Hub>, id: StreamId, http: &Http, tokens: Vec<Token>) {
    let closed = match open(hub, http, tokens) {
        Ok(answer) => read(hub, id, answer),
        Err(closed) => closed,
    };
    hub.stream_closed(id, closed);
}

fn open(hub: &Hub, http: &Http, tokens: Vec<Token>) -> Result<Answer, Closed> {
    let count = tokens.len();
    let body = request_body(tokens, hub.settings().is_redeemer, hub.settings().app_key);
    let request = Request {
        path: EVENTS_PATH,
        accept: "text/event-stream",
        idempotency_key: hub.idempotency_key(),
        body: &body,
    };
    let mut answer = http.send(hub.settings(), &request).map_err(|_| dropped(None))?;
    if answer.is_event_stream() {
        return Ok(answer);
    }
    let pause = answer.retry_after();
    let Ok(error) = answer.read_error() else {
        return Err(dropped(pause));
    };
    let is_final = match answer.status {
        400 | 401 | 403 | 404 => true,
        // Too many tokens for a stream without a secret key: the machine learns from it.
        413 => count > MAX_TOKENS_WITHOUT_KEY,
        _ => error.code() == ErrorCode::QuotaExceeded,
    };
    Err(if is_final { Closed::Refused(error) } else { dropped(error.retry_after()) })
}

/// The request's JSON, written token by token: ten thousand of them are a megabyte and more in any form between.
fn request_body(tokens: Vec<Token>, claim: bool, app_key: Option<AppKey>) -> Vec<u8> {
    let mut body = String::with_capacity(BODY_OVERHEAD + tokens.len() * BYTES_PER_TOKEN);
    body.push_str(r#"{"tokens":["#);
    for (index, token) in tokens.into_iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        // A token is letters, digits and underscores: JSON has nothing to escape in it.
        body.push('"');
        body.push_str(&token.expose());
        body.push('"');
    }
    body.push_str(if claim { r#"],"claim":true"# } else { r#"],"claim":false"# });
    if let Some(app_key) = app_key {
        body.push_str(r#","app_key":""#);
        body.push_str(app_key.as_str());
        body.push('"');
    }
    body.push('}');
    body.into_bytes()
}

/// Reads events until the stream ends, fails, or says something larger than any event of ours.
fn read(hub: &Arc<Hub>, id: StreamId, answer: Answer) -> Closed {
    let mut body = answer.into_stream();
    let mut decoder = Decoder::default();
    let mut chunk = vec![0; CHUNK];
    let mut pause = None;
    while let Ok(length @ 1..) = body.read(&mut chunk) {
        if decoder.feed(&chunk[..length]).is_err() {
            break;
        }
        let mut events = Vec::new();
        while let Some(item) = decoder.next_item() {
            match item {
                Item::Retry(delay) => pause = Some(delay),
                Item::Event(event) => events.extend(TokenEvent::parse(&event.name, &event.data)),
            }
        }
        hub.stream_events(id, events);
    }
    dropped(pause)
}

fn dropped(pause: Option<Duration>) -> Closed {
    Closed::Dropped { pause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::EventsRequest;

    #[test]
    fn the_body_is_the_request_of_the_protocol() {
        let app_key = AppKey::parse("8XKPQ2WN").unwrap();
        let tokens: Vec<Token> = (0..3).map(|byte| Token::from_secret(app_key, [byte; 20])).collect();
        for (claim, app_key) in [(true, None), (false, None), (true, Some(app_key)), (false, Some(app_key))] {
            let body = request_body(tokens.clone(), claim, app_key);
            assert!(body.len() <= BODY_OVERHEAD + tokens.len() * BYTES_PER_TOKEN);
            let request: EventsRequest = serde_json::from_slice(&body).unwrap();
            assert_eq!(request.claim, claim);
            assert_eq!(request.app_key, app_key.map(|app_key| app_key.to_string()));
            assert_eq!(request.tokens, tokens.iter().map(Token::expose).collect::<Vec<_>>());
        }
    }
}
