//! A scripted HTTP server: it answers each request as a test says, and remembers what it was asked.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Nothing here takes this long unless it hangs: then the test fails instead of standing still.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn tokens(&self) -> Vec<String> {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["tokens"].as_array().unwrap().iter().map(|token| token.as_str().unwrap().to_owned()).collect()
    }
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    /// Requests whose connection the client has ended.
    hung_up: Vec<usize>,
    /// Connections that are over.
    ended: usize,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: Arc<(Mutex<Log>, Condvar)>,
}

impl Server {
    /// Answers the n-th request (from 0) by `script`; a connection is closed once it returns.
    pub(crate) fn start(script: impl Fn(usize, &Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::start_at(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub(crate) fn start_at(
        listener: TcpListener,
        script: impl Fn(usize, &Request, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let log = Arc::new((Mutex::new(Log::default()), Condvar::new()));
        let script = Arc::new(script);
        let server = Self { address, log: Arc::clone(&log) };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                thread::spawn(move || {
                    serve(&log, &*script, stream.unwrap());
                    log.0.lock().unwrap().ended += 1;
                    log.1.notify_all();
                });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log.0.lock().unwrap().requests.clone()
    }

    /// Waits until the client has sent `count` requests.
    pub(crate) fn until_requests(&self, count: usize) -> Vec<Request> {
        let requests = self.until(|log| log.requests.len() >= count);
        assert!(requests.len() >= count, "only {} requests", requests.len());
        requests
    }

    /// Waits until the requests whose connections the client holds are as they should be.
    pub(crate) fn until_held(&self, is_right: impl Fn(&[&Request]) -> bool) {
        let is_right = |log: &Log| {
            let requests = log.requests.iter().enumerate();
            let held =
                requests.filter(|(number, _)| !log.hung_up.contains(number)).map(|(_, request)| request);
            is_right(&held.collect::<Vec<_>>())
        };
        self.until(is_right);
        assert!(is_right(&self.log.0.lock().unwrap()), "the client holds other requests");
    }

    /// Waits until the client has ended the connection of the n-th request.
    pub(crate) fn until_hung_up(&self, number: usize) {
        self.until(|log| log.hung_up.contains(&number));
        assert!(self.log.0.lock().unwrap().hung_up.contains(&number), "request {number} is still connected");
    }

    /// Waits until so many connections are over.
    pub(crate) fn until_ended(&self, count: usize) {
        self.until(|log| log.ended >= count);
        let ended = self.log.0.lock().unwrap().ended;
        assert!(ended >= count, "only {ended} connections are over");
    }

    fn until(&self, is_there: impl Fn(&Log) -> bool) -> Vec<Request> {
        let log = self.log.0.lock().unwrap();
        let (log, _) = self.log.1.wait_timeout_while(log, TIMEOUT, |log| !is_there(log)).unwrap();
        log.requests.clone()
    }
}

fn serve(
    log: &(Mutex<Log>, Condvar),
    script: &(dyn Fn(usize, &Request, &mut TcpStream) + Send + Sync),
    mut stream: TcpStream,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        let number = {
            let mut log = log.0.lock().unwrap();
            log.requests.push(request.clone());
            log.requests.len() - 1
        };
        log.1.notify_all();
        script(number, &request, &mut stream);
        // What was answered without a length ends with the connection; a stream ends when the client leaves.
        if !request.head.contains("text/event-stream") {
            continue;
        }
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = reader.read_to_end(&mut Vec::new());
        log.0.lock().unwrap().hung_up.push(number);
        log.1.notify_all();
        return;
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut request = Request { head, body: String::new(), at: Instant::now() };
    let length = request.header("Content-Length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).unwrap();
    Some(request)
}

/// Begins an event stream and says it is ready.
pub(crate) fn begin_stream(stream: &mut TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    send(stream, &format!("{head}event: ready\ndata: {{\"pending\": 1}}\n\n"));
}

/// A proxy that passes on the head of a stream, and what it says once it has ended.
pub(crate) fn keep_back(stream: &mut TcpStream) {
    send(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
    hold(stream);
}

/// Whether a request is a long poll.
pub(crate) fn is_poll(request: &Request) -> bool {
    request.header("Accept") == Some("application/json")
}

/// Says that each token of a request is verified.
pub(crate) fn verify_all(request: &Request, stream: &mut TcpStream) {
    for token in request.tokens() {
        send(stream, &verified_event(&token));
    }
}

pub(crate) fn verified_event(token: &str) -> String {
    verified_event_of(token, SESSION)
}

pub(crate) fn verified_event_of(token: &str, session: &str) -> String {
    let code = loggin::Token::parse(token).unwrap().code();
    format!("event: verified\ndata: {{\"code\":\"{}\",\"session\":{session}}}\n\n", code.expose())
}

pub(crate) const SESSION: &str = concat!(
    r#"{"app_key":"8XKPQ2WN","phone":"919876543210","user_id":null,"#,
    r#""subject":"lgsu_000G40R40M30E209185GR38E1W8124GK","assurance":"normal","verified_at":"2026-11-22T08:00:00Z"}"#
);

/// Somebody who hides their phone.
pub(crate) const WITHOUT_PHONE: &str = concat!(
    r#"{"app_key":"8XKPQ2WN","phone":null,"user_id":"IN.13491208655302741918","#,
    r#""subject":"lgsu_000G40R40M30E209185GR38E1W8124GK","assurance":"changed","verified_at":"2026-11-22T08:00:00Z"}"#
);

pub(crate) fn respond(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    send(stream, &format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"));
}

pub(crate) fn respond_json(stream: &mut TcpStream, status: &str, body: &str) {
    respond(stream, status, "Content-Type: application/json\r\n", body);
}

/// A client that has left does not hear it; that is for the test to notice.
pub(crate) fn send(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

/// Holds the connection open until the client ends it.
pub(crate) fn hold(stream: &TcpStream) {
    let _ = stream.try_clone().unwrap().read(&mut [0]);
}
