//! A stream that falls silent, over real sockets: the 45 s of the protocol are a fraction of a second here.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use url::Url;

use super::super::{
    Hub, Settings,
    clock::{Clock, SystemClock},
};
use loggin_protocol::{AppKey, ErrorCode, Session, Token};

/// Nothing here takes this long unless it hangs.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn token() -> Token {
    Token::from_secret(AppKey::parse("8XKPQ2WN").unwrap(), [7; Token::SECRET_BYTES])
}

/// A hub whose streams may be silent this long, and the connections that it makes.
fn hub(stream_silence: Duration) -> (Arc<Hub>, Receiver<TcpStream>) {
    hub_by(stream_silence, Box::new(SystemClock::start()))
}

/// The same by a clock of the test's own.
pub(super) fn hub_by(stream_silence: Duration, clock: Box<dyn Clock>) -> (Arc<Hub>, Receiver<TcpStream>) {
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
        app_key: None,
        secret_key: None,
        proxy: None,
        trust: None,
        is_redeemer: true,
        least: loggin_protocol::Confirm::None,
        need: loggin_protocol::PhoneNeed::Required,
        return_to: None,
        user_agent: String::new(),
        max_retries: 0,
        call_timeout: TIMEOUT,
        idempotency_key: None,
        stream_silence,
    };
    (Hub::with_clock(Arc::new(settings), clock).unwrap(), connections)
}

/// Reads a request for the token and says that the stream is ready.
pub(super) fn begin(mut stream: &TcpStream) {
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
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
    let wait = hub.wait::<Session>(token(), TIMEOUT);
    let mut silent = connections.recv_timeout(TIMEOUT).unwrap();
    begin(&silent);
    let fell_silent = Instant::now();
    let mut next = connections.recv_timeout(TIMEOUT).unwrap();
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
    let wait = hub.wait::<Session>(token(), TIMEOUT);
    let mut stream = connections.recv_timeout(TIMEOUT).unwrap();
    begin(&stream);
    for _ in 0..10 {
        let other = connections.recv_timeout(silence / 8);
        assert_eq!(other.err(), Some(RecvTimeoutError::Timeout), "another stream was opened");
        stream.write_all(b":\n\n").unwrap();
    }
    assert_eq!(wait.result(), None);
}
