//! One event stream or long poll: opened, read to its end and reported to the hub, on a thread of its own.

use std::{io::Read, sync::Arc, time::Duration};

use super::{
    thread::unwound,
    transport::{Http, Request, Response, Settings, Unreached, cause_of_end},
};
use loggin_protocol::{
    AppKey, Cause, Code, Confirm, ErrorCode, PhoneNeed, Token,
    sse::{Decoder, Item},
    waits::{Closed, Form, StreamId},
    wire::{EVENTS_PATH, EventsResponse, MAX_TOKENS_WITHOUT_KEY, Progress, TokenEvent},
};

/// Bytes read at a time: some dozen events.
const CHUNK: usize = 4 << 10;

/// Bytes of a request around its tokens.
const BODY_OVERHEAD: usize = 160;

/// Bytes of a token in a request, with its quotes and comma.
const BYTES_PER_TOKEN: usize = 49;

/// Bytes of a code with its progress in a request.
const BYTES_PER_PROGRESS: usize = 64;

/// Longest time of a long poll, its connection included: the server answers after 25 s.
const POLL_TIMEOUT: Duration = Duration::from_secs(35);

/// Longest response of a long poll: some 300 bytes for each of a thousand tokens.
const MAX_POLL_RESPONSE: u64 = 1 << 20;

/// Who opens streams, and is told what becomes of them.
pub(super) trait Owner {
    fn settings(&self) -> &Settings;
    fn idempotency_key(&self) -> &str;
    /// Events have come, in this order.
    fn stream_events(self: &Arc<Self>, id: StreamId, events: Vec<TokenEvent>);
    /// A stream was not opened or has broken off; that the client hung up is no failure.
    fn stream_failed(&self, id: StreamId, cause: Cause);
    /// A stream is no more: the last that is told of it.
    fn stream_closed(self: &Arc<Self>, id: StreamId, closed: Closed);
}

/// Carries a stream from its request to its end, which is reported whatever happens: a panic of the code that it calls
/// is a loss of the connection.
pub(super) fn run<O: Owner>(owner: &Arc<O>, id: StreamId, http: &Http, tokens: Vec<Token>, form: &Form) {
    let closed = unwound(|| match open(&**owner, id, http, tokens, form) {
        Ok(response) => match form {
            Form::Events => read(owner, id, response),
            Form::Poll { .. } => read_poll(owner, id, response),
        },
        Err(closed) => closed,
    });
    owner.stream_closed(id, closed.unwrap_or_else(|| dropped(None)));
}

fn open(
    owner: &impl Owner,
    id: StreamId,
    http: &Http,
    tokens: Vec<Token>,
    form: &Form,
) -> Result<Response, Closed> {
    let count = tokens.len();
    let kind = if matches!(form, Form::Events) { "stream" } else { "long poll" };
    log::debug!(target: "loggin", "a {kind} for {count} logins is opened");
    let (accept, known, timeout) = match form {
        Form::Events => ("text/event-stream", &[][..], None),
        Form::Poll { known } => ("application/json", &known[..], Some(POLL_TIMEOUT)),
    };
    let Settings { is_redeemer, app_key, least, need, ref return_to, .. } = *owner.settings();
    let asked = Asked { claim: is_redeemer, app_key, least, need, return_to: return_to.as_deref(), known };
    let body = request_body(tokens, &asked);
    let request =
        Request { path: EVENTS_PATH, accept, idempotency_key: owner.idempotency_key(), body: &body, timeout };
    let mut response = http.send(owner.settings(), &request).map_err(|Unreached(cause)| {
        owner.stream_failed(id, cause);
        dropped(None)
    })?;
    if match form {
        Form::Events => response.is_event_stream(),
        Form::Poll { .. } => response.status == 200,
    } {
        return Ok(response);
    }
    let pause = response.retry_after();
    let error = match response.read_error() {
        Ok(error) => error,
        Err(error) => {
            owner.stream_failed(id, error.cause().unwrap_or(Cause::Protocol));
            return Err(dropped(pause));
        }
    };
    let is_final = match response.status {
        400 | 401 | 403 | 404 => true,
        // Too many tokens for a stream without a secret key: the machine learns from it.
        413 => count > MAX_TOKENS_WITHOUT_KEY,
        _ => error.code() == ErrorCode::QuotaExceeded,
    };
    if is_final {
        return Err(Closed::Refused(error));
    }
    owner.stream_failed(id, Cause::Http(response.status));
    Err(dropped(error.retry_after()))
}

/// What a request asks of all its tokens.
struct Asked<'a> {
    claim: bool,
    app_key: Option<AppKey>,
    least: Confirm,
    need: PhoneNeed,
    return_to: Option<&'a str>,
    known: &'a [(Code, Progress)],
}

/// The request's JSON, written token by token: ten thousand of them are a megabyte and more in any form between.
fn request_body(tokens: Vec<Token>, asked: &Asked<'_>) -> Vec<u8> {
    let Asked { claim, app_key, least, need, return_to, known } = *asked;
    let mut body = String::with_capacity(
        BODY_OVERHEAD
            + return_to.map_or(0, str::len)
            + tokens.len() * BYTES_PER_TOKEN
            + known.len() * BYTES_PER_PROGRESS,
    );
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
    if least > Confirm::None {
        body.push_str(r#","confirm":""#);
        body.push_str(least.as_str());
        body.push('"');
    }
    if need == PhoneNeed::Optional {
        body.push_str(r#","phone":"optional""#);
    }
    if let Some(page) = return_to {
        body.push_str(r#","return_to":"#);
        // A page is the caller's text: anything may stand in it.
        body.push_str(&serde_json::Value::from(page).to_string());
    }
    for (index, (code, progress)) in known.iter().enumerate() {
        body.push_str(if index > 0 { "," } else { r#","known":{"# });
        // Nor is there in a code or a status.
        for part in ["\"", &code.expose(), "\":\"", progress.as_str(), "\""] {
            body.push_str(part);
        }
    }
    body.push_str(if known.is_empty() { "}" } else { "}}" });
    body.into_bytes()
}

/// Reads what a long poll was told.
fn read_poll(owner: &Arc<impl Owner>, id: StreamId, mut response: Response) -> Closed {
    let cause = match response.read_json(MAX_POLL_RESPONSE) {
        Ok(body) => match EventsResponse::parse(&body) {
            Some(EventsResponse { events }) => {
                owner.stream_events(id, events);
                return Closed::Answered;
            }
            None => Cause::Protocol,
        },
        Err(error) => error.cause().unwrap_or(Cause::Protocol),
    };
    owner.stream_failed(id, cause);
    dropped(response.retry_after())
}

/// Reads events until the stream ends, fails, or says something larger than any event of ours.
fn read(owner: &Arc<impl Owner>, id: StreamId, response: Response) -> Closed {
    let mut body = response.into_stream();
    let mut decoder = Decoder::default();
    let mut chunk = vec![0; CHUNK];
    let mut pause = None;
    let cause = loop {
        let length = match body.read(&mut chunk) {
            Ok(0) => break Cause::Cut,
            Ok(length) => length,
            Err(error) => break cause_of_end(&error),
        };
        if decoder.feed(&chunk[..length]).is_err() {
            break Cause::Protocol;
        }
        let mut events = Vec::new();
        while let Some(item) = decoder.next_item() {
            match item {
                Item::Retry(delay) => pause = Some(delay),
                Item::Event(event) => events.extend(TokenEvent::parse(&event.name, &event.data)),
            }
        }
        owner.stream_events(id, events);
    };
    owner.stream_failed(id, cause);
    dropped(pause)
}

fn dropped(pause: Option<Duration>) -> Closed {
    Closed::Dropped { pause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loggin_protocol::wire::EventsRequest;

    #[test]
    fn the_body_is_the_request_of_the_protocol() {
        let app_key = AppKey::parse("8XKPQ2WN").unwrap();
        let tokens: Vec<Token> = (0..3).map(|byte| Token::from_secret(app_key, [byte; 20])).collect();
        let known = [
            (tokens[0].code(), Progress::MessageReceived),
            (tokens[2].code(), Progress::AwaitingConfirmation),
        ];
        let (required, optional) = (PhoneNeed::Required, PhoneNeed::Optional);
        let cases = [
            Asked {
                claim: true,
                app_key: None,
                least: Confirm::None,
                need: required,
                return_to: None,
                known: &[],
            },
            Asked {
                claim: false,
                app_key: None,
                least: Confirm::Reply,
                need: optional,
                return_to: Some("https://shop.example/login"),
                known: &known[..1],
            },
            Asked {
                claim: true,
                app_key: Some(app_key),
                least: Confirm::Match,
                need: required,
                return_to: Some("\"},\n"),
                known: &[],
            },
            Asked {
                claim: false,
                app_key: Some(app_key),
                least: Confirm::Code,
                need: optional,
                return_to: None,
                known: &known,
            },
        ];
        for asked in cases {
            let body = request_body(tokens.clone(), &asked);
            let Asked { claim, app_key, least, need, return_to, known } = asked;
            let most = BODY_OVERHEAD
                + return_to.map_or(0, str::len)
                + tokens.len() * BYTES_PER_TOKEN
                + known.len() * BYTES_PER_PROGRESS;
            assert!(body.len() <= most);
            let request: EventsRequest = serde_json::from_slice(&body).unwrap();
            assert_eq!((request.claim, request.confirm, request.phone), (claim, least, need));
            assert_eq!(request.return_to.as_deref(), return_to);
            assert_eq!(request.app_key, app_key.map(|app_key| app_key.to_string()));
            assert_eq!(request.tokens, tokens.iter().map(Token::expose).collect::<Vec<_>>());
            assert_eq!(request.known, known.iter().copied().collect());
        }
    }
}
