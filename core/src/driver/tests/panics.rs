//! A transport that panics, over real sockets: nobody's wait is lost, and no call hangs.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, LazyLock, Mutex},
    task::{Context, Wake, Waker},
    thread,
    time::Duration,
};

use url::Url;

use super::super::{Hub, STREAM_SILENCE, Settings, reader_of};
use loggin_protocol::{AppKey, Confirm, Error, ErrorCode, PhoneNeed, Session, Token};

/// Nothing here takes this long unless it hangs.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How many requests to a server are still to panic.
static STRIKES: LazyLock<Mutex<HashMap<u16, usize>>> = LazyLock::new(Mutex::default);

/// Panics where a test has asked for it.
pub(in crate::driver) fn strike(base_url: &Url) {
    let mut strikes = STRIKES.lock().unwrap();
    let left = base_url.port().and_then(|port| strikes.get_mut(&port)).filter(|left| **left > 0);
    if let Some(left) = left {
        *left -= 1;
        drop(strikes);
        panic!("as the test says");
    }
}

fn token(number: u8) -> Token {
    Token::from_secret(AppKey::parse("8XKPQ2WN").unwrap(), [number; Token::SECRET_BYTES])
}

fn reader() -> impl Fn(&[u8]) -> Result<Option<Session>, Error> + Send {
    reader_of(token(0), Confirm::None, PhoneNeed::Required)
}

/// A hub whose first requests panic; after them its server says of every login that it was denied.
fn hub(panics: usize) -> Arc<Hub> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    STRIKES.lock().unwrap().insert(port, panics);
    thread::spawn(move || listener.incoming().for_each(|stream| answer(stream.unwrap())));
    let settings = Settings {
        base_url: Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap(),
        secret_key: None,
        app_key: None,
        proxy: None,
        trust: None,
        is_redeemer: true,
        least: Confirm::None,
        need: PhoneNeed::Required,
        return_to: None,
        user_agent: String::new(),
        max_retries: 0,
        call_timeout: TIMEOUT,
        idempotency_key: None,
        stream_silence: STREAM_SILENCE,
    };
    Hub::new(Arc::new(settings)).unwrap()
}

fn answer(mut stream: TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.extend(byte);
    }
    let request = String::from_utf8(request).unwrap();
    if !request.contains("\"tokens\"") {
        let body = "{\"status\":\"pending\"}";
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        return write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    write!(stream, "{head}event: ready\ndata: {{\"pending\":1}}\n\n").unwrap();
    for text in request.split('"').filter(|text| text.starts_with("lgn1_")) {
        let code = Token::parse(text).unwrap().code().expose();
        write!(stream, "event: rejected\ndata: {{\"code\":\"{code}\",\"error\":\"denied\"}}\n\n").unwrap();
    }
}

#[test]
fn a_stream_that_panics_is_a_stream_that_is_lost() {
    // More than the streams that may be opened at a time.
    let hub = hub(5);
    for number in 0..3 {
        let wait = hub.wait::<Session>(token(number), TIMEOUT);
        let outcome = wait.wait_timeout(TIMEOUT).expect("the wait is carried on");
        assert_eq!(outcome.unwrap_err().code(), ErrorCode::Denied);
    }
}

#[test]
fn a_call_that_panics_is_an_error_and_its_worker_goes_on() {
    let hub = hub(21);
    let call = || hub.verify_call(&token(0), None);
    let error = hub.make(call().unwrap(), reader()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Internal);
    for _ in 0..20 {
        let outcome = hub.begin(call(), reader()).wait_timeout(TIMEOUT).expect("the call does not hang");
        assert_eq!(outcome.unwrap_err().code(), ErrorCode::Internal);
    }
    assert_eq!(hub.begin(call(), reader()).wait_timeout(TIMEOUT), Some(Ok(None)));
    let broken = hub.begin::<()>(call(), |_| panic!("as the test says"));
    assert_eq!(broken.wait_timeout(TIMEOUT).unwrap().unwrap_err().code(), ErrorCode::Internal);
}

struct Panic;

impl Wake for Panic {
    fn wake(self: Arc<Self>) {
        panic!("as the test says");
    }
}

#[test]
fn a_waker_that_panics_takes_nothing_from_the_waits_beside_it() {
    let hub = hub(0);
    let waker = Waker::from(Arc::new(Panic));
    let mut waits: Vec<_> =
        (0..20).map(|number| Box::pin(hub.wait::<Session>(token(number), TIMEOUT))).collect();
    for wait in waits.iter_mut().step_by(2) {
        // What is ready by now wakes nobody.
        let _ = Future::poll(wait.as_mut(), &mut Context::from_waker(&waker));
    }
    for wait in waits {
        let outcome = wait.wait_timeout(TIMEOUT).expect("every wait is told");
        assert_eq!(outcome.unwrap_err().code(), ErrorCode::Denied);
    }
}
