//! The part of the contract tests: serves streams, takes callbacks in, and asks the service for clients.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::{Value, json};
use ureq::{Agent, Body, http::Response};

/// Nothing here takes this long unless it hangs: then the test fails instead of standing still.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A running service, and the server that its clients read from.
pub(crate) struct Suite {
    service: String,
    ended: JoinHandle<()>,
    agent: Agent,
    endpoint: SocketAddr,
    streams: Receiver<Stream>,
    callbacks: Receiver<(u64, Value)>,
    received: u64,
}

/// A connection that a client has opened for its stream.
pub(crate) struct Stream {
    pub(crate) head: String,
    pub(crate) body: String,
    socket: TcpStream,
}

impl Suite {
    pub(crate) fn start() -> Self {
        let (address, ended) = start_service();
        let (to_streams, streams) = mpsc::channel();
        let (to_callbacks, callbacks) = mpsc::channel();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = listener.local_addr().unwrap();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let (to_streams, to_callbacks) = (to_streams.clone(), to_callbacks.clone());
                thread::spawn(move || serve(&to_streams, &to_callbacks, socket.unwrap()));
            }
        });
        let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
        Self { service: format!("http://{address}"), ended, agent, endpoint, streams, callbacks, received: 0 }
    }

    pub(crate) fn status(&self) -> Value {
        let response = self.agent.get(&self.service).call().unwrap();
        serde_json::from_str(&response.into_body().read_to_string().unwrap()).unwrap()
    }

    /// Creates a client, with these fields beside the two that are a must; the path of its resource.
    pub(crate) fn create(&self, fields: Value) -> String {
        let mut request = json!({
            "tag": "a test",
            "streamUrl": format!("http://{}/stream", self.endpoint),
            "callbackUrl": format!("http://{}/callback", self.endpoint),
            "initialDelayMs": 0,
        });
        let Value::Object(fields) = fields else { panic!("fields of a request") };
        request.as_object_mut().unwrap().extend(fields);
        let response = self.send("", &request);
        assert_eq!(response.status(), 201);
        response.headers()["Location"].to_str().unwrap().to_owned()
    }

    /// The status with which the service responds to a POST.
    pub(crate) fn post(&self, path: &str, body: &Value) -> u16 {
        self.send(path, body).status().as_u16()
    }

    fn send(&self, path: &str, body: &Value) -> Response<Body> {
        let url = format!("{}{path}", self.service);
        self.agent.post(url).content_type("application/json").send(body.to_string()).unwrap()
    }

    pub(crate) fn delete(&self, path: &str) -> u16 {
        self.agent.delete(format!("{}{path}", self.service)).call().unwrap().status().as_u16()
    }

    /// Waits until a client connects.
    pub(crate) fn connection(&self) -> Stream {
        self.streams.recv_timeout(TEST_TIMEOUT).expect("no client connected")
    }

    /// Waits for the next callback, which must have the next number.
    pub(crate) fn received(&mut self) -> Value {
        let (number, message) = self.callbacks.recv_timeout(TEST_TIMEOUT).expect("no callback came");
        self.received += 1;
        assert_eq!(number, self.received);
        message
    }

    /// Waits for an event: its type, data and id.
    pub(crate) fn event(&mut self) -> (String, String, String) {
        let message = self.received();
        assert_eq!(message["kind"], "event", "{message}");
        let field = |name| message["event"][name].as_str().unwrap().to_owned();
        (field("type"), field("data"), field("id"))
    }

    pub(crate) fn error(&mut self) {
        let message = self.received();
        assert_eq!(message["kind"], "error", "{message}");
    }

    /// Stops the service, and waits until it has.
    pub(crate) fn stop(self) {
        assert_eq!(self.delete("/"), 204);
        // A kept connection is no reason to go on.
        drop(self.agent);
        self.ended.join().unwrap();
    }
}

impl Stream {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Begins the response of an event stream.
    pub(crate) fn begin(mut self) -> Self {
        self.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
        self
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    /// Ends the stream.
    pub(crate) fn end(self) {
        self.socket.shutdown(Shutdown::Both).unwrap();
    }

    /// Waits until the client has ended the connection.
    pub(crate) fn until_left(mut self) {
        self.socket.set_read_timeout(Some(TEST_TIMEOUT)).unwrap();
        // Reset is as good as closed.
        assert!(!matches!(self.socket.read(&mut [0]), Ok(1..)), "the client said more");
    }
}

fn start_service() -> (SocketAddr, JoinHandle<()>) {
    let (to_address, address) = mpsc::channel();
    let ended = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            to_address.send(listener.local_addr().unwrap()).unwrap();
            loggin_sse_contract::serve(listener).await.unwrap();
        });
    });
    (address.recv_timeout(TEST_TIMEOUT).unwrap(), ended)
}

/// Hands a stream's connection to the test, or takes callbacks in until the connection ends.
fn serve(streams: &Sender<Stream>, callbacks: &Sender<(u64, Value)>, mut socket: TcpStream) {
    let mut reader = BufReader::new(socket.try_clone().unwrap());
    while let Some((head, body)) = read_request(&mut reader) {
        let path = head.split(' ').nth(1).unwrap();
        let Some(number) = path.strip_prefix("/callback/") else {
            // A test that has ended takes no connections.
            let _ = streams.send(Stream { head, body, socket });
            return;
        };
        let _ = callbacks.send((number.parse().unwrap(), serde_json::from_str(&body).unwrap()));
        let _ = socket.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<(String, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_ascii_lowercase().lines().find_map(|line| {
        let value = line.strip_prefix("content-length:")?;
        Some(value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}
