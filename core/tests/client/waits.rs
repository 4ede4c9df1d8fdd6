//! Waits over real sockets: what a server may do, and what a wait makes of it.

use std::{
    future::Future,
    net::{TcpListener, TcpStream},
    pin::pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

use loggin::{ErrorCode, Loggin, Session};

use crate::{
    client,
    fixture::{
        Request, Server, TIMEOUT, begin_stream, hold, is_poll, keep_back, respond, respond_json, send,
        verified_event, verify_all,
    },
    login,
};

fn assert_signed_in(session: &Session) {
    assert_eq!(session.phone.expose(), "919876543210");
    assert_eq!(session.app_key.as_str(), "8XKPQ2WN");
}

/// Answers the first request by `first`, each later one with the result.
fn then_verified(first: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Server {
    Server::start(move |number, request, stream| {
        if number == 0 {
            return first(request, stream);
        }
        begin_stream(stream);
        verify_all(request, stream);
    })
}

#[test]
fn a_wait_asks_as_the_protocol_says() {
    let server = then_verified(|request, stream| {
        begin_stream(stream);
        verify_all(request, stream);
    });
    let key = "lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK";
    let client =
        Loggin::builder().base_url(server.url()).secret_key(key).idempotency_key("mine").build().unwrap();
    let login = login(&client);
    assert_signed_in(&client.wait_for_verify(login.token).unwrap());
    let request = &server.requests()[0];
    assert!(request.head.starts_with("POST /api/v1/tokens/events HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("Accept"), Some("text/event-stream"));
    assert_eq!(request.header("Content-Type"), Some("application/json"));
    assert_eq!(request.header("Idempotency-Key"), Some("mine"));
    assert_eq!(request.header("Authorization"), Some(format!("Bearer {key}").as_str()));
    assert_eq!(request.header("Accept-Encoding"), Some("identity"));
    assert_eq!(
        request.body,
        format!("{{\"tokens\":[\"{}\"],\"claim\":true,\"app_key\":\"8XKPQ2WN\"}}", login.token.expose())
    );
}

#[test]
fn a_server_that_is_down_at_the_start_is_waited_for() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Loggin::builder().base_url(format!("http://{address}")).build().unwrap();
    let pending = client.wait_for_verify_async(login(&client).token);
    assert!(pending.wait_timeout(Duration::from_millis(50)).is_none());
    let _server = Server::start_at(TcpListener::bind(address).unwrap(), |_, request, stream| {
        begin_stream(stream);
        verify_all(request, stream);
    });
    assert_signed_in(&pending.wait_timeout(TIMEOUT).unwrap().unwrap());
}

#[test]
fn a_server_that_dies_during_the_wait_is_found_again() {
    let server = then_verified(|_, stream| begin_stream(stream));
    let client = client(&server);
    assert_signed_in(&client.wait_for_verify(login(&client).token).unwrap());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn what_is_no_answer_of_the_protocol_is_outlived() {
    type Script = fn(&Request, &mut TcpStream);
    let cases: [(&str, Script); 10] = [
        ("200 HTML", |_, stream| {
            respond(stream, "200 OK", "Content-Type: text/html\r\n", "<h1>Welcome</h1>");
        }),
        ("200 JSON", |_, stream| respond_json(stream, "200 OK", "{}")),
        ("204", |_, stream| respond(stream, "204 No Content", "", "")),
        ("404 HTML", |_, stream| {
            respond(stream, "404 Not Found", "Content-Type: text/html\r\n", "<h1>Lost</h1>");
        }),
        ("500", |_, stream| respond_json(stream, "500 Internal Server Error", r#"{"error":"internal"}"#)),
        ("503", |_, stream| respond(stream, "503 Service Unavailable", "", "")),
        ("429", |_, stream| respond_json(stream, "429 Too Many Requests", r#"{"error":"rate_limited"}"#)),
        ("nothing", |_, _| {}),
        ("no HTTP", |_, stream| send(stream, "SSH-2.0-OpenSSH_9.2\r\n")),
        ("an endless line", |_, stream| {
            begin_stream(stream);
            for _ in 0..100 {
                send(stream, &"x".repeat(4096));
            }
            hold(stream);
        }),
    ];
    for (name, script) in cases {
        let server = then_verified(script);
        let client = client(&server);
        let pending = client.wait_for_verify_async(login(&client).token);
        let result = pending.wait_timeout(TIMEOUT).unwrap_or_else(|| panic!("{name}: no result"));
        assert_signed_in(&result.unwrap_or_else(|error| panic!("{name}: {error}")));
        assert_eq!(server.requests().len(), 2, "{name}");
    }
}

#[test]
fn an_event_that_cannot_be_read_is_its_own_logins_alone() {
    type Spoil = fn(&str) -> String;
    let cases: [(&str, Spoil, Option<ErrorCode>); 5] = [
        ("no session", |event| event.replace("919876543210", "+91"), Some(ErrorCode::InvalidResponse)),
        ("no JSON", |_| "event: verified\ndata: yes\n\n".into(), None),
        ("a newer status", |event| progress(event, "scanned"), None),
        ("a status that is none", |event| progress(event, "\u{1f600}"), None),
        ("a newer event", |event| event.replace("event: verified", "event: novelty"), None),
    ];
    for (name, spoil, error) in cases {
        let server = Server::start(move |_, request, stream| {
            begin_stream(stream);
            let (bad, good): (Vec<_>, Vec<_>) =
                request.tokens().into_iter().partition(|token| token.starts_with("lgn1_00000000_"));
            // The bad ones come first, so that each good one stands behind them all.
            for token in &bad {
                send(stream, &spoil(&verified_event(token)));
            }
            for token in &good {
                send(stream, &verified_event(token));
            }
            hold(stream);
        });
        let client = client(&server);
        let bad: Vec<_> = (0..20)
            .map(|_| client.wait_for_verify_async(client.create_token("00000000").unwrap().token))
            .collect();
        let good: Vec<_> = (0..20).map(|_| client.wait_for_verify_async(login(&client).token)).collect();
        for wait in good {
            assert_signed_in(
                &wait.wait_timeout(TIMEOUT).unwrap_or_else(|| panic!("{name}: starved")).unwrap(),
            );
        }
        for wait in bad {
            let told = error.and_then(|_| wait.wait_timeout(TIMEOUT)).or_else(|| wait.result());
            assert_eq!(told.map(|result| result.unwrap_err().code()), error, "{name}");
        }
        assert!(server.requests().len() <= 20, "{name}: {} streams", server.requests().len());
    }
}

fn progress(event: &str, status: &str) -> String {
    event
        .replace("event: verified", "event: progress")
        .replace("\"session\"", &format!("\"status\":\"{status}\",\"x\""))
}

#[test]
fn behind_a_proxy_that_keeps_streams_back_a_login_among_others_wakes() {
    let server = Server::start(|_, request, stream| {
        if !is_poll(request) {
            return keep_back(stream);
        }
        let told = |event: &str| {
            let event = event.replacen("event: ", "{\"event\":\"", 1);
            event.replacen("\ndata: ", "\",\"data\":", 1).trim().to_owned() + "}"
        };
        let tapped = verified_event(&request.tokens()[0]);
        let moved = progress(&verified_event(request.tokens().last().unwrap()), "message_received");
        let is_known = request.body.contains(":\"message_received\"");
        let event = told(if is_known { &tapped } else { &moved });
        respond_json(stream, "200 OK", &format!("{{\"events\":[null,{event}]}}"));
    });
    let client = client(&server);
    let waits: Vec<_> = (0..4).map(|_| client.wait_for_verify_async(login(&client).token)).collect();
    for wait in waits {
        assert_signed_in(&wait.wait_timeout(TIMEOUT).unwrap().unwrap());
    }
    let requests = server.requests();
    let polls: Vec<_> = requests.iter().filter(|request| is_poll(request)).collect();
    assert!(polls.iter().all(|poll| poll.body.contains("],\"claim\":true")));
    // The five seconds count from before the request has arrived.
    assert!(polls[0].at - requests[0].at >= Duration::from_millis(4_500));
}

#[test]
fn a_stream_that_is_cut_right_after_ready_is_opened_again_with_pauses() {
    let server = Server::start(|_, _, stream| begin_stream(stream));
    let client = client(&server);
    let error = client.start_wait(login(&client).token, Some(Duration::from_secs(5))).wait().unwrap_err();
    assert_eq!(error.code(), ErrorCode::Timeout);
    let count = server.requests().len();
    assert!((4..25).contains(&count), "{count} streams in 5 s");
}

#[test]
fn a_redirect_carries_no_token_elsewhere() {
    let elsewhere = Server::start(|_, _, _| {});
    let target = elsewhere.url();
    let server = then_verified(move |request, stream| {
        let path = request.head.split(' ').nth(1).unwrap();
        respond(stream, "307 Temporary Redirect", &format!("Location: {target}{path}\r\n"), "");
    });
    let client = client(&server);
    assert_signed_in(&client.wait_for_verify(login(&client).token).unwrap());
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn retry_after_is_obeyed_to_the_request() {
    let server =
        then_verified(|_, stream| respond(stream, "503 Service Unavailable", "Retry-After: 1\r\n", ""));
    let client = client(&server);
    assert_signed_in(&client.wait_for_verify(login(&client).token).unwrap());
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
}

#[test]
fn the_pause_that_a_stream_asks_for_is_kept() {
    let server = then_verified(|_, stream| {
        begin_stream(stream);
        send(stream, "retry: 700\n\n");
    });
    let client = client(&server);
    assert_signed_in(&client.wait_for_verify(login(&client).token).unwrap());
    let requests = server.requests();
    assert!(requests[1].at - requests[0].at >= Duration::from_millis(700));
}

#[test]
fn a_refusal_ends_the_wait_at_once() {
    let cases = [
        ("400 Bad Request", "invalid_request", ErrorCode::InvalidRequest),
        ("401 Unauthorized", "unauthorized", ErrorCode::Unauthorized),
        ("403 Forbidden", "denied", ErrorCode::Denied),
        ("404 Not Found", "not_found", ErrorCode::NotFound),
        ("429 Too Many Requests", "quota_exceeded", ErrorCode::QuotaExceeded),
    ];
    for (status, name, code) in cases {
        let body = format!(r#"{{"error":"{name}","message":"No.","request_id":"r-1"}}"#);
        let server = Server::start(move |_, _, stream| respond_json(stream, status, &body));
        let client = client(&server);
        let error = client.wait_for_verify(login(&client).token).unwrap_err();
        assert_eq!(
            (error.code(), error.message(), error.request_id()),
            (code, "No.", Some("r-1")),
            "{status}"
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_rejection_of_one_token_is_its_own() {
    let server = Server::start(|_, request, stream| {
        begin_stream(stream);
        for token in request.tokens() {
            let code = if token.contains("_00000000_") { "expired" } else { "novel_reason" };
            let event = verified_event(&token).replace("event: verified", "event: rejected");
            send(
                stream,
                &event.replace("\"session\"", &format!("\"error\":\"{code}\",\"message\":\"\",\"x\"")),
            );
        }
        hold(stream);
    });
    let client = client(&server);
    let tokens = ["00000000", "8XKPQ2WN"].map(|app| client.create_token(app).unwrap().token);
    let errors = tokens.map(|token| client.wait_for_verify_async(token)).map(|wait| wait.wait().unwrap_err());
    assert_eq!(errors.map(|error| error.code_str().to_owned()), ["expired", "novel_reason"]);
}

#[test]
fn unknown_events_fields_and_empty_events_are_passed_over() {
    let server = Server::start(|_, request, stream| {
        begin_stream(stream);
        let verified =
            verified_event(&request.tokens()[0]).replace("\"session\"", "\"novelty\":[1],\"session\"");
        let noise =
            ": comment\nevent: verified\n\nevent: novelty\ndata: {}\n\nunknown: field\n\ndata: unnamed\n\n";
        for byte in format!("{noise}{verified}").chars() {
            send(stream, &byte.to_string());
        }
        hold(stream);
    });
    let client = client(&server);
    assert_signed_in(&client.wait_for_verify(login(&client).token).unwrap());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_wait_ends_at_its_deadline() {
    let server = Server::start(|_, _, stream| {
        begin_stream(stream);
        hold(stream);
    });
    let client = client(&server);
    let pending = client.start_wait(login(&client).token, Some(Duration::from_millis(150)));
    assert_eq!(pending.wait().unwrap_err().code(), ErrorCode::Timeout);
    server.until_held(|held| held.is_empty());
}

#[test]
fn a_dropped_wait_leaves_the_stream() {
    let server = Server::start(|_, _, stream| {
        begin_stream(stream);
        hold(stream);
    });
    let client = client(&server);
    let (kept, given_up) = (login(&client), login(&client));
    let mut waits =
        vec![client.wait_for_verify_async(kept.token), client.wait_for_verify_async(given_up.token)];
    let sent = |request: &&Request| request.tokens().contains(&given_up.token.expose());
    server.until_held(|held| held.iter().any(sent));
    drop(waits.pop());
    server.until_held(|held| !held.is_empty() && !held.iter().any(sent));
    drop(waits);
    server.until_held(|held| held.is_empty());
}

#[test]
fn closing_ends_every_wait_and_stream() {
    let server = Server::start(|_, _, stream| {
        begin_stream(stream);
        hold(stream);
    });
    let client = client(&server);
    let waits: Vec<_> = (0..50).map(|_| client.wait_for_verify_async(login(&client).token)).collect();
    let count = server.until_requests(1).len();
    client.clone().close();
    for wait in waits {
        assert_eq!(wait.wait().unwrap_err().code(), ErrorCode::Closed);
    }
    server.until_hung_up(count - 1);
}

#[test]
fn all_ways_of_waiting_for_one_token_get_its_result() {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let server = Server::start(move |_, request, stream| {
        begin_stream(stream);
        released.lock().unwrap().recv_timeout(TIMEOUT).unwrap();
        verify_all(request, stream);
        hold(stream);
    });
    let client = client(&server);
    let token = login(&client).token;
    let blocking = {
        let client = client.clone();
        thread::spawn(move || client.wait_for_verify(token))
    };
    let (sender, receiver) = mpsc::channel();
    let called = client.wait_for_verify_async(token);
    called.on_settle(move |result| sender.send(result).unwrap());
    let awaited = client.wait_for_verify_async(&token.expose());
    server.until_requests(1);
    release.send(()).unwrap();
    assert_signed_in(&blocking.join().unwrap().unwrap());
    assert_signed_in(&block_on(awaited).unwrap());
    assert_signed_in(&receiver.recv_timeout(TIMEOUT).unwrap().unwrap());
    assert_signed_in(&client.wait_for_verify(token).unwrap());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_thousand_waits_share_a_few_streams() {
    let server = Server::start(|_, request, stream| {
        begin_stream(stream);
        verify_all(request, stream);
        hold(stream);
    });
    let client = client(&server);
    let started = Instant::now();
    let waits: Vec<_> = (0..1000).map(|_| client.wait_for_verify_async(login(&client).token)).collect();
    for wait in waits {
        assert_signed_in(&wait.wait().unwrap());
    }
    // Openings are at least 100 ms apart once they are frequent, so a slow machine sees more of them; each pause of its
    // own begins that anew.
    let allowed = 20 + 2 * started.elapsed().as_millis() / 100;
    assert!(server.requests().len() as u128 <= allowed, "{} streams", server.requests().len());
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor there is: a future of ours needs no other.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn a_session_of_another_app_ends_the_wait_as_refused() {
    let server = Server::start(|_, request, stream| {
        begin_stream(stream);
        let event = verified_event(&request.tokens()[0]);
        send(stream, &event.replace(r#""app_key":"8XKPQ2WN""#, r#""app_key":"ABCDEFGH""#));
    });
    let client = client(&server);
    let pending = client.wait_for_verify_async(login(&client).token);
    let error = pending.wait_timeout(TIMEOUT).unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnknownApp);
}
