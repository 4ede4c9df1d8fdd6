//! Confirmation codes and the state of a login over real sockets.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use loggin::{Confirm, ErrorCode, Loggin, LoginStatus, MatchDigits, Progress, Token, Update};

use crate::{
    client,
    fixture::{SESSION, Server, TIMEOUT, begin_stream, hold, respond, respond_json, send, verify_all},
    login,
};

const VERIFIED: &str = r#"{"status":"verified"}"#;

#[test]
fn the_digits_go_to_the_server_as_they_were_typed_and_need_no_key() {
    let server = Server::start(|_, _, stream| respond_json(stream, "200 OK", VERIFIED));
    let client = client(&server);
    let token = login(&client).token;
    client.confirm(token, "\u{661}23 456").unwrap();
    client.confirm_async(token, "123456").wait().unwrap();
    let observer = Loggin::builder().base_url(server.url()).build_observer().unwrap();
    observer.start_confirm(token, "123456", None).wait().unwrap();
    let requests = server.requests();
    for (request, typed) in requests.iter().zip(["\u{661}23 456", "123456", "123456"]) {
        assert!(request.head.starts_with("POST /api/v1/tokens/confirm "));
        assert_eq!(request.header("Authorization"), None);
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body, serde_json::json!({ "token": token.expose(), "confirmation_code": typed }));
    }
    assert_ne!(requests[0].header("Idempotency-Key"), requests[1].header("Idempotency-Key"));
}

#[test]
fn what_the_server_says_of_a_code_is_told_at_once_with_the_tries_that_are_left() {
    let cases = [
        ("422 No", r#"{"error":"invalid_code","attempts_left":3}"#, ErrorCode::InvalidCode, Some(3)),
        ("422 No", r#"{"error":"blocked"}"#, ErrorCode::Blocked, None),
        ("410 Gone", r#"{"error":"expired"}"#, ErrorCode::Expired, None),
        ("400 Bad", r#"{"error":"invalid_request"}"#, ErrorCode::InvalidRequest, None),
        ("200 OK", r#"{"status":"perhaps"}"#, ErrorCode::InvalidResponse, None),
    ];
    for (status, body, code, attempts_left) in cases {
        let server = Server::start(move |_, _, stream| respond_json(stream, status, body));
        let client = client(&server);
        let error = client.confirm(login(&client).token, "123456").unwrap_err();
        assert_eq!((error.code(), error.attempts_left()), (code, attempts_left), "{body}");
        assert_eq!(server.requests().len(), 1, "{body}");
    }
}

#[test]
fn what_passes_is_tried_again_with_the_same_key() {
    let server = Server::start(|number, _, stream| match number {
        0 | 2 => respond(stream, "502 Bad Gateway", "", ""),
        1 => respond_json(stream, "200 OK", VERIFIED),
        _ => respond_json(stream, "200 OK", r#"{"events":[]}"#),
    });
    let client = client(&server);
    let token = login(&client).token;
    client.confirm(token, "123456").unwrap();
    assert_eq!(client.status(token), Ok(LoginStatus::Pending));
    let requests = server.requests();
    let keys: Vec<_> = requests.iter().map(|request| request.header("Idempotency-Key")).collect();
    assert!(keys[0] == keys[1] && keys[1] != keys[2] && keys[2] == keys[3]);
}

#[test]
fn a_malformed_token_and_one_of_another_app_reach_nobody() {
    let client = Loggin::builder().base_url("http://127.0.0.1:1").app_key("8XKPQ2WN").build().unwrap();
    let theirs = client.create_token("ABCDEFGH").unwrap().token;
    let code = |token: Result<Token, &'static str>| match token {
        Ok(token) => [client.confirm(token, "1").unwrap_err(), client.status(token).unwrap_err()],
        Err(text) => [client.confirm(text, "1").unwrap_err(), client.status(text).unwrap_err()],
    };
    assert!(code(Ok(theirs)).iter().all(|error| error.code() == ErrorCode::UnknownApp));
    assert!(code(Err("lgn1_")).iter().all(|error| error.code() == ErrorCode::InvalidToken));
}

#[test]
fn a_login_is_asked_about_without_waiting_or_redeeming() {
    let told = |event: &str, data: &str| format!(r#"{{"event":"{event}","data":{{"code":"CODE",{data}}}}}"#);
    let progress = |status: &str| told("progress", &format!(r#""status":"{status}""#));
    let cases = [
        (String::new(), Ok("pending")),
        (progress("message_received"), Ok("message_received")),
        (progress("awaiting_match"), Ok("awaiting_match")),
        (told("verified", &format!(r#""session":{SESSION}"#)), Ok("verified")),
        (told("rejected", r#""error":"denied","message":"m""#), Err(ErrorCode::Denied)),
        (told("verified", r#""session":7"#), Err(ErrorCode::InvalidResponse)),
        (
            told("verified", &format!(r#""session":{}"#, SESSION.replace("8XKP", "ABCD"))),
            Err(ErrorCode::UnknownApp),
        ),
        (
            r#"{"event":"rejected","data":{"token_index":0,"error":"invalid_token"}}"#.into(),
            Err(ErrorCode::InvalidToken),
        ),
    ];
    for (event, expected) in cases {
        let (shown, ends) =
            (event.clone(), r#"{"event":"rejected","data":{"token_index":1,"error":"invalid_token"}}"#);
        let server = Server::start(move |_, request, stream| {
            let code = Token::parse(&request.tokens()[0]).unwrap().code().expose();
            let events = if event.is_empty() { ends.into() } else { format!("{ends},{event}") };
            respond_json(stream, "200 OK", &format!(r#"{{"events":[{}]}}"#, events.replace("CODE", &code)));
        });
        let client = client(&server);
        let token = login(&client).token;
        for status in [client.status(token), client.status_async(token).wait()] {
            let told = status.as_ref().map(LoginStatus::as_str).map_err(loggin::Error::code);
            assert_eq!(told, expected, "{shown}");
        }
        let request = &server.requests()[0];
        assert!(request.head.starts_with("POST /api/v1/tokens/events "));
        assert_eq!(request.header("Accept"), Some("application/json"));
        assert!(request.body.contains(r#""claim":false"#) && request.tokens().len() == 2, "{}", request.body);
    }
    assert_eq!(LoginStatus::Progress(Progress::AwaitingConfirmation).as_str(), "awaiting_confirmation");
}

#[test]
fn these_calls_end_when_their_time_is_up_when_they_are_cancelled_and_when_the_client_closes() {
    let server = Server::start(|_, _, stream| hold(stream));
    let client = client(&server);
    let token = login(&client).token;
    let brief = Some(Duration::from_millis(1));
    assert_eq!(client.confirm_within(token, "1", brief).unwrap_err().code(), ErrorCode::Connection);
    assert_eq!(client.status_within(token, brief).unwrap_err().code(), ErrorCode::Connection);
    let asked = server.requests().len();
    let (confirm, status) = (client.confirm_async(token, "1"), client.status_async(token));
    server.until_requests(asked + 2);
    let began = Instant::now();
    confirm.cancel();
    status.cancel();
    assert_eq!(confirm.wait().unwrap_err().code(), ErrorCode::Closed);
    assert_eq!(status.wait().unwrap_err().code(), ErrorCode::Closed);
    let (ended, end) = mpsc::channel();
    let blocked = client.clone();
    thread::spawn(move || ended.send(blocked.confirm(token, "1")).unwrap());
    server.until_requests(asked + 3);
    client.close();
    assert_eq!(end.recv_timeout(TIMEOUT).unwrap().unwrap_err().code(), ErrorCode::Closed);
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
}

/// What requests ask for as confirmation.
fn asked(request: &crate::fixture::Request) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    body.get("confirm").map(|confirm| confirm.as_str().unwrap().to_owned())
}

#[test]
fn waits_and_calls_ask_for_the_confirmation_that_they_accept_and_redeem_as_one() {
    let server = Server::start(|_, request, stream| {
        if request.head.starts_with("POST /api/v1/tokens/events ") {
            begin_stream(stream);
            hold(stream);
        } else {
            respond_json(stream, "200 OK", r#"{"status":"pending"}"#);
        }
    });
    let client = client(&server);
    let (code, reply) = (client.asking(Confirm::Code), client.asking(Confirm::Reply));
    let waits = [&client, &code, &reply, &code.asking(Confirm::Match)]
        .map(|client| client.start_wait(login(client).token, None));
    // Those that ask the same share their streams.
    server.until_held(|requests| requests.iter().map(|request| request.tokens().len()).sum::<usize>() >= 4);
    assert_eq!(code.verify_token(login(&code).token), Ok(None));
    let requests = server.requests();
    let mut confirms: Vec<_> = requests.iter().map(asked).collect();
    confirms.sort();
    confirms.dedup();
    assert_eq!(confirms, [None, Some("code".to_owned()), Some("reply".to_owned())]);
    let key = requests[0].header("Idempotency-Key");
    assert!(requests.iter().all(|request| request.header("Idempotency-Key") == key));
    client.close();
    for wait in waits {
        assert_eq!(wait.wait().unwrap_err().code(), ErrorCode::Closed);
    }
    let late = client.asking(Confirm::Match).start_wait(login(&client).token, None);
    assert_eq!(late.wait().unwrap_err().code(), ErrorCode::Closed);
}

#[test]
fn a_server_that_hands_out_less_than_is_asked_for_is_not_believed() {
    let server = Server::start(|_, request, stream| {
        if request.head.starts_with("POST /api/v1/tokens/events ") {
            begin_stream(stream);
            verify_all(request, stream);
        } else {
            respond_json(stream, "200 OK", &SESSION.replacen('{', r#"{"status":"verified","#, 1));
        }
    });
    let client = client(&server);
    for confirm in [Confirm::Reply, Confirm::Match, Confirm::Code] {
        let asking = client.asking(confirm);
        assert_eq!(
            asking.wait_for_verify(login(&asking).token).unwrap_err().code(),
            ErrorCode::InvalidResponse
        );
        assert_eq!(asking.verify_token(login(&asking).token).unwrap_err().code(), ErrorCode::InvalidResponse);
    }
    let token = login(&client).token;
    assert_eq!(client.wait_for_verify(token).unwrap().confirmation, Confirm::None);
    // What one wait was handed out is not handed on to one that asks for more.
    let more = client.asking(Confirm::Code).wait_for_verify(token);
    assert_eq!(more.unwrap_err().code(), ErrorCode::InvalidResponse);
}

#[test]
fn the_digits_to_show_are_told_by_the_watch() {
    let server = Server::start(|_, request, stream| {
        begin_stream(stream);
        let code = Token::parse(&request.tokens()[0]).unwrap().code().expose();
        let data = format!(r#"{{"code":"{code}","status":"awaiting_match","match":"07"}}"#);
        send(stream, &format!("event: progress\ndata: {data}\n\n"));
        hold(stream);
    });
    let client = client(&server);
    let watch = client.asking(Confirm::Match).watch(login(&client).token, None);
    let digits = MatchDigits::parse("07").unwrap();
    assert_eq!(watch.wait_next(), Ok(Update::Progress(Progress::AwaitingMatch(digits))));
}
