//! Watches logins without claiming them, over plain HTTP, as another process or a browser does.

use std::io::{BufRead, BufReader, Read};

use loggin_protocol::{Token, wire::EVENTS_PATH};
use serde_json::{Value, json};

/// A stream that only observes.
pub struct Observer {
    lines: BufReader<Box<dyn Read>>,
}

impl Observer {
    /// Begins to watch; returns once the server has responded.
    pub fn start(url: &str, tokens: &[Token]) -> Self {
        let tokens: Vec<_> = tokens.iter().map(Token::expose).collect();
        let call = ureq::post(format!("{url}/{EVENTS_PATH}")).content_type("application/json");
        let response = call.send(json!({ "tokens": tokens, "claim": false }).to_string()).unwrap();
        let body: Box<dyn Read> = Box::new(response.into_body().into_reader());
        Self { lines: BufReader::new(body) }
    }

    /// The next event's name and data; `None` at the end of the stream.
    pub fn next_event(&mut self) -> Option<(String, Value)> {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(event) = line.strip_prefix("event: ") {
                event.trim().clone_into(&mut name);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((name, serde_json::from_str(data).unwrap()));
            }
        }
    }
}
