//! Handshakes, certificates that are exchanged, and calls over both versions of HTTP.

use std::{
    future::poll_fn,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
    time::SystemTime,
};

use axum::{body::Body, http::Request};
use hyper::{
    body::{Body as _, Incoming},
    client::conn::http2,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{certificate::Look, *};
use crate::tests::{ManualClock, TestServer, sign, text_message, token, webhook};

/// The name that certificates are for.
const NAME: &str = "login.example";

/// A folder with a certificate and its key, as whatever renews them writes them.
struct Renewed {
    folder: TempDir,
    clock: Arc<ManualClock>,
}

/// A certificate and its key, in PEM.
struct Made {
    certificate: String,
    key: String,
    der: CertificateDer<'static>,
}

/// A certificate that ends so many days after the manual clock began.
fn made(days: u64) -> Made {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    let end = SystemTime::from(crate::tests::START) + Duration::from_secs(days * 24 * 3_600);
    params.not_after = end.into();
    let certificate = params.self_signed(&key).unwrap();
    Made { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().clone() }
}

impl Renewed {
    fn new(made: &Made) -> Self {
        let renewed = Self { folder: tempfile::tempdir().unwrap(), clock: ManualClock::new() };
        renewed.write(&made.certificate, &made.key);
        renewed
    }

    fn files(&self) -> TlsFiles {
        TlsFiles { certificate: self.path("cert.pem"), key: self.path("key.pem") }
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::join(self.folder.path(), name)
    }

    fn write(&self, certificate: &str, key: &str) {
        std::fs::write(self.path("cert.pem"), certificate).unwrap();
        std::fs::write(self.path("key.pem"), key).unwrap();
    }

    fn load(&self) -> Result<Arc<Tls>, PairError> {
        Tls::load(self.files(), Arc::clone(&self.clock) as Arc<dyn Clock>).map(Arc::new)
    }
}

/// Connects as a client that believes this certificate, and offers these protocols.
async fn connect(
    server: &TestServer,
    believed: &Made,
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    connect_to(server.address, believed, protocols).await
}

async fn connect_to(
    address: SocketAddr,
    believed: &Made,
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(believed.der.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config.time_provider = Arc::new(AtStart);
    let socket = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(NAME).unwrap(), socket).await
}

/// The client's clock.
#[derive(Debug)]
struct AtStart;

impl rustls::time_provider::TimeProvider for AtStart {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let since = Duration::from_millis(crate::tests::START.0.unsigned_abs());
        Some(rustls::pki_types::UnixTime::since_unix_epoch(since))
    }
}

async fn exchange(stream: &mut TlsStream<TcpStream>, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

fn signed_webhook(text: &str) -> (String, String) {
    let body = webhook(&[text_message(text, &serde_json::json!({}))]).to_string();
    let signature = sign(body.as_bytes());
    (body, signature)
}

#[tokio::test]
async fn a_call_is_answered_and_a_stranger_to_tls_is_not() {
    let made = made(90);
    let server = TestServer::start_tls(Renewed::new(&made).load().unwrap(), |_| {}).await;
    let mut stream = connect(&server, &made, &[HTTP_1_1]).await.unwrap();
    assert!(exchange(&mut stream, HEALTH).await.starts_with("HTTP/1.1 200 OK\r\n"));
    // Who believes another certificate does not go on.
    assert!(connect(&server, &tests::made(90), &[HTTP_1_1]).await.is_err());
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(HEALTH.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    let _ = plain.read_to_end(&mut response).await;
    // An alert of TLS, and no HTTP.
    assert!(response.first().is_none_or(|byte| *byte == 21), "{response:?}");
}

#[tokio::test]
async fn an_event_stream_comes_over_tls_event_by_event_and_ends_properly() {
    let made = made(90);
    let server = TestServer::start_tls(Renewed::new(&made).load().unwrap(), |_| {}).await;
    let body = serde_json::json!({ "tokens": [token(1).expose()] }).to_string();
    let request = format!(
        "POST /api/v1/tokens/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = connect(&server, &made, &[HTTP_1_1]).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    while !text.contains("event: ready") {
        text.push(char::from(stream.read_u8().await.unwrap()));
    }
    let (body, signature) = signed_webhook(&format!("Code: {}", token(1).code().expose()));
    let call = format!(
        "POST /webhooks/whatsapp HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Hub-Signature-256: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut other = connect(&server, &made, &[HTTP_1_1]).await.unwrap();
    assert!(exchange(&mut other, &call).await.starts_with("HTTP/1.1 200 OK\r\n"));
    // With the notice that closes TLS, or this would be an error.
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.contains("event: verified") && text.ends_with("\r\n0\r\n\r\n"), "{text}");
}

/// A connection of HTTP/2.
async fn http2(server: &TestServer, made: &Made) -> http2::SendRequest<Body> {
    let stream = connect(server, made, &[HTTP_2, HTTP_1_1]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(HTTP_2));
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn post(path: &str, headers: &[(&str, &str)], body: String) -> Request<Body> {
    let mut request = Request::post(format!("https://{NAME}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.header("content-type", "application/json").body(Body::from(body)).unwrap()
}

/// The next data of a body; `None` at its end.
async fn data(body: &mut Incoming) -> Option<Result<String, hyper::Error>> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        match frame.map(|frame| String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()) {
            // What says that nothing follows.
            Ok(text) if text.is_empty() => {}
            data => return Some(data),
        }
    }
}

#[tokio::test]
async fn calls_and_waits_share_a_connection_of_http2() {
    let made = made(90);
    let server = TestServer::start_tls(Renewed::new(&made).load().unwrap(), |_| {}).await;
    let mut client = http2(&server, &made).await;
    let tokens = |number| serde_json::json!({ "tokens": [token(number).expose()] }).to_string();
    let (first, second) =
        (post("/api/v1/tokens/events", &[], tokens(1)), post("/api/v1/tokens/events", &[], tokens(2)));
    let mut first = client.send_request(first).await.unwrap();
    let mut second = client.send_request(second).await.unwrap();
    assert_eq!((first.status().as_u16(), first.version()), (200, axum::http::Version::HTTP_2));
    assert_eq!(first.headers()["content-type"], "text/event-stream");
    for stream in [&mut first, &mut second] {
        assert!(data(stream.body_mut()).await.unwrap().unwrap().starts_with("event: ready\n"));
    }
    let (body, signature) = signed_webhook(&format!("Code: {}", token(1).code().expose()));
    let call = post("/webhooks/whatsapp", &[("x-hub-signature-256", &signature)], body);
    assert_eq!(client.send_request(call).await.unwrap().status(), 200);
    assert!(data(first.body_mut()).await.unwrap().unwrap().contains("event: verified\n"));
    assert!(data(first.body_mut()).await.is_none());
    // The other is told when to come back, and ends too.
    server.stop.send_replace(true);
    assert!(data(second.body_mut()).await.unwrap().unwrap().starts_with("retry: "));
    assert!(data(second.body_mut()).await.is_none());
    server.serving.await.unwrap();
}

#[tokio::test]
async fn a_wait_over_http2_whose_client_has_gone_is_forgotten() {
    let made = made(90);
    let server = TestServer::start_tls(Renewed::new(&made).load().unwrap(), |_| {}).await;
    let mut client = http2(&server, &made).await;
    let body = serde_json::json!({ "tokens": [token(1).expose()] }).to_string();
    let mut response = client.send_request(post("/api/v1/tokens/events", &[], body)).await.unwrap();
    assert!(data(response.body_mut()).await.unwrap().is_ok());
    let slots = Arc::strong_count(&server.server);
    drop(response);
    // The task of the wait held the server.
    while Arc::strong_count(&server.server) >= slots {
        tokio::task::yield_now().await;
    }
    let health = Request::get(format!("https://{NAME}/healthz")).body(Body::empty()).unwrap();
    assert_eq!(client.send_request(health).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_client_of_http2_that_takes_nothing_is_cut_off() {
    let made = made(90);
    let tls = Renewed::new(&made).load().unwrap();
    let server = TestServer::start_tls(tls, |bounds| bounds.write_timeout = Duration::from_millis(50)).await;
    let stream = connect(&server, &made, &[HTTP_2]).await.unwrap();
    // It lets the server send three bytes of each response.
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(3);
    let (mut client, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let tokens: Vec<String> = (1..=20).map(|number| token(number).expose()).collect();
    let body = serde_json::json!({ "tokens": tokens }).to_string();
    let before = Arc::strong_count(&server.server);
    let mut response = client.send_request(post("/api/v1/tokens/events", &[], body)).await.unwrap();
    for number in 1..=20 {
        let text = format!("Code: {}", token(number).code().expose());
        let (body, signature) = signed_webhook(&text);
        let call = post("/webhooks/whatsapp", &[("x-hub-signature-256", &signature)], body);
        assert_eq!(client.send_request(call).await.unwrap().status(), 200);
    }
    while Arc::strong_count(&server.server) > before {
        tokio::task::yield_now().await;
    }
    // What follows the end of patience is no proper end.
    let last = loop {
        match data(response.body_mut()).await {
            Some(Ok(_)) => {}
            other => break other,
        }
    };
    assert!(last.is_some_and(|part| part.is_err()));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_not_waited_for_to_the_end() {
    let made = made(90);
    let tls = Renewed::new(&made).load().unwrap();
    let server = TestServer::start_tls(Arc::clone(&tls), |bounds| {
        bounds.write_timeout = Duration::from_millis(100);
    })
    .await;
    let mut deaf = connect(&server, &made, &[HTTP_1_1]).await.unwrap();
    while deaf.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n").await.is_ok() {}
}

#[tokio::test]
async fn the_word_that_closes_tls_is_not_waited_for_to_the_end() {
    let made = made(90);
    let tls = Renewed::new(&made).load().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepting = async {
        let (socket, _) = listener.accept().await.unwrap();
        tls.accept(socket, false, limits::HANDSHAKE_TIMEOUT).await.unwrap()
    };
    let (deaf, mut transport) = tokio::join!(connect_to(address, &made, &[HTTP_1_1]), accepting);
    // Until the system of its client takes no more.
    let mut fill = |context: &mut Context<'_>| Pin::new(&mut transport).poll_write(context, &[0; 8 << 10]);
    while poll_fn(|context| Poll::Ready(fill(context).is_ready())).await {}
    timeout(limits::CLOSE_TIMEOUT * 5, transport.close()).await.unwrap();
    drop(deaf);
}

#[tokio::test]
async fn whoever_shakes_hands_slowly_holds_up_nobody() {
    let made = made(90);
    let tls = Renewed::new(&made).load().unwrap();
    let server =
        TestServer::start_tls(tls, |bounds| bounds.handshake_timeout = Duration::from_millis(100)).await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        // The beginning of a handshake's first record.
        socket.write_all(&[22, 3, 1, 2]).await.unwrap();
        silent.push(socket);
    }
    let mut stream = connect(&server, &made, &[HTTP_1_1]).await.unwrap();
    assert!(exchange(&mut stream, HEALTH).await.starts_with("HTTP/1.1 200 OK\r\n"));
    for mut socket in silent {
        assert_eq!(socket.read(&mut [0; 1]).await.unwrap_or(0), 0);
    }
}

#[tokio::test]
async fn who_is_in_the_middle_of_a_handshake_does_not_hold_up_the_end() {
    let server = TestServer::start_tls(Renewed::new(&made(90)).load().unwrap(), |_| {}).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(&[22, 3, 1, 2]).await.unwrap();
    server.stop.send_replace(true);
    timeout(limits::SHUTDOWN / 2, server.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_full_server_takes_webhooks_over_tls_too() {
    let made = made(90);
    let server = TestServer::start_tls(Renewed::new(&made).load().unwrap(), |bounds| {
        bounds.connections = 1;
        bounds.reserved = 1;
    })
    .await;
    let mut held = http2(&server, &made).await;
    let health = Request::get(format!("https://{NAME}/healthz")).body(Body::empty()).unwrap();
    assert_eq!(held.send_request(health).await.unwrap().status(), 200);
    // On a kept place there is HTTP/1.1 alone, for one call.
    let mut stream = connect(&server, &made, &[HTTP_2, HTTP_1_1]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(HTTP_1_1));
    let request = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
    let refused = exchange(&mut stream, request).await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("connection: close"), "{refused}");
}

#[tokio::test]
async fn a_newer_certificate_is_taken_and_a_broken_one_is_not() {
    let (old, new) = (made(90), made(180));
    let renewed = Renewed::new(&old);
    let tls = renewed.load().unwrap();
    let server = TestServer::start_tls(Arc::clone(&tls), |_| {}).await;
    assert_eq!(tls.certificate.look(), Look::Same);
    // Half of a pair, each way; a file that is being written; none.
    let half_written = &new.certificate[..new.certificate.len() / 2];
    for (certificate, key) in [
        (&*new.certificate, &*old.key),
        (&*old.certificate, &*new.key),
        (half_written, &*new.key),
        ("", ""),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &*new.key),
    ] {
        renewed.write(certificate, key);
        assert_eq!((tls.certificate.look(), tls.certificate.look()), (Look::Kept, Look::Same));
        assert!(connect(&server, &old, &[HTTP_1_1]).await.is_ok());
    }
    std::fs::remove_file(renewed.path("key.pem")).unwrap();
    assert_eq!((tls.certificate.look(), tls.certificate.look()), (Look::Kept, Look::Same));
    // A connection that is there goes on.
    let mut before = connect(&server, &old, &[HTTP_1_1]).await.unwrap();
    renewed.write(&new.certificate, &new.key);
    assert_eq!((tls.certificate.look(), tls.certificate.look()), (Look::Exchanged, Look::Same));
    assert!(connect(&server, &old, &[HTTP_1_1]).await.is_err());
    let mut after = connect(&server, &new, &[HTTP_1_1]).await.unwrap();
    for stream in [&mut before, &mut after] {
        assert!(exchange(stream, HEALTH).await.starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn a_pair_that_makes_no_sense_stops_the_start() {
    let (one, other) = (made(90), made(90));
    let renewed = Renewed::new(&one);
    let error = |certificate: &str, key: &str| {
        renewed.write(certificate, key);
        renewed.load().unwrap_err()
    };
    assert!(matches!(error(&one.certificate, &other.key), PairError::KeyOfAnother));
    assert!(matches!(error("", &one.key), PairError::NoCertificate));
    assert!(matches!(error(&one.certificate, ""), PairError::NoKey));
    assert!(matches!(error(&one.certificate, &one.certificate), PairError::NoKey));
    std::fs::remove_file(renewed.path("key.pem")).unwrap();
    assert!(matches!(renewed.load().unwrap_err(), PairError::KeyFile(_)));
    std::fs::remove_file(renewed.path("cert.pem")).unwrap();
    assert!(matches!(renewed.load().unwrap_err(), PairError::CertificateFile(_)));
}

#[test]
fn a_certificate_that_is_about_to_end_is_told_of_once_a_day() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let renewed = Renewed::new(&made(15));
    let tls = renewed.load().unwrap();
    let told = |hours: u32| {
        renewed.clock.advance(HOUR * hours);
        tls.certificate.look();
        tls.certificate.warned()
    };
    assert_eq!(told(23), None);
    let first = told(2);
    assert!(first.is_some());
    assert_eq!(told(23), first);
    let second = told(1);
    assert!(second > first);
    // After its end too.
    assert!(told(24 * 30) > second);
    let new = made(90);
    renewed.write(&new.certificate, &new.key);
    assert_eq!(told(0), None);
}
