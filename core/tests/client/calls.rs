//! Redeeming a token over real sockets: answers, errors and retries.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use loggin::{Cause, ErrorCode, Loggin, Token};

use crate::{
    client,
    fixture::{SESSION, Server, TIMEOUT, hold, respond, respond_json, send},
    login,
};

fn verified() -> String {
    SESSION.replacen('{', "{\"status\":\"verified\",", 1)
}

#[test]
fn a_token_is_pending_and_then_redeemed_by_one_redeemer() {
    let server = Server::start(|number, _, stream| {
        let body = if number == 0 { r#"{"status":"pending"}"#.to_owned() } else { verified() };
        respond_json(stream, "200 OK", &body);
    });
    let client = client(&server);
    let login = login(&client);
    assert_eq!(client.verify_token(login.token).unwrap(), None);
    let session = client.verify_token_async(login.token).wait().unwrap().unwrap();
    assert_eq!(session.phone.expose(), "919876543210");
    let requests = server.requests();
    assert!(requests[0].head.starts_with("POST /api/v1/tokens/verify "));
    assert_eq!(requests[0].body, format!("{{\"token\":\"{}\"}}", login.token.expose()));
    let keys: Vec<_> = requests.iter().map(|request| request.header("Idempotency-Key").unwrap()).collect();
    assert!(keys[0] == keys[1] && keys[0].len() == 32);
}

#[test]
fn a_call_without_time_asks_nothing() {
    let server = Server::start(|_, _, stream| respond_json(stream, "200 OK", r#"{"status":"pending"}"#));
    let client = client(&server);
    let token = login(&client).token;
    let errors = [
        client.verify_token_within(token, Some(Duration::ZERO)).unwrap_err(),
        client.start_verify(token, Some(Duration::ZERO)).wait().unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.code(), error.cause()), (ErrorCode::Connection, Some(Cause::Timeout)));
    }
    assert_eq!(client.state().cause, None, "nothing was found out about the server");
    assert_eq!(client.verify_token(token).unwrap(), None);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn each_client_is_a_redeemer_of_its_own() {
    let server = Server::start(|_, _, stream| respond_json(stream, "200 OK", r#"{"status":"pending"}"#));
    for _ in 0..2 {
        let client = client(&server);
        client.verify_token(login(&client).token).unwrap();
    }
    let requests = server.requests();
    assert_ne!(requests[0].header("Idempotency-Key"), requests[1].header("Idempotency-Key"));
}

#[test]
fn what_passes_is_tried_again_twice_with_the_same_key() {
    for status in ["408 Request Timeout", "429 Too Many Requests", "502 Bad Gateway", "503 Busy", "504 Late"]
    {
        let server = Server::start(move |number, _, stream| {
            if number < 2 {
                return respond(stream, status, "Content-Type: text/html\r\n", "<p>Later</p>");
            }
            respond_json(stream, "200 OK", &verified());
        });
        let client = client(&server);
        assert!(client.verify_token(login(&client).token).unwrap().is_some(), "{status}");
        let requests = server.requests();
        assert_eq!(requests.len(), 3, "{status}");
        assert!(
            requests
                .iter()
                .all(|request| request.header("Idempotency-Key") == requests[0].header("Idempotency-Key"))
        );
    }
}

#[test]
fn what_does_not_pass_is_told_at_once() {
    let cases = [
        ("409 Conflict", r#"{"error":"already_used","message":"m"}"#, ErrorCode::AlreadyUsed),
        ("429 Too Many Requests", r#"{"error":"quota_exceeded"}"#, ErrorCode::QuotaExceeded),
        ("502 Bad Gateway", r#"{"error":"send_failed"}"#, ErrorCode::SendFailed),
        ("500 Internal Server Error", r#"{"error":"internal"}"#, ErrorCode::Internal),
        ("503 Busy", r#"{"error":"unavailable","retry_after":6}"#, ErrorCode::Unavailable),
        ("418 Teapot", r#"{"error":"short_and_stout"}"#, ErrorCode::Unrecognized),
        ("400 Bad Request", "not JSON", ErrorCode::InvalidResponse),
        ("200 OK", r#"{"status":"perhaps"}"#, ErrorCode::InvalidResponse),
        (
            "200 OK",
            r#"{"status":"verified","app_key":"8XKPQ2WN","phone":null,"verified_at":"2026-11-22T08:00:00Z"}"#,
            ErrorCode::InvalidResponse,
        ),
        ("422 Unprocessable", r#"{"error":"phone_hidden"}"#, ErrorCode::PhoneHidden),
        ("302 Found", "{}", ErrorCode::InvalidResponse),
    ];
    for (status, body, code) in cases {
        let server = Server::start(move |_, _, stream| respond_json(stream, status, body));
        let client = client(&server);
        let error = client.verify_token(login(&client).token).unwrap_err();
        assert_eq!(error.code(), code, "{status} {body}");
        assert_eq!(server.requests().len(), 1, "{status} {body}");
    }
}

#[test]
fn a_short_retry_after_is_waited_for_and_a_long_one_is_the_callers() {
    let server = Server::start(|number, _, stream| {
        if number == 0 {
            return respond_json(stream, "429 Too Many", r#"{"error":"rate_limited","retry_after":1}"#);
        }
        respond(stream, "503 Busy", "Retry-After: 3600\r\n", "");
    });
    let client = client(&server);
    let error = client.verify_token(login(&client).token).unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(error.status(), Some(503));
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
}

#[test]
fn a_server_that_is_not_there_is_a_connection_error() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Loggin::builder().base_url(format!("http://{address}")).build().unwrap();
    let error = client.verify_token(login(&client).token).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Connection);
    assert!(error.is_retryable());
}

#[test]
fn a_connection_that_is_lost_is_tried_again_as_often_as_asked() {
    let server = Server::start(|_, _, stream| drop(stream.shutdown(std::net::Shutdown::Both)));
    let client = Loggin::builder().base_url(server.url()).max_retries(4).build().unwrap();
    assert_eq!(client.verify_token(login(&client).token).unwrap_err().code(), ErrorCode::Connection);
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again() {
    for status in ["200 OK", "409 Conflict"] {
        let server = Server::start(move |number, _, stream| {
            if number == 0 {
                let head = "Content-Type: application/json\r\nContent-Length: 30\r\n\r\n";
                send(stream, &format!("HTTP/1.1 {status}\r\n{head}{{\"error\":\"alr"));
                return drop(stream.shutdown(std::net::Shutdown::Both));
            }
            respond_json(stream, status, r#"{"status":"pending","error":"already_used"}"#);
        });
        let client = client(&server);
        let result = client.verify_token(login(&client).token).map_err(|error| error.code());
        assert_eq!(result, if status == "200 OK" { Ok(None) } else { Err(ErrorCode::AlreadyUsed) });
        assert_eq!(server.requests().len(), 2);
    }
}

/// Answers every call but those for the app 00000000, which hang.
fn hanging() -> Server {
    Server::start(|_, request, stream| {
        if request.body.contains("_00000000_") {
            return hold(stream);
        }
        respond_json(stream, "200 OK", r#"{"status":"pending"}"#);
    })
}

fn hanging_token(client: &Loggin) -> Token {
    client.create_token("00000000").unwrap().token
}

#[test]
fn calls_that_hang_do_not_hold_up_the_others() {
    let server = hanging();
    let client = client(&server);
    let hanging: Vec<_> = (0..16).map(|_| client.verify_token_async(hanging_token(&client))).collect();
    server.until_requests(hanging.len());
    let began = Instant::now();
    assert_eq!(client.verify_token_async(login(&client).token).wait().unwrap(), None);
    assert_eq!(client.verify_token(login(&client).token).unwrap(), None);
    assert!(began.elapsed() < Duration::from_secs(5), "none of them has ended by then");
    drop(hanging);
}

#[test]
fn calls_that_pause_occupy_no_thread() {
    let server = Server::start(|number, _, stream| {
        if number < 1_000 {
            return respond_json(stream, "503 Busy", r#"{"error":"unavailable","retry_after":1}"#);
        }
        respond_json(stream, "200 OK", r#"{"status":"pending"}"#);
    });
    let client = client(&server);
    let began = Instant::now();
    let calls: Vec<_> = (0..1_000).map(|_| client.verify_token_async(login(&client).token)).collect();
    for call in calls {
        assert_eq!(call.wait_timeout(TIMEOUT).unwrap().unwrap(), None);
    }
    // In the threads that there are, a thousand pauses of a second would take eight one after the other.
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
}

#[test]
fn a_call_has_a_time_for_all_its_tries() {
    let server = hanging();
    let patience = Duration::from_millis(700);
    let client = Loggin::builder().base_url(server.url()).call_timeout(patience).build().unwrap();
    let began = Instant::now();
    let error = client.verify_token(hanging_token(&client)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Connection);
    assert!((patience..patience * 5).contains(&began.elapsed()), "{:?}", began.elapsed());
    let began = Instant::now();
    let call = client.start_verify(hanging_token(&client), Some(patience / 2));
    assert_eq!(call.wait().unwrap_err().code(), ErrorCode::Connection);
    assert!(began.elapsed() < patience * 5);
    let call = client.start_verify(hanging_token(&client), Some(Duration::ZERO));
    assert_eq!(call.wait_timeout(TIMEOUT).unwrap().unwrap_err().code(), ErrorCode::Connection);
    let call = client.start_verify(login(&client).token, Some(Duration::MAX));
    assert_eq!(call.wait_timeout(TIMEOUT), Some(Ok(None)));
}

#[test]
fn what_is_cancelled_dropped_or_closed_is_hung_up_on() {
    let server = hanging();
    let client = client(&server);
    let began = Instant::now();
    let cancelled = client.verify_token_async(hanging_token(&client));
    server.until_requests(1);
    cancelled.cancel();
    assert_eq!(cancelled.result().unwrap().unwrap_err().code(), ErrorCode::Closed);
    server.until_ended(1);
    let dropped = client.verify_token_async(hanging_token(&client));
    server.until_requests(2);
    drop(dropped);
    server.until_ended(2);
    let under_way = client.verify_token_async(hanging_token(&client));
    let blocked = {
        let client = client.clone();
        thread::spawn(move || client.verify_token(hanging_token(&client)))
    };
    server.until_requests(4);
    client.close();
    assert_eq!(under_way.result().unwrap().unwrap_err().code(), ErrorCode::Closed);
    assert_eq!(blocked.join().unwrap().unwrap_err().code(), ErrorCode::Closed);
    server.until_ended(4);
    assert_eq!(client.verify_token(login(&client).token).unwrap_err().code(), ErrorCode::Closed);
    assert!(began.elapsed() < Duration::from_secs(9), "none of them was waited for");
}

#[test]
fn a_pause_between_two_tries_ends_with_the_client() {
    let server = Server::start(|_, _, stream| {
        respond_json(stream, "503 Busy", r#"{"error":"unavailable","retry_after":5}"#);
    });
    let client = client(&server);
    let blocked = {
        let client = client.clone();
        thread::spawn(move || client.verify_token(login(&client).token))
    };
    let pausing = client.verify_token_async(login(&client).token);
    server.until_requests(2);
    let began = Instant::now();
    client.close();
    assert_eq!(blocked.join().unwrap().unwrap_err().code(), ErrorCode::Closed);
    assert_eq!(pausing.wait().unwrap_err().code(), ErrorCode::Closed);
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_callback_is_told_also_when_nobody_holds_the_call() {
    let server = Server::start(|_, _, stream| respond_json(stream, "200 OK", r#"{"status":"pending"}"#));
    let client = client(&server);
    let (sender, receiver) = mpsc::channel();
    client.verify_token_async(login(&client).token).on_settle(move |result| sender.send(result).unwrap());
    assert_eq!(receiver.recv_timeout(TIMEOUT).unwrap(), Ok(None));
}

#[test]
fn a_session_of_another_app_is_refused_whatever_the_server_says() {
    let theirs = verified().replace("8XKPQ2WN", "ABCDEFGH");
    let server = Server::start(move |_, _, stream| respond_json(stream, "200 OK", &theirs));
    let client = client(&server);
    let error = client.verify_token(login(&client).token).unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnknownApp);
}

#[test]
fn a_token_of_another_app_is_refused_without_asking_and_the_servers_told_whose_are_asked_for() {
    let server = Server::start(|_, _, stream| respond_json(stream, "200 OK", &verified()));
    let client = Loggin::builder().base_url(server.url()).app_key(" 8xkpq2wn").build().unwrap();
    let theirs = client.create_token("ABCDEFGH").unwrap();
    assert_eq!(client.verify_token(theirs.token).unwrap_err().code(), ErrorCode::UnknownApp);
    assert_eq!(client.wait_for_verify(theirs.token).unwrap_err().code(), ErrorCode::UnknownApp);
    let ours = login(&client);
    assert!(client.verify_token(ours.token).unwrap().is_some());
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    let body: serde_json::Value = serde_json::from_str(&requests[0].body).unwrap();
    assert_eq!(body, serde_json::json!({ "token": ours.token.expose(), "app_key": "8XKPQ2WN" }));
}
