//! HTTP/1.1 by hand: a client that costs next to nothing, so that what is measured is the server.

use std::ops::Range;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection that is kept for the next request.
pub(crate) struct Connection {
    host: String,
    socket: TcpStream,
    bytes: Vec<u8>,
}

impl Connection {
    /// Connects to `http://HOST:PORT`.
    pub(crate) async fn open(url: &str) -> Self {
        let host = url.strip_prefix("http://").expect("a plain address").to_owned();
        let socket = TcpStream::connect(&host).await.expect("the server listens");
        socket.set_nodelay(true).expect("a socket");
        Self { host, socket, bytes: Vec::new() }
    }

    /// Sends a request; each of the headers ends with a line break.
    pub(crate) async fn send(&mut self, path: &str, headers: &str, body: &str) {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             {headers}\r\n{body}",
            self.host
        );
        self.socket.write_all(request.as_bytes()).await.expect("the server reads");
    }

    /// Sends a request and reads its response, which must be a 200: its body.
    pub(crate) async fn post(&mut self, path: &str, headers: &str, body: &str) -> Vec<u8> {
        self.send(path, headers, body).await;
        let (body, end) = loop {
            let whole = whole_body(&self.bytes).map(|body| (self.bytes[body.clone()].to_vec(), body.end));
            if let Some(found) = whole.or_else(|| whole_chunks(&self.bytes)) {
                break found;
            }
            self.read().await;
        };
        let head = String::from_utf8_lossy(&self.bytes[..end]);
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        self.bytes.drain(..end);
        body
    }

    /// Reads until this has come; what came with it is forgotten.
    pub(crate) async fn until(&mut self, wanted: &str) {
        while !self.bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes()) {
            self.read().await;
        }
        self.bytes.clear();
    }

    /// Reads what comes, for as long as anything does.
    pub(crate) async fn drain(mut self) {
        loop {
            self.bytes.clear();
            self.read().await;
        }
    }

    /// Waits without a buffer: ten thousand connections that wait shall hold none.
    async fn read(&mut self) {
        self.socket.readable().await.expect("the connection stays");
        let length = self.socket.read_buf(&mut self.bytes).await.expect("the connection stays");
        assert_ne!(length, 0, "the server does not hang up");
    }
}

/// Where the body of the first message stands, once all of it has come.
pub(crate) fn whole_body(bytes: &[u8]) -> Option<Range<usize>> {
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse::<usize>();
    let end = head_end + length.ok()?;
    (bytes.len() >= end).then_some(head_end..end)
}

/// The body of the first message and where it ends, once all of it has come, where it comes in chunks.
fn whole_chunks(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut at = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&bytes[..at]).to_ascii_lowercase();
    head.lines().find(|line| line.trim_end() == "transfer-encoding: chunked")?;
    let mut body = Vec::new();
    loop {
        let line = bytes.get(at..)?.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&bytes[at..at + line]).ok()?, 16).ok()?;
        let (begin, end) = (at + line + 2, at + line + 2 + length);
        body.extend(bytes.get(begin..end)?);
        at = end + 2;
        if length == 0 {
            return (bytes.len() >= at).then_some((body, at));
        }
    }
}
