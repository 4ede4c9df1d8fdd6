//! Servers that speak TLS: whom a client trusts, whom not and why, and streams over it.

use std::{collections::HashMap, fs, io::Write, net::TcpListener, thread, time::Duration};

use loggin::{Cause, ErrorCode, Loggin, LogginBuilder};
use rustls::HandshakeKind;

use crate::{
    authority::{Authority, NOW, TlsServer, Years},
    fixture::{Server, TIMEOUT, begin_stream, hold, respond_json, verify_all},
    login,
};

fn pending_server() -> Server {
    Server::start(|_, request, stream| {
        if request.head.contains("text/event-stream") {
            begin_stream(stream);
            verify_all(request, stream);
        } else {
            respond_json(stream, "200 OK", r#"{"status":"pending"}"#);
        }
    })
}

/// A client with no environment but this one.
fn to(server: &TlsServer, environment: &[(&str, &str)]) -> LogginBuilder {
    let environment: HashMap<_, _> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Loggin::builder().base_url(server.url()).max_retries(0).environment(environment)
}

fn cause_of_a_call(client: &Loggin) -> Option<Cause> {
    let error = client.verify_token(login(client).token).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Connection);
    error.cause()
}

#[test]
fn a_private_authority_is_trusted_where_it_is_named() {
    let (authority, behind) = (Authority::new(), pending_server());
    let server = TlsServer::start(&authority.issue("localhost", NOW), None, behind.address);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, Authority::new().pem() + &authority.pem()).unwrap();
    let (file, folder) = (file.to_str().unwrap(), folder.path().to_str().unwrap());
    for builder in [
        to(&server, &[]).ca_pem(authority.pem()),
        to(&server, &[]).ca_file(file),
        to(&server, &[("SSL_CERT_FILE", file)]),
        to(&server, &[("SSL_CERT_DIR", folder)]),
    ] {
        let client = builder.build().unwrap();
        assert_eq!(client.verify_token(login(&client).token), Ok(None));
        client.wait_for_verify(login(&client).token).unwrap();
    }
}

#[test]
fn a_certificate_that_is_not_good_says_why() {
    let (authority, behind) = (Authority::new(), pending_server());
    let trusted = authority.pem();
    let cases: [(&str, Years, &str, Cause); 4] = [
        ("localhost", (2020, 2021), &trusted, Cause::TlsExpired),
        ("localhost", (2199, 2200), &trusted, Cause::TlsNotYetValid),
        ("elsewhere.example", NOW, &trusted, Cause::TlsName),
        ("localhost", NOW, &Authority::new().pem(), Cause::TlsUnknownIssuer),
    ];
    for (name, years, trusted, cause) in cases {
        let server = TlsServer::start(&authority.issue(name, years), None, behind.address);
        let client = to(&server, &[]).ca_pem(trusted).build().unwrap();
        assert_eq!(cause_of_a_call(&client), Some(cause));
        let wait = client.start_wait(login(&client).token, Some(Duration::from_millis(300)));
        let error = wait.wait().unwrap_err();
        assert_eq!((error.code(), error.cause()), (ErrorCode::Timeout, Some(cause)));
    }
    assert!(behind.requests().is_empty(), "nothing was told to a server that is not trusted");
}

/// Connections are taken, and told something or nothing.
fn listener(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(answer);
            held.push(stream);
        }
    });
    url
}

#[test]
fn a_server_that_says_nothing_in_the_handshake() {
    let client = Loggin::builder().base_url(listener(b"")).build().unwrap();
    let wait = client.start_wait(login(&client).token, Some(Duration::from_millis(300)));
    let error = wait.wait().unwrap_err();
    assert_eq!((error.code(), error.cause()), (ErrorCode::Timeout, Some(Cause::Timeout)));
}

#[test]
fn a_server_that_does_not_speak_tls() {
    let url = listener(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let client = Loggin::builder().base_url(url).max_retries(0).build().unwrap();
    assert_eq!(cause_of_a_call(&client), Some(Cause::Tls));
}

#[test]
fn a_client_shows_its_certificate_where_it_is_asked_for() {
    let (authority, behind) = (Authority::new(), pending_server());
    let server = TlsServer::start(&authority.issue("localhost", NOW), Some(&authority), behind.address);
    let identity = authority.issue("app.example", NOW);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.pem");
    fs::write(&file, &identity).unwrap();
    for builder in
        [to(&server, &[]).client_cert_pem(identity.as_str()), to(&server, &[]).client_cert_file(&file)]
    {
        let client = builder.ca_pem(authority.pem()).build().unwrap();
        assert_eq!(client.verify_token(login(&client).token), Ok(None));
    }
    let client = to(&server, &[]).ca_pem(authority.pem()).build().unwrap();
    assert_eq!(cause_of_a_call(&client), Some(Cause::TlsClientCertificate));
    let strange = Authority::new().issue("app.example", NOW);
    let client = to(&server, &[]).ca_pem(authority.pem()).client_cert_pem(strange).build().unwrap();
    assert_eq!(cause_of_a_call(&client), Some(Cause::TlsClientCertificate));
}

#[test]
fn later_connections_resume_the_session_of_the_first() {
    let (authority, behind) = (Authority::new(), pending_server());
    let server = TlsServer::start(&authority.issue("localhost", NOW), None, behind.address);
    let client = to(&server, &[]).ca_pem(authority.pem()).build().unwrap();
    let mut kinds = Vec::new();
    for _ in 0..3 {
        client.wait_for_verify(login(&client).token).unwrap();
        kinds.push(server.handshakes.recv_timeout(TIMEOUT).unwrap());
    }
    assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed]);
}

#[test]
fn closing_hangs_up_a_stream_over_tls() {
    let authority = Authority::new();
    let behind = Server::start(|_, _, stream| {
        begin_stream(stream);
        hold(stream);
    });
    let server = TlsServer::start(&authority.issue("localhost", NOW), None, behind.address);
    let client = to(&server, &[]).ca_pem(authority.pem()).build().unwrap();
    let wait = client.start_wait(login(&client).token, None);
    behind.until_requests(1);
    client.close();
    assert_eq!(wait.wait().unwrap_err().code(), ErrorCode::Closed);
    behind.until_hung_up(0);
}

#[test]
fn malformed_options_are_refused_and_malformed_variables_are_not() {
    let authority = Authority::new();
    let (one, other) = (authority.issue("a.example", NOW), authority.issue("b.example", NOW));
    let key_of = |pem: &str| pem[pem.find("-----BEGIN PRIVATE KEY-----").unwrap()..].to_owned();
    let mismatched = one.replace(&key_of(&one), &key_of(&other));
    let builder = || Loggin::builder().base_url("https://login.example");
    for builder in [
        builder().ca_pem("no certificates"),
        builder().ca_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        builder().ca_file("/no/such/file"),
        builder().client_cert_pem(authority.pem()),
        builder().client_cert_pem(mismatched),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidConfig);
        assert!(!error.to_string().contains("/no/such"), "{error}");
    }
    let environment = [("SSL_CERT_FILE", "/no/such/file"), ("SSL_CERT_DIR", "/no/such/folder")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    builder().environment(environment.into()).build().unwrap();
}
