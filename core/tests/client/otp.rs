//! One-time codes over real sockets: what is asked, what is told, and that a lost answer costs nothing.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::{Duration, SystemTime},
};

use loggin::{Error, ErrorCode, Loggin, Meta, OtpRequest, OtpResult, OtpSession, OtpStatus};
use serde_json::{Value, json};

use crate::fixture::{Server, respond_json};

const KEY: &str = "lgsk_8XKPQ2WN_77777777777777777777777777777777";
const SESSION_ID: &str = "3bbaaf0b-3c11-44a2-8a7e-4edc426c5fcd";
const STARTED: &str = r#"{"session_id":"3bbaaf0b-3c11-44a2-8a7e-4edc426c5fcd","expires_in":300,"sent_via_engine":true,
    "quota_remaining":41}"#;
const VERIFIED: &str = r#"{"status":"verified","phone":"919876543210","verified_at":"2026-11-22T08:00:00Z",
    "meta":{"cart":7}}"#;

fn client(server: &Server) -> Loggin {
    Loggin::builder().base_url(server.url()).secret_key(KEY).build().unwrap()
}

/// A server that gives the same answer to every call.
fn answering(status: &'static str, body: &'static str) -> Server {
    Server::start(move |_, _, stream| respond_json(stream, status, body))
}

/// The call both ways: it must come to the same.
fn start(client: &Loggin, request: &OtpRequest) -> Result<OtpSession, Error> {
    let result = client.otp().start(request.clone());
    assert_eq!(client.otp().start_async(request.clone()).wait(), result);
    result
}

fn verify(client: &Loggin, session_id: &str, otp_code: &str) -> Result<OtpResult, Error> {
    let result = client.otp().verify(session_id, otp_code);
    assert_eq!(client.otp().verify_async(session_id, otp_code).wait(), result);
    result
}

#[test]
fn a_code_is_sent_with_what_was_asked_and_nothing_else() {
    let server = answering("200 OK", STARTED);
    let client = client(&server);
    let session = start(&client, &"+91 98765 43210".into()).unwrap();
    assert_eq!(&*session.session_id, SESSION_ID);
    assert_eq!(session.expires_in, Duration::from_secs(300));
    assert!(session.sent_via_engine);
    assert_eq!(session.quota_remaining, Some(41));
    let meta = Meta::parse(r#"{"id": 1180591620717411303424}"#).unwrap();
    let request = OtpRequest::new("98765 43210").country_code("IN").otp_length(4).meta(meta);
    start(&client, &request).unwrap();
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.head.starts_with("POST /api/v1/auth/start ")));
    assert!(
        requests.iter().all(|request| request.header("Authorization") == Some(&format!("Bearer {KEY}")[..]))
    );
    assert!(requests.iter().all(|request| request.header("Content-Type") == Some("application/json")));
    assert_eq!(requests[0].body, r#"{"phone":"+91 98765 43210"}"#);
    assert_eq!(
        requests[2].body,
        r#"{"phone":"98765 43210","country_code":"IN","otp_length":4,"meta":{"id": 1180591620717411303424}}"#
    );
}

#[test]
fn the_server_is_told_whose_address_asks() {
    let server = answering("200 OK", STARTED);
    let client = client(&server);
    let mapped: IpAddr = "::ffff:203.0.113.7".parse().unwrap();
    let addresses = [
        (IpAddr::from([203, 0, 113, 7]), "203.0.113.7"),
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7).into(), "2001:db8::7"),
        (mapped, "203.0.113.7"),
    ];
    for (address, _) in addresses {
        start(&client, &OtpRequest::new("+919876543210").client_ip(address)).unwrap();
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 2 * addresses.len());
    for (calls, (_, told)) in requests.chunks(2).zip(addresses) {
        let body = format!(r#"{{"phone":"+919876543210","client_ip":"{told}"}}"#);
        assert!(calls.iter().all(|call| call.body == body), "{told}");
    }
}

#[test]
fn a_typed_code_is_verified() {
    let server = answering("200 OK", VERIFIED);
    let result = verify(&client(&server), SESSION_ID, "048392").unwrap();
    assert_eq!(result.status, OtpStatus::Verified);
    assert_eq!(result.phone.expose(), "919876543210");
    assert_eq!(result.verified_at, SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_334_400));
    assert_eq!(result.meta.unwrap().read::<Value>().unwrap(), json!({"cart": 7}));
    let request = &server.requests()[0];
    assert!(request.head.starts_with("POST /api/v1/auth/verify "));
    assert_eq!(request.body, format!(r#"{{"session_id":"{SESSION_ID}","otp_code":"048392"}}"#));
}

#[test]
fn a_lost_answer_is_asked_for_again_as_the_same_call() {
    // What the server did the first time stands, and the client hears nothing of it.
    let server = Server::start(|number, request, stream| {
        if number % 2 == 0 {
            return drop(stream.shutdown(std::net::Shutdown::Both));
        }
        respond_json(stream, "200 OK", if request.body.contains("otp_code") { VERIFIED } else { STARTED });
    });
    let client = client(&server);
    for _ in 0..2 {
        client.otp().start("+919876543210").unwrap();
        client.otp().verify_async(SESSION_ID, "048392").wait().unwrap();
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 8);
    let mut keys = Vec::new();
    for call in requests.chunks(2) {
        assert_eq!(call[0].body, call[1].body);
        assert_eq!(call[0].header("Idempotency-Key"), call[1].header("Idempotency-Key"));
        keys.push(call[0].header("Idempotency-Key").unwrap());
    }
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 4, "each call is one of its own");
    assert!(keys.iter().all(|key| key.len() == 32));
}

#[test]
fn a_key_of_the_client_does_not_make_two_calls_one() {
    let server = answering("200 OK", VERIFIED);
    let client =
        Loggin::builder().base_url(server.url()).secret_key(KEY).idempotency_key("workers").build().unwrap();
    verify(&client, SESSION_ID, "048392").unwrap();
    let requests = server.requests();
    assert_ne!(requests[0].header("Idempotency-Key"), requests[1].header("Idempotency-Key"));
}

#[test]
fn a_refusal_says_what_to_do() {
    let cases = [
        ("401 Unauthorized", r#"{"error":"unauthorized"}"#, ErrorCode::Unauthorized, None),
        ("404 Not Found", r#"{"error":"session_not_found"}"#, ErrorCode::SessionNotFound, None),
        ("409 Conflict", r#"{"error":"already_used"}"#, ErrorCode::AlreadyUsed, None),
        ("422 No", r#"{"error":"invalid_code","attempts_left":4}"#, ErrorCode::InvalidCode, Some(4)),
        ("422 No", r#"{"error":"max_attempts","attempts_left":0}"#, ErrorCode::MaxAttempts, Some(0)),
        ("422 No", r#"{"error":"blocked"}"#, ErrorCode::Blocked, None),
        ("422 No", r#"{"error":"expired"}"#, ErrorCode::Expired, None),
        ("422 No", r#"{"error":"invalid_phone"}"#, ErrorCode::InvalidPhone, None),
        ("429 Slow", r#"{"error":"quota_exceeded"}"#, ErrorCode::QuotaExceeded, None),
        ("502 Bad Gateway", r#"{"error":"send_failed"}"#, ErrorCode::SendFailed, None),
    ];
    for (status, body, code, attempts_left) in cases {
        let server = answering(status, body);
        let client = client(&server);
        for error in [
            start(&client, &"+919876543210".into()).unwrap_err(),
            verify(&client, SESSION_ID, "000000").unwrap_err(),
        ] {
            assert_eq!((error.code(), error.attempts_left()), (code, attempts_left), "{body}");
            assert_eq!(error.status(), status.split(' ').next().unwrap().parse().ok());
        }
        assert_eq!(server.requests().len(), 4, "{body}: said once for each call");
    }
}

#[test]
fn a_server_that_can_do_nothing_now_is_asked_again() {
    let server = Server::start(|number, _, stream| {
        if number < 2 {
            return respond_json(stream, "503 Busy", r#"{"error":"unavailable"}"#);
        }
        respond_json(stream, "200 OK", STARTED);
    });
    client(&server).otp().start("+919876543210").unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_pause_of_seconds_is_waited_for_and_a_longer_one_is_told() {
    let server = Server::start(|number, _, stream| {
        let seconds = if number == 0 { 1 } else { 6 };
        let body = format!(r#"{{"error":"rate_limited","retry_after":{seconds}}}"#);
        respond_json(stream, "429 Slow", &body);
    });
    let error = client(&server).otp().start("+919876543210").unwrap_err();
    assert_eq!((error.code(), error.retry_after()), (ErrorCode::RateLimited, Some(Duration::from_secs(6))));
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
}

#[test]
fn another_server_may_say_less_and_more() {
    let server = Server::start(|_, request, stream| {
        let body = if request.body.contains("otp_code") {
            r#"{"status":"verified","phone":"+6281234567890","verified_at":"2025-11-28T12:00:00.000000+00:00",
                "message":"OK"}"#
        } else {
            r#"{"session_id":"sess_xxx","expires_in":300,"debug_code":null,"quota_remaining":"unlimited"}"#
        };
        respond_json(stream, "200 OK", body);
    });
    let key = "sk_live_abc123xyz789";
    let client = Loggin::builder().base_url(server.url()).secret_key(key).build().unwrap();
    let session = start(&client, &OtpRequest::new("81234567890").country_code("62")).unwrap();
    assert_eq!((&*session.session_id, session.sent_via_engine), ("sess_xxx", true));
    assert_eq!(session.quota_remaining, None);
    let result = verify(&client, &session.session_id, "123456").unwrap();
    assert_eq!((result.phone.expose(), result.meta), ("6281234567890", None));
    let request = &server.requests()[0];
    assert_eq!(request.header("Authorization"), Some("Bearer sk_live_abc123xyz789"));
    assert!(!format!("{client:?} {:?}", client.otp()).contains("abc123"));
}

#[test]
fn what_is_no_answer_verifies_nobody() {
    for body in [
        "{}",
        r#"{"status":"pending","phone":"919876543210","verified_at":"2026-11-22T08:00:00Z"}"#,
        r#"{"phone":"919876543210","verified_at":"2026-11-22T08:00:00Z"}"#,
        r#"{"status":"verified","phone":"","verified_at":"2026-11-22T08:00:00Z"}"#,
        r#"{"status":"verified","phone":"++919876543210","verified_at":"2026-11-22T08:00:00Z"}"#,
        r#"{"status":"verified","phone":"919876543210","verified_at":"yesterday"}"#,
        r#"{"session_id":"","expires_in":300}"#,
        r#"{"session_id":7,"expires_in":300}"#,
    ] {
        let server = answering("200 OK", body);
        let client = client(&server);
        assert_eq!(
            verify(&client, SESSION_ID, "1").unwrap_err().code(),
            ErrorCode::InvalidResponse,
            "{body}"
        );
        assert_eq!(start(&client, &"1".into()).unwrap_err().code(), ErrorCode::InvalidResponse, "{body}");
    }
}

#[test]
fn what_can_only_fail_is_not_sent() {
    let server = answering("200 OK", STARTED);
    let client = client(&server);
    assert_eq!(start(&client, &" ".into()).unwrap_err().code(), ErrorCode::InvalidPhone);
    assert_eq!(verify(&client, "", "048392").unwrap_err().code(), ErrorCode::InvalidRequest);
    assert_eq!(verify(&client, SESSION_ID, "\n").unwrap_err().code(), ErrorCode::InvalidCode);
    let stranger = Loggin::builder().base_url(server.url()).build().unwrap();
    assert_eq!(start(&stranger, &"+919876543210".into()).unwrap_err().code(), ErrorCode::Unauthorized);
    assert_eq!(verify(&stranger, SESSION_ID, "048392").unwrap_err().code(), ErrorCode::Unauthorized);
    client.close();
    assert_eq!(start(&client, &"+919876543210".into()).unwrap_err().code(), ErrorCode::Closed);
    assert_eq!(verify(&client, SESSION_ID, "048392").unwrap_err().code(), ErrorCode::Closed);
    assert_eq!(server.requests().len(), 0);
}
