//! Connections that are made, filled, left unread and ended.

use futures_util::future::join_all;
use loggin_protocol::SecretKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::tests::{TestServer, demo_app, demo_key, token};

async fn exchange(server: &TestServer, request: &str) -> String {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    socket.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let server = TestServer::start().await;
    let many = "X-A: b\r\n".repeat(limits::HEADERS + 1);
    let long = format!("X-A: {}\r\n", "b".repeat(limits::HEAD_BYTES));
    for headers in [many, long] {
        let response = exchange(&server, &format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
        assert!(response.starts_with("HTTP/1.1 431 "), "{response}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_cut_off() {
    let server = TestServer::start().await;
    let response = exchange(&server, "\u{16}\u{3}\u{1} this looks like TLS\r\n\r\n").await;
    assert!(response.is_empty() || response.starts_with("HTTP/1.1 400 "), "{response}");
    assert_eq!(server.get("/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let server = TestServer::start().await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    idle.read_exact(&mut [0; 12]).await.unwrap();
    let mut fresh = TcpStream::connect(server.address).await.unwrap();
    fresh.write_all(b"GET /hea").await.unwrap();
    assert_eq!(server.get("/healthz").send().await.unwrap().status(), 200);
    server.stop.send_replace(true);
    server.serving.await.unwrap();
    idle.read_to_end(&mut Vec::new()).await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_nothing_before_its_stream() {
    let server = TestServer::start().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut socket = socket.connect(server.address).await.unwrap();
    let before = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(400);
    let body = serde_json::json!({ "tokens": [token(1).expose()] }).to_string();
    let length = body.len();
    let stream = format!(
        "POST /api/v1/tokens/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let (mut reading, mut writing) = socket.split();
    let mut responses = Vec::new();
    let write = async { writing.write_all((before + &stream).as_bytes()).await.unwrap() };
    let read = async {
        let mut part = [0; 1 << 10];
        while !responses.ends_with(b"\n\n\r\n") {
            let count = reading.read(&mut part).await.unwrap();
            assert_ne!(count, 0, "the stream was not begun");
            responses.extend_from_slice(&part[..count]);
        }
    };
    tokio::join!(write, read);
    let responses = String::from_utf8(responses).unwrap();
    assert_eq!(responses.matches("HTTP/1.1 200 OK").count(), 401);
    let document = server.get("/openapi.json").send().await.unwrap().text().await.unwrap();
    assert_eq!(responses.matches(&document).count(), 400);
}

/// Longer than anything here takes unless it never comes.
const NEVER: Duration = Duration::from_secs(20);

const DOCUMENT: &str = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";

/// A client that asks on and on, and never reads; ends once it is cut off.
async fn ask_without_reading(server: &TestServer) {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    while socket.write_all(DOCUMENT.as_bytes()).await.is_ok() {}
}

#[tokio::test]
async fn clients_that_do_not_read_are_cut_off() {
    let server = TestServer::start_bounded(|bounds| bounds.write_timeout = Duration::from_millis(100)).await;
    let clients = (0..20).map(|_| ask_without_reading(&server));
    tokio::time::timeout(NEVER, join_all(clients)).await.unwrap();
    assert_eq!(server.get("/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn clients_that_do_not_read_do_not_hold_up_the_end() {
    let server =
        TestServer::start_bounded(|bounds| bounds.stalled_at_stop = Duration::from_millis(100)).await;
    let server = Arc::new(server);
    let mut clients = JoinSet::new();
    for _ in 0..20 {
        let server = Arc::clone(&server);
        clients.spawn(async move { ask_without_reading(&server).await });
    }
    // By the time of its last response the others have been asking for a while.
    for _ in 0..50 {
        assert_eq!(server.get("/openapi.json").send().await.unwrap().status(), 200);
    }
    server.stop.send_replace(true);
    tokio::time::timeout(limits::SHUTDOWN / 2, clients.join_all()).await.unwrap();
    let server = Arc::into_inner(server).unwrap();
    tokio::time::timeout(limits::SHUTDOWN / 2, server.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_slow_reader_gets_all_of_what_is_the_last() {
    let server = TestServer::start().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut socket = socket.connect(server.address).await.unwrap();
    let (mut reading, mut writing) = socket.split();
    let last = DOCUMENT.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let requests = DOCUMENT.repeat(300) + &last;
    let mut responses = Vec::new();
    let write = async { writing.write_all(requests.as_bytes()).await.unwrap() };
    let ((), read) = tokio::join!(write, reading.read_to_end(&mut responses));
    read.unwrap();
    let document = server.get("/openapi.json").send().await.unwrap().text().await.unwrap();
    assert_eq!(String::from_utf8(responses).unwrap().matches(&document).count(), 301);
}

/// A connection that was accepted and says nothing.
async fn idle(server: &TestServer) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    // Answered, so it has its place.
    socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    socket.read_exact(&mut [0; 12]).await.unwrap();
    socket
}

async fn status(server: &TestServer, request: &str) -> String {
    let response = exchange(server, request).await;
    let (head, _) = response.split_once("\r\n\r\n").unwrap_or_default();
    let is_last = head.contains("connection: close");
    let retry = head.contains("retry-after: ");
    format!("{} {is_last} {retry}", head.get(9..12).unwrap_or_default())
}

fn webhook_request() -> String {
    let body = crate::tests::webhook(&[]).to_string();
    let signature = crate::tests::sign(body.as_bytes());
    format!(
        "POST /webhooks/whatsapp HTTP/1.1\r\nHost: a\r\nX-Hub-Signature-256: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_full_server_still_takes_webhooks_and_tells_its_health() {
    let server = TestServer::start_bounded(|bounds| {
        bounds.connections = 2;
        bounds.per_address = 8;
        bounds.reserved = 1;
    })
    .await;
    let _held = [idle(&server).await, idle(&server).await];
    assert_eq!(status(&server, &webhook_request()).await, "200 true false");
    assert_eq!(status(&server, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await, "200 true false");
    assert_eq!(status(&server, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n").await, "200 true false");
    assert_eq!(status(&server, DOCUMENT).await, "503 true true");
    assert_eq!(status(&server, "GET /l/rubbish HTTP/1.1\r\nHost: a\r\n\r\n").await, "503 true true");
    let call = "POST /api/v1/tokens/verify HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\nContent-Length: 0\r\n\r\n";
    let refused = exchange(&server, call).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("access-control-allow-origin: https://a.example"), "{refused}");
}

#[tokio::test]
async fn a_kept_place_is_not_for_who_says_nothing() {
    let server = TestServer::start_bounded(|bounds| {
        bounds.connections = 1;
        bounds.per_address = 8;
        bounds.reserved = 1;
        bounds.reserved_header_timeout = Duration::from_millis(50);
    })
    .await;
    let _held = idle(&server).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    // It is accepted once the other has gone.
    assert_eq!(status(&server, &webhook_request()).await, "200 true false");
    assert_eq!(silent.read_to_end(&mut Vec::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let server = TestServer::start_bounded(|bounds| {
        bounds.per_address = 2;
        bounds.reserved_per_address = 1;
    })
    .await;
    let _held = [idle(&server).await, idle(&server).await];
    assert_eq!(status(&server, DOCUMENT).await, "429 true true");
    assert_eq!(status(&server, &webhook_request()).await, "200 true false");
    let mut waiting = TcpStream::connect(server.address).await.unwrap();
    waiting.write_all(b"GET /hea").await.unwrap();
    // Beyond that it is closed without a response.
    let mut closed = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(closed.read_to_end(&mut Vec::new()).await.unwrap_or_default(), 0);
}

/// Sends a head, then all of a body that nobody wants, and only then looks for the response.
async fn sent_in_vain(server: &TestServer, head: &str, bytes: usize) -> String {
    let head = format!(
        "{head}Host: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n"
    );
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&vec![b' '; bytes]).await.unwrap();
    let mut response = String::new();
    socket.read_to_string(&mut response).await.unwrap();
    response.get(9..12).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn who_is_refused_before_its_body_was_read_learns_why() {
    let server = TestServer::start().await;
    let events = "POST /api/v1/tokens/events HTTP/1.1\r\n";
    let wrong =
        format!("{events}X-Api-Key: {}\r\n", SecretKey::from_secret(demo_app().app_key, [9; 20]).expose());
    let right = format!("{events}X-Api-Key: {}\r\n", demo_key().expose());
    let unsigned = "POST /webhooks/whatsapp HTTP/1.1\r\nX-Hub-Signature-256: sha256=00\r\n";
    let signed =
        format!("POST /webhooks/whatsapp HTTP/1.1\r\nX-Hub-Signature-256: {}\r\n", crate::tests::sign(b""));
    for (head, bytes, expected) in [
        (&*wrong, limits::EVENTS_BODY, "401"),
        (&*right, limits::EVENTS_BODY, "400"),
        (&*right, 8 << 20, "413"),
        (events, 8 << 20, "413"),
        (unsigned, limits::WEBHOOK_BODY, "401"),
        (&*signed, 8 << 20, "413"),
        ("POST /none HTTP/1.1\r\n", 8 << 20, "404"),
    ] {
        assert_eq!(sent_in_vain(&server, head, bytes).await, expected, "{head} {bytes}");
    }
}

/// The same, without a byte of the body.
#[tokio::test]
async fn a_head_is_enough_to_be_refused() {
    let server = TestServer::start().await;
    let key = SecretKey::from_secret(demo_app().app_key, [9; 20]).expose();
    let large = "Content-Type: application/json\r\nContent-Length: 8000000\r\n";
    for (head, expected) in [
        (
            format!(
                "POST /api/v1/tokens/events HTTP/1.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
            ),
            "401",
        ),
        (
            format!(
                "POST /api/v1/tokens/verify HTTP/1.1\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
            ),
            "401",
        ),
        (
            format!(
                "POST /api/v1/tokens/confirm HTTP/1.1\r\nX-Api-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
            ),
            "401",
        ),
        (
            format!(
                "POST /api/v1/auth/start HTTP/1.1\r\nX-Api-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
            ),
            "401",
        ),
        (
            format!(
                "POST /api/v1/auth/verify HTTP/1.1\r\nX-Api-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
            ),
            "401",
        ),
        (format!("POST /api/v1/tokens/events HTTP/1.1\r\n{large}"), "413"),
        ("POST /webhooks/whatsapp HTTP/1.1\r\nContent-Length: 1000\r\n".to_owned(), "401"),
        (
            format!(
                "POST /webhooks/whatsapp HTTP/1.1\r\nX-Hub-Signature-256: {}\r\n{large}",
                crate::tests::sign(b"")
            ),
            "413",
        ),
    ] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(format!("{head}Host: a\r\n\r\n").as_bytes()).await.unwrap();
        let mut status = [0; 12];
        socket.read_exact(&mut status).await.unwrap();
        assert_eq!(std::str::from_utf8(&status[9..]).unwrap(), expected, "{head}");
    }
}
