//! What a client logs: the way to its server, by the `log` facade, and nothing secret.
#![allow(clippy::unwrap_used, reason = "a test fails where something is not there")]

#[path = "client/fixture.rs"]
#[allow(dead_code, reason = "the other suite needs more of it")]
mod fixture;

use std::sync::Mutex;

use log::{Level, LevelFilter, Log, Metadata, Record};
use loggin::Loggin;

use fixture::{Server, begin_stream, verify_all};

/// Keeps every line.
struct Lines(Mutex<Vec<(Level, String)>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "loggin"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push((record.level(), record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// Connections that are cut before the first one that is answered.
const CUTS: usize = 2;

/// One test: a program has one logger.
#[test]
fn an_outage_and_its_end_are_told_once_and_no_secret_is() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let server = Server::start(|number, request, stream| {
        if number < CUTS {
            return;
        }
        begin_stream(stream);
        // A stream that was ready is ended by proxies after a while, which is no outage.
        if number > CUTS {
            verify_all(request, stream);
        }
    });
    let key = "lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK";
    let client = Loggin::builder().base_url(server.url()).secret_key(key).build().unwrap();
    let created = client.create_token("8XKPQ2WN").unwrap();
    let session = client.wait_for_verify(created.token).unwrap();

    let lines = LINES.0.lock().unwrap();
    let count = |level| lines.iter().filter(|(at, _)| *at == level).count();
    assert_eq!((count(Level::Error), count(Level::Warn), count(Level::Info)), (0, 1, 1), "{lines:?}");
    assert!(count(Level::Debug) >= 4, "{lines:?}");
    let all = lines.iter().map(|(_, line)| line.as_str()).collect::<String>();
    for secret in [&*created.token.expose(), &created.code.expose(), key, session.phone.expose()] {
        assert!(!all.contains(secret), "{lines:?}");
    }
}
