//! One event stream: opened, read to its end and reported to the hub, on a thread of its own.

use std::{io::Read, sync::Arc, time::Duration};

use super::{
    Hub,
    transport::{Answer, Http, Request},
};
use crate::{
    error::ErrorCode,
    sse::{Decoder, Item},
    token::Token,
    waits::{Closed, StreamId},
    wire::{EVENTS_PATH, EventsRequest, MAX_TOKENS_WITHOUT_KEY, TokenEvent},
};

/// Bytes read at a time: some dozen events.
const CHUNK: usize = 4 << 10;

/// Carries a stream from its request to its end.
pub(super) fn run(hub: &Arc<Hub>, id: StreamId, http: &Http, tokens: &[Token]) {
    let closed = match open(hub, http, tokens) {
        Ok(answer) => read(hub, id, answer),
        Err(closed) => closed,
    };
    hub.stream_closed(id, closed);
}

fn open(hub: &Hub, http: &Http, tokens: &[Token]) -> Result<Answer, Closed> {
    let count = tokens.len();
    let tokens = tokens.iter().map(Token::expose).collect();
    let body = serde_json::to_vec(&EventsRequest { tokens, claim: true }).map_err(|_| dropped(None))?;
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
    let Some(error) = answer.read_error() else {
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

/// Reads events until the stream ends, fails, or says something that is no event stream of ours.
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
        let mut is_broken = false;
        while let Some(item) = decoder.next_item() {
            match item {
                Item::Retry(delay) => pause = Some(delay),
                Item::Event(event) => match TokenEvent::parse(&event.name, &event.data) {
                    Ok(event) => events.extend(event),
                    Err(_) => is_broken = true,
                },
            }
        }
        hub.stream_events(id, events);
        if is_broken {
            break;
        }
    }
    dropped(pause)
}

fn dropped(pause: Option<Duration>) -> Closed {
    Closed::Dropped { pause }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        net::{TcpListener, TcpStream},
        sync::mpsc::{self, Receiver, RecvTimeoutError},
        thread,
        time::Instant,
    };

    use url::Url;

    use super::*;
    use crate::{driver::Settings, token::AppKey};

    /// Nothing here takes this long unless it hangs.
    const PATIENCE: Duration = Duration::from_secs(30);

    fn token() -> Token {
        Token::from_secret(AppKey::parse("8XKPQ2WN").unwrap(), [7; Token::SECRET_BYTES])
    }

    /// A hub whose streams may be silent this long, and the connections that it makes.
    fn hub(stream_silence: Duration) -> (Arc<Hub>, Receiver<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let (connection, connections) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                // The test may be over.
                let _ = connection.send(stream.unwrap());
            }
        });
        let settings = Settings {
            base_url,
            secret_key: None,
            user_agent: String::new(),
            max_retries: 0,
            idempotency_key: None,
            stream_silence,
        };
        (Hub::new(Arc::new(settings)).unwrap(), connections)
    }

    /// Reads a request for the token and says that the stream is ready.
    fn begin(mut stream: &TcpStream) {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = Vec::new();
        let end = format!("{{\"tokens\":[\"{}\"],\"claim\":true}}", token().expose());
        while !request.ends_with(end.as_bytes()) {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        write!(stream, "{head}event: ready\ndata: {{\"pending\":1}}\n\n").unwrap();
    }

    #[test]
    fn a_stream_that_falls_silent_is_replaced() {
        let silence = Duration::from_millis(200);
        let (hub, connections) = hub(silence);
        let wait = hub.wait(token(), PATIENCE);
        let mut silent = connections.recv_timeout(PATIENCE).unwrap();
        begin(&silent);
        let fell_silent = Instant::now();
        let mut next = connections.recv_timeout(PATIENCE).unwrap();
        assert!(fell_silent.elapsed() >= silence);
        begin(&next);
        assert_eq!(silent.read(&mut [0]).unwrap(), 0, "the silent one is hung up on");
        let code = token().code().expose();
        write!(next, "event: rejected\ndata: {{\"code\":\"{code}\",\"error\":\"denied\"}}\n\n").unwrap();
        assert_eq!(wait.wait().unwrap_err().code(), ErrorCode::Denied);
    }

    #[test]
    fn signs_of_life_keep_a_stream() {
        let silence = Duration::from_secs(2);
        let (hub, connections) = hub(silence);
        let wait = hub.wait(token(), PATIENCE);
        let mut stream = connections.recv_timeout(PATIENCE).unwrap();
        begin(&stream);
        for _ in 0..10 {
            let other = connections.recv_timeout(silence / 8);
            assert_eq!(other.err(), Some(RecvTimeoutError::Timeout), "another stream was opened");
            stream.write_all(b":\n\n").unwrap();
        }
        assert_eq!(wait.result(), None);
    }
}
