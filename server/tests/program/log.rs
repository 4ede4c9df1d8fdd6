//! Who reads the log may stall, be slow or go: the server serves and ends all the same.

use std::{
    io::{BufRead, BufReader, Read},
    process::{ChildStderr, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Running, metrics::Collected};

/// Calls, each with a line: more than the 16,384 that wait for a reader, and a pipe, hold together.
const CALLS: usize = 20_000;

/// What Docker leaves a program to end in.
const TIME_TO_END: Duration = Duration::from_secs(10);

/// The log of a server, as a pipe.
pub(crate) type Log = BufReader<ChildStderr>;

/// A server whose log is a pipe in JSON, with the line that it starts with, and what comes after it.
pub(crate) fn piped(settings: &[(&str, &str)]) -> (Running, Log, Value) {
    let settings = [settings, &[("LOGGIN_LOG_FORMAT", "json")]].concat();
    let mut server = Running::start_in(tempfile::tempdir().unwrap(), &settings, &[], Stdio::piped());
    let mut log = BufReader::new(server.child.stderr.take().unwrap());
    let is_start = |line: &Value| line["fields"]["message"] == "starting";
    let start = std::iter::repeat_with(|| line(&mut log)).find(is_start).unwrap();
    (server, log, start)
}

fn line(log: &mut Log) -> Value {
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

/// Makes so many calls on one connection without waiting in between; each gets its response.
async fn call(server: &Running, count: usize) {
    let mut socket = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
    let calls = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".repeat(count - 1)
        + "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let (mut reading, mut writing) = socket.split();
    let mut responses = String::new();
    let write = async { writing.write_all(calls.as_bytes()).await.unwrap() };
    let read = async { reading.read_to_string(&mut responses).await.unwrap() };
    tokio::join!(write, read);
    assert_eq!(responses.matches("HTTP/1.1 200 OK").count(), count);
}

/// Ends a server, in time.
pub(crate) fn end(mut server: Running) {
    server.terminate();
    let told = Instant::now();
    assert!(server.child.wait().unwrap().success());
    assert!(told.elapsed() < TIME_TO_END, "{:?}", told.elapsed());
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_neither_calls_nor_the_end() {
    let (server, unread, start) = piped(&[]);
    call(&server, CALLS).await;
    let dropped = Collected::from(&server, &start).await.value("loggin_log_lines_dropped_total");
    assert!(dropped > 0);
    end(server);
    drop(unread);
}

#[tokio::test]
async fn a_log_that_is_read_slowly_tells_what_it_lost() {
    let (server, mut log, start) = piped(&[]);
    for _ in 0..20 {
        call(&server, CALLS / 16).await;
        for _ in 0..10 {
            line(&mut log);
        }
    }
    let dropped = Collected::from(&server, &start).await.value("loggin_log_lines_dropped_total");
    assert!(dropped > 0);
    // From here on somebody reads as fast as they can.
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).map(|_| text).unwrap()
    });
    end(server);
    let lines: Vec<Value> =
        reading.join().unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: u64 = lines.iter().filter_map(|line| line["fields"]["lines"].as_u64()).sum();
    assert!(told > 0, "nothing was told of lines that were dropped");
    let last = lines.iter().rev().find_map(|line| line["fields"]["message"].as_str()?.strip_prefix("stopp"));
    assert_eq!(last, Some("ed"), "the end of the log was not flushed");
}

#[tokio::test]
async fn a_log_whose_reader_goes_is_no_reason_to_end() {
    let (server, log, start) = piped(&[]);
    drop(log);
    call(&server, 9).await;
    // The log's own thread finds out; here it is asked until it has.
    let is_counted = async {
        while Collected::from(&server, &start).await.value("loggin_log_lines_dropped_total") == 0 {}
    };
    tokio::time::timeout(TIME_TO_END, is_counted).await.expect("lines that nobody reads are counted");
    end(server);
}

#[tokio::test]
async fn a_server_begins_with_what_it_was_told_and_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    assert!(super::test_number(folder.path(), &["add", "+15550001111", "--code", "123456"]).status.success());
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let settings = [
        ("LOGGIN_LOG_FORMAT", "json"),
        ("LOGGIN_PUBLIC_URL", "http://login.example"),
        ("LOGGIN_TRUSTED_PROXIES", "10.0.0.0/8"),
        ("LOGGIN_LISTN", "5ecret"),
        ("WHATSAPP_OTP_TEMPLAT", "5ecret"),
        // An SDK's own, which may stand there.
        ("LOGGIN_SECRET_KEY", "5ecret"),
    ];
    let server = Running::start_in(folder, &settings, &[], log.into());
    let (status, log) = server.stop();
    assert!(status.success());
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let fields: Vec<&Value> = lines.iter().map(|line| &line["fields"]).collect();
    let start = fields.iter().find(|fields| fields["message"] == "starting").unwrap();
    for (field, value) in [
        ("version", env!("CARGO_PKG_VERSION")),
        ("public_url", "http://login.example/"),
        ("trusted_proxies", "10.0.0.0/8"),
        ("database", "sqlite"),
        ("phone_number_id", "200000000000002"),
        ("graph_url", "http://127.0.0.1:9/v26.0"),
        ("otp_template", "verification_code"),
    ] {
        assert_eq!(start[field], value, "{field}");
    }
    assert_eq!((&start["app_secrets"], &start["otp_secrets"]), (&2.into(), &2.into()));
    let misspelt: Vec<_> =
        fields.iter().filter_map(|line| Some((line["name"].as_str()?, line["nearest"].as_str()?))).collect();
    let expected = [("LOGGIN_LISTN", "LOGGIN_LISTEN"), ("WHATSAPP_OTP_TEMPLAT", "WHATSAPP_OTP_TEMPLATE")];
    assert_eq!(misspelt, expected);
    let doubtful: Vec<_> = fields.iter().filter_map(|line| line["setting"].as_str()).collect();
    assert_eq!(doubtful, ["WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"]);
    assert_eq!(fields.iter().find_map(|line| line["numbers"].as_u64()), Some(1));

    for secret in super::SECRETS.iter().chain(&["5ecret", "15550001111", "123456"]) {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_call_that_hangs_does_not_hold_up_the_end() {
    let (server, log, _) = piped(&[]);
    let mut socket = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST /webhooks/whatsapp HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\
         X-Hub-Signature-256: sha256={}\r\n\r\n",
        "0".repeat(64)
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    // Once this comes, the handler waits for the body, of which nothing follows.
    let mut response = [0; "HTTP/1.1 100".len()];
    socket.read_exact(&mut response).await.unwrap();
    assert_eq!(&response, b"HTTP/1.1 100");
    end(server);
    drop(log);
}
