//! Why a server is not reached: what errors, waits and the client's state tell of it.

use std::{
    error::Error as _,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    thread,
    time::{Duration, Instant, SystemTime},
};

use loggin::{Cause, Error, ErrorCode, Loggin};

use crate::{
    client,
    fixture::{Server, TIMEOUT, begin_stream, hold, respond, respond_json, verify_all},
    login,
};

/// Long enough for a connection on this machine to fail, or to be made.
const SHORT: Duration = Duration::from_millis(300);

fn to(url: &str) -> Loggin {
    Loggin::builder().base_url(url).allow_insecure_http(true).max_retries(0).build().unwrap()
}

fn of_a_call(client: &Loggin) -> Error {
    client.verify_token(login(client).token).unwrap_err()
}

fn of_a_wait(client: &Loggin) -> Error {
    client.start_wait(login(client).token, Some(SHORT)).wait().unwrap_err()
}

/// Waits for what another thread is about to do.
fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < TIMEOUT, "it never came");
        thread::yield_now();
    }
}

/// An address at which nothing listens.
fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A proxy that answers every CONNECT with this status.
fn refusing_proxy(status: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        }
    });
    address
}

#[test]
fn a_server_that_is_not_there() {
    for (url, cause) in [
        (format!("http://{}", nowhere()), Cause::Refused),
        ("http://no-such-host.invalid".to_owned(), Cause::Dns),
    ] {
        let client = to(&url);
        let error = of_a_call(&client);
        assert_eq!((error.code(), error.cause()), (ErrorCode::Connection, Some(cause)));
        assert_eq!(error.source().unwrap().to_string(), cause.to_string());
        let error = of_a_wait(&client);
        assert_eq!((error.code(), error.cause()), (ErrorCode::Timeout, Some(cause)), "{url}");
    }
}

#[test]
fn an_answer_that_is_of_somebody_else() {
    let page = "Content-Type: text/html\r\n";
    for (status, headers, cause, word) in [
        ("502 Bad Gateway", page, Cause::Http(502), "502"),
        ("401 Unauthorized", page, Cause::Http(401), "401"),
        ("200 OK", page, Cause::Protocol, "protocol"),
        (
            "302 Found",
            "Location: https://user:hidden@portal.example/hidden?token=hidden\r\n",
            Cause::Redirect,
            "portal.example",
        ),
        ("301 Moved Permanently", "Location: /elsewhere\r\n", Cause::Redirect, "redirect"),
    ] {
        let server = Server::start(move |_, _, stream| respond(stream, status, headers, "<html>"));
        let client = to(&server.url());
        let error = of_a_call(&client);
        assert_eq!((error.code(), error.cause()), (ErrorCode::InvalidResponse, Some(cause)), "{status}");
        assert!(error.to_string().contains(word) && !error.to_string().contains("hidden"), "{error}");
        let error = of_a_wait(&client);
        assert_eq!((error.code(), error.cause()), (ErrorCode::Timeout, Some(cause)), "{status}");
    }
}

#[test]
fn a_server_that_says_nothing() {
    let server = Server::start(|_, _, stream| hold(stream));
    let error = of_a_wait(&to(&server.url()));
    assert_eq!((error.code(), error.cause()), (ErrorCode::Timeout, Some(Cause::Timeout)));
}

#[test]
fn a_proxy_that_does_not_lead_there() {
    for (proxy, cause) in [
        (refusing_proxy("407 Proxy Authentication Required"), Cause::ProxyAuthentication),
        (refusing_proxy("403 Forbidden"), Cause::Proxy),
        (nowhere(), Cause::Proxy),
    ] {
        let builder = Loggin::builder().base_url("https://login.example").max_retries(0);
        let client = builder.proxy(format!("http://{proxy}")).build().unwrap();
        assert_eq!(of_a_call(&client).cause(), Some(cause));
        assert_eq!(of_a_wait(&client).cause(), Some(cause));
    }
}

#[test]
fn nobody_who_comes_is_nothing_of_the_network() {
    let server = Server::start(|_, _, stream| {
        begin_stream(stream);
        hold(stream);
    });
    let error = of_a_wait(&client(&server));
    assert_eq!((error.code(), error.cause()), (ErrorCode::Timeout, None));
}

#[test]
fn an_error_of_the_server_has_no_cause() {
    let body = r#"{"error":"expired","message":"Too late."}"#;
    let server = Server::start(move |_, _, stream| respond_json(stream, "410 Gone", body));
    let error = of_a_call(&client(&server));
    assert_eq!((error.code(), error.cause()), (ErrorCode::Expired, None));
    assert!(error.source().is_none());
}

#[test]
fn the_state_follows_the_way_to_the_server() {
    let before = SystemTime::now();
    let address = nowhere();
    let client = to(&format!("http://{address}"));
    assert_eq!(client.state(), to("http://127.0.0.1:8787").state());
    assert!(!client.state().is_connected && client.state().since.is_none() && client.state().cause.is_none());

    of_a_wait(&client);
    let failing = client.state();
    assert_eq!((failing.is_connected, failing.cause), (false, Some(Cause::Refused)));
    assert!(failing.since.unwrap() >= before);
    of_a_call(&client);
    assert_eq!(client.state().since, failing.since, "an outage begins once");

    let server = Server::start_at(TcpListener::bind(address).unwrap(), |_, request, stream| {
        begin_stream(stream);
        verify_all(request, stream);
    });
    client.wait_for_verify(login(&client).token).unwrap();
    assert_eq!(client.state().cause, None, "{:?}", server.requests());
}

#[test]
fn a_stream_that_is_ready_is_a_connection() {
    let server = Server::start(|_, _, stream| {
        begin_stream(stream);
        hold(stream);
    });
    let client = client(&server);
    let wait = client.start_wait(login(&client).token, None);
    server.until_requests(1);
    until(|| client.state().is_connected);
    assert!(client.state().since.is_some());
    client.close();
    assert_eq!(wait.wait().unwrap_err().code(), ErrorCode::Closed);
    server.until_hung_up(0);
    until(|| !client.state().is_connected);
    assert_eq!(client.state().cause, None, "hanging up is no failure");
}
