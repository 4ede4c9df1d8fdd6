//! The service does what the contract says, and its clients what the SDK's do.
#![allow(clippy::unwrap_used, clippy::expect_used)] // every function here is a test's

mod suite;

use std::time::{Duration, Instant};

use loggin_protocol::sse::MAX_LINE_BYTES;
use serde_json::json;
use suite::Suite;

fn event(name: &str, data: &str, id: &str) -> (String, String, String) {
    (name.to_owned(), data.to_owned(), id.to_owned())
}

#[test]
fn the_service_says_what_it_can_and_stops_when_told() {
    let suite = Suite::start();
    let capabilities = ["bom", "headers", "last-event-id", "post", "read-timeout", "report", "restart"];
    assert_eq!(suite.status()["capabilities"], json!(capabilities));
    suite.create(json!({}));
    let stream = suite.connection().begin();
    suite.stop();
    stream.until_left();
}

#[test]
fn a_request_without_sense_is_refused() {
    let suite = Suite::start();
    assert_eq!(suite.post("/", &json!({ "streamUrl": "http://127.0.0.1/" })), 400);
    assert_eq!(
        suite.post("/", &json!({ "streamUrl": "http:// /", "callbackUrl": "http://127.0.0.1/" })),
        400
    );
    assert_eq!(suite.post("/streams/1", &json!({ "command": "restart" })), 404);
    assert_eq!(suite.delete("/streams/1"), 404);
}

#[test]
fn a_first_request_is_plain() {
    let suite = Suite::start();
    suite.create(json!({}));
    let stream = suite.connection();
    assert!(stream.head.starts_with("GET /stream HTTP/1.1\r\n"));
    assert_eq!(stream.header("Accept"), Some("text/event-stream"));
    assert_eq!(stream.header("Cache-Control"), Some("no-cache"));
    assert_eq!((stream.header("Last-Event-Id"), &*stream.body), (None, ""));
}

#[test]
fn events_are_told_in_order_wherever_they_are_cut() {
    let mut suite = Suite::start();
    suite.create(json!({}));
    let mut stream = suite.connection().begin();
    let bytes =
        "\u{feff}: comment\r\nevent: greeting\rdata: €豆腐\r\n\ndata\ndata\n\nid: 1\ndata: a\n\ndata:b\n\n";
    for byte in bytes.as_bytes() {
        stream.send(&[*byte]);
    }
    assert_eq!(suite.event(), event("greeting", "€豆腐", ""));
    assert_eq!(suite.event(), event("message", "\n", ""));
    assert_eq!(suite.event(), event("message", "a", "1"));
    assert_eq!(suite.event(), event("message", "b", "1"));
}

#[test]
fn a_stream_that_ended_is_continued_after_its_last_whole_event() {
    let mut suite = Suite::start();
    suite.create(json!({ "lastEventId": "0" }));
    let mut first = suite.connection().begin();
    assert_eq!(first.header("Last-Event-Id"), Some("0"));
    first.send(b"data: a\n\nid: 1\ndata: b\n\nid: 2\ndata: c\n");
    assert_eq!(suite.event(), event("message", "a", "0"));
    assert_eq!(suite.event(), event("message", "b", "1"));
    first.end();
    let mut second = suite.connection().begin();
    assert_eq!(second.header("Last-Event-Id"), Some("1"));
    second.send(b"data: d\n\nid: 3\ndata: e\n\nid\ndata: f\n\n");
    assert_eq!(suite.event(), event("message", "d", "1"));
    assert_eq!(suite.event(), event("message", "e", "3"));
    assert_eq!(suite.event(), event("message", "f", ""));
    second.end();
    assert_eq!(suite.connection().header("Last-Event-Id"), None);
}

#[test]
fn method_headers_and_body_are_those_of_the_request_each_time() {
    for method in ["POST", "REPORT"] {
        let suite = Suite::start();
        let headers = json!({ "content-type": "application/json", "x-one": "1" });
        suite.create(json!({ "method": method, "headers": headers, "body": "{\"a\": 1}" }));
        for _ in 0..2 {
            let stream = suite.connection().begin();
            assert!(stream.head.starts_with(&format!("{method} /stream ")));
            assert_eq!(stream.header("Content-Type"), Some("application/json"));
            assert_eq!((stream.header("X-One"), &*stream.body), (Some("1"), "{\"a\": 1}"));
            stream.end();
        }
    }
}

#[test]
fn a_silent_stream_is_an_error_and_replaced() {
    let mut suite = Suite::start();
    suite.create(json!({ "readTimeoutMs": 200 }));
    let mut stream = suite.connection().begin();
    stream.send(b"data: a\n\n");
    assert_eq!(suite.event(), event("message", "a", ""));
    suite.error();
    stream.until_left();
    suite.connection();
}

#[test]
fn what_is_no_event_stream_is_an_error_and_tried_again() {
    let mut suite = Suite::start();
    suite.create(json!({}));
    for response in [
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 301 Moved Permanently\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n",
        "",
    ] {
        let mut stream = suite.connection();
        assert!(stream.head.starts_with("GET /stream "));
        stream.send(response.as_bytes());
        stream.end();
        suite.error();
    }
    suite.connection();
}

#[test]
fn an_endless_line_is_an_error_and_the_stream_replaced() {
    let mut suite = Suite::start();
    suite.create(json!({}));
    let mut stream = suite.connection().begin();
    stream.send(b"data: a\n\ndata: ");
    stream.send(&vec![b'x'; MAX_LINE_BYTES]);
    assert_eq!(suite.event(), event("message", "a", ""));
    suite.error();
    suite.connection();
}

#[test]
fn the_wish_of_the_server_when_to_come_back_is_kept() {
    let wish = Duration::from_millis(300);
    let suite = Suite::start();
    suite.create(json!({}));
    let mut stream = suite.connection().begin();
    stream.send(b"retry: 300\n\n");
    let ended = Instant::now();
    stream.end();
    suite.connection();
    assert!(ended.elapsed() >= wish);
}

#[test]
fn a_restart_replaces_the_stream_and_is_no_error() {
    let mut suite = Suite::start();
    let resource = suite.create(json!({}));
    let mut first = suite.connection().begin();
    first.send(b"id: 1\ndata: a\n\n");
    assert_eq!(suite.event(), event("message", "a", "1"));
    assert_eq!(suite.post(&resource, &json!({ "command": "restart" })), 204);
    first.until_left();
    let mut second = suite.connection().begin();
    assert_eq!(second.header("Last-Event-Id"), Some("1"));
    second.send(b"data: b\n\n");
    assert_eq!(suite.event(), event("message", "b", "1"));
    assert_eq!(suite.post(&resource, &json!({ "command": "dance" })), 400);
}

#[test]
fn a_closed_stream_is_left_for_good() {
    let suite = Suite::start();
    let resource = suite.create(json!({}));
    let stream = suite.connection().begin();
    assert_eq!(suite.delete(&resource), 204);
    stream.until_left();
    assert_eq!(suite.delete(&resource), 404);
    assert_eq!(suite.post(&resource, &json!({ "command": "restart" })), 404);
}
