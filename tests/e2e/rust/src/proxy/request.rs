//! Requests, read from the bytes that pass by.

use std::time::Instant;

use loggin_protocol::{
    Token,
    wire::{EVENTS_PATH, EventsRequest},
};

/// A request that came to the proxy.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its path.
    pub path: String,
    /// The tokens that it waits for, where it does.
    pub tokens: Vec<Token>,
    /// When its last byte came.
    pub at: Instant,
}

impl Request {
    /// Whether it opens a stream.
    pub fn is_for_events(&self) -> bool {
        self.path.trim_start_matches('/') == EVENTS_PATH
    }
}

/// Puts the requests of one connection together.
#[derive(Default)]
pub(super) struct RequestReader {
    bytes: Vec<u8>,
}

impl RequestReader {
    /// Takes bytes in; returns the requests that are whole with them.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Request> {
        self.bytes.extend_from_slice(bytes);
        std::iter::from_fn(|| self.next()).collect()
    }

    fn next(&mut self) -> Option<Request> {
        let body_start = self.bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.bytes[..body_start]).into_owned();
        let length = head.lines().find_map(content_length).unwrap_or(0);
        let body = self.bytes.get(body_start..body_start + length)?;
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut request = Request { path, tokens: Vec::new(), at: Instant::now() };
        if request.is_for_events() {
            let body: EventsRequest = serde_json::from_slice(body).expect("a body of the protocol");
            request.tokens = body.tokens.iter().map(|token| Token::parse(token).unwrap()).collect();
        }
        self.bytes.drain(..body_start + length);
        Some(request)
    }
}

fn content_length(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_wherever_they_are_cut() {
        let token = "lgn1_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK";
        let body = format!("{{\"tokens\":[\"{token}\"],\"claim\":true}}");
        let length = body.len();
        let events = format!("POST /{EVENTS_PATH} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}");
        let bytes = format!("{events}GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n{events}").into_bytes();
        for cut in 0..=bytes.len() {
            let mut reader = RequestReader::default();
            let mut requests = reader.feed(&bytes[..cut]);
            requests.extend(reader.feed(&bytes[cut..]));
            let waits: Vec<_> = requests.iter().map(|request| request.tokens.len()).collect();
            assert_eq!(waits, [1, 0, 1], "cut at {cut}");
            assert_eq!(requests[0].tokens, [Token::parse(token).unwrap()]);
            assert_eq!(requests[1].path, "/healthz");
        }
    }
}
