//! The conversation between the driver and a process that waits, one line at a time on the standard streams.
//!
//! The plan comes first. The process wakes from one wait, so that everything is loaded, and says `warm`; at `go` it
//! begins all other waits and says `started`; the reply to `rest` is `rested` once no garbage is left; at `report N`
//! it waits until N have woken, and says when each did.

use std::{
    io::{self, BufRead, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use serde::Deserialize;

use crate::clock::Stamps;

/// How often a report looks whether all have woken.
const LOOK: Duration = Duration::from_millis(10);

/// What to wait for.
#[derive(Debug, Deserialize)]
pub(crate) struct Plan {
    /// Where the server is reached; those with a connection for each token take them in turn.
    pub(crate) urls: Vec<&'static str>,
    /// The app's secret key.
    pub(crate) secret_key: &'static str,
    /// The token to warm up with.
    pub(crate) warm: &'static str,
    /// The tokens to wait for.
    pub(crate) tokens: Vec<&'static str>,
    /// Tokens that one bare connection waits for.
    pub(crate) tokens_a_connection: usize,
}

impl Plan {
    /// Reads the plan. Its text is kept for ever: memory given back here would hide what the waits take.
    pub(crate) fn read() -> Self {
        let text: &'static str = Box::leak(next_line().into_boxed_str());
        serde_json::from_str(text).expect("the driver sends a plan")
    }

    /// Room for the moments of all waits.
    pub(crate) fn stamps(&self) -> Arc<Stamps> {
        Arc::new(Stamps::new(self.tokens.len()))
    }

    /// Where the events of tokens are asked for on one connection.
    pub(crate) fn events_url(&self, connection: usize) -> String {
        format!("{}/api/v1/tokens/events", self.urls[connection % self.urls.len()])
    }
}

/// Tells the driver something.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("the driver listens");
}

/// Waits for the driver to say this.
pub(crate) fn expect(line: &str) {
    assert_eq!(next_line(), line);
}

/// Responds to the driver until it has its report. Nothing here makes garbage, so rest is there at once.
pub(crate) fn respond(stamps: &Stamps) {
    loop {
        let line = next_line();
        if line == "rest" {
            say("rested");
            continue;
        }
        let count: usize = line.strip_prefix("report ").expect("a known request").parse().expect("a number");
        while stamps.marked().len() < count {
            thread::sleep(LOOK);
        }
        say(&serde_json::json!({ "woken": stamps.marked() }).to_string());
        return;
    }
}

pub(crate) fn next_line() -> String {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).expect("the driver speaks");
    line.truncate(line.trim_end().len());
    line
}
