//! Streams and long polls over real connections.

use std::time::Duration;

use loggin_protocol::{AppKey, Token};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    clock::Clock,
    logins::life,
    store::{Act, App},
    tests::{APP, EventReader, PHONE, TestServer, demo_app, error_of, guarded_app, token, token_of},
};

fn names(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

/// All events to the end of the stream.
async fn rest(stream: &mut EventReader) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    while let Some(event) = stream.event().await {
        events.push(event);
    }
    events
}

#[tokio::test]
async fn a_claiming_stream_is_told_of_the_tap_and_ends() {
    let server = TestServer::start().await;
    let mut stream = server.stream(&[token(1)], Some("key")).await;
    assert_eq!(stream.event().await.unwrap(), ("ready".to_owned(), json!({ "pending": 1 })));
    server.tap(&token(1)).await;
    let events = rest(&mut stream).await;
    assert_eq!(names(&events), ["verified"]);
    let session = json!({
        "app_key": APP, "phone": PHONE, "user_id": "IN.1000", "confirmation": "none",
        "verified_at": "2026-09-26T10:00:00.000Z", "assurance": "normal",
        "subject": events[0].1["session"]["subject"],
    });
    assert_eq!(events[0].1, json!({ "code": token(1).code().expose(), "session": session }));
    assert_eq!(error_of(server.verify(&token(1), "another").await).await, (409, "already_used".to_owned()));
}

#[tokio::test]
async fn ready_comes_first_then_what_is_known_already() {
    let server = TestServer::start().await;
    server.tap(&token(1)).await;
    let unknown = token_of("00000000", 1);
    let texts = [
        token(2).expose(),
        "rubbish".to_owned(),
        token(1).expose(),
        unknown.expose(),
        token(2).expose().to_lowercase(),
    ];
    let call = server.post("/api/v1/tokens/events").json(&json!({ "tokens": texts, "novelty": true }));
    let mut stream = EventReader::new(call.send().await.unwrap());
    assert_eq!(stream.event().await.unwrap(), ("ready".to_owned(), json!({ "pending": 1 })));
    let mut told = Vec::new();
    for _ in 0..3 {
        let (name, data) = stream.event().await.unwrap();
        told.push((name, data["code"].clone(), data["token_index"].clone(), data["error"].clone()));
    }
    let code = |token: Token| json!(token.code().expose());
    assert_eq!(
        told,
        [
            ("rejected".to_owned(), Value::Null, json!(1), json!("invalid_token")),
            ("rejected".to_owned(), code(unknown), Value::Null, json!("unknown_app")),
            ("verified".to_owned(), code(token(1)), Value::Null, Value::Null),
        ]
    );
    server.tap(&token(2)).await;
    assert_eq!(names(&rest(&mut stream).await), ["verified"]);
}

#[tokio::test]
async fn tokens_of_another_app_than_the_call_names_are_rejected_and_not_spent() {
    let server = TestServer::start().await;
    let (app, key) = guarded_app("11111111");
    server.add_app(&app).await;
    let theirs = token_of("11111111", 1);
    server.tap(&theirs).await;
    server.tap(&token(1)).await;
    for with_key in [true, false] {
        let body = json!({ "tokens": [theirs.expose(), token(1).expose()], "claim": true, "app_key": APP });
        let call = server.post("/api/v1/tokens/events").header("Idempotency-Key", "key").json(&body);
        let call = if with_key { call.bearer_auth(key.expose()) } else { call };
        let mut events = rest(&mut EventReader::new(call.send().await.unwrap())).await;
        events.retain(|(name, _)| name != "ready");
        let told = |data: &Value| (data["code"].clone(), data["error"].clone());
        let unknown = (json!(theirs.code().expose()), json!("unknown_app"));
        assert_eq!(told(&events[0].1), unknown);
        // With the key of the other app, none of the tokens is this call's to ask about.
        let ours = if with_key { json!("unauthorized") } else { Value::Null };
        assert_eq!(told(&events[1].1), (json!(token(1).code().expose()), ours));
    }
    let body = json!({ "token": theirs.expose(), "app_key": "11111111" });
    let call = server.post("/api/v1/tokens/verify").bearer_auth(key.expose()).json(&body);
    assert_eq!(call.send().await.unwrap().status(), 200);
    let body = json!({ "tokens": [token(1).expose()], "app_key": "none" });
    let call = server.post("/api/v1/tokens/events").json(&body).send().await.unwrap();
    assert_eq!(error_of(call).await, (400, "invalid_app_key".to_owned()));
}

#[tokio::test]
async fn a_stream_of_ended_tokens_ends_at_once() {
    let server = TestServer::start().await;
    let mut stream = server.stream(&[token_of("00000000", 1)], None).await;
    assert_eq!(names(&rest(&mut stream).await), ["ready", "rejected"]);
}

#[tokio::test]
async fn of_two_claiming_streams_one_wins_and_observers_are_told_too() {
    let server = TestServer::start().await;
    let mut first = server.stream(&[token(1)], Some("first")).await;
    let mut second = server.stream(&[token(1)], Some("second")).await;
    let mut same = server.stream(&[token(1)], Some("first")).await;
    let mut observer = server.stream(&[token(1)], None).await;
    for stream in [&mut first, &mut second, &mut same, &mut observer] {
        assert_eq!(stream.event().await.unwrap().0, "ready");
    }
    server.tap(&token(1)).await;
    let ends =
        [rest(&mut first).await, rest(&mut same).await, rest(&mut second).await, rest(&mut observer).await];
    let ends: Vec<Vec<&str>> = ends.iter().map(|events| names(events)).collect();
    assert_eq!(ends[3], ["verified"]);
    assert_eq!(ends[0], ends[1]);
    let mut of_redeemers = [ends[0][0], ends[2][0]];
    of_redeemers.sort_unstable();
    assert_eq!(of_redeemers, ["rejected", "verified"]);
}

#[tokio::test]
async fn progress_is_told_also_to_who_comes_late() {
    let server = TestServer::start().await;
    let app = App { confirm: crate::store::Confirm::Code, ..demo_app() };
    assert!(server.server.store.update_app(&app).await.unwrap());
    server.tap(&token(1)).await;
    let mut stream = server.stream(&[token(1)], Some("key")).await;
    assert_eq!(stream.event().await.unwrap().1, json!({ "pending": 1 }));
    let expected = json!({ "code": token(1).code().expose(), "status": "awaiting_confirmation" });
    assert_eq!(stream.event().await.unwrap(), ("progress".to_owned(), expected));
}

#[tokio::test]
async fn expiry_is_told() {
    let server = TestServer::start().await;
    let mut stream = server.stream(&[token(1)], Some("key")).await;
    assert_eq!(stream.event().await.unwrap().0, "ready");
    server.clock.advance(life::PENDING);
    server.server.logins.expire().await.unwrap();
    let events = rest(&mut stream).await;
    assert_eq!((names(&events), &events[0].1["error"]), (vec!["rejected"], &json!("expired")));
}

#[tokio::test]
async fn too_few_and_too_many_tokens_are_refused() {
    let server = TestServer::start().await;
    let (app, key) = guarded_app("11111111");
    server.add_app(&app).await;
    let tokens = |count: u32| -> Vec<Token> {
        let secret = |number: u32| {
            let mut secret = [0; 20];
            secret[..4].copy_from_slice(&number.to_le_bytes());
            secret
        };
        (0..count).map(|number| Token::from_secret(app.app_key, secret(number))).collect()
    };
    for count in [0, 101] {
        let response = server.events(&tokens(count), None).send().await.unwrap();
        assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()), "{count}");
    }
    let mut stream = server.stream(&tokens(100), None).await;
    assert_eq!(stream.event().await.unwrap().1, json!({ "pending": 100 }));
    let with_key =
        |count| server.events(&tokens(count), Some("key")).header("X-Api-Key", key.expose()).send();
    let response = with_key(10_001).await.unwrap();
    assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()));
    let mut stream = EventReader::new(with_key(10_000).await.unwrap());
    assert_eq!(stream.event().await.unwrap().1, json!({ "pending": 10_000 }));
}

#[tokio::test]
async fn claiming_needs_an_idempotency_key() {
    let server = TestServer::start().await;
    let body = json!({ "tokens": [token(1).expose()], "claim": true });
    let response = server.post("/api/v1/tokens/events").json(&body).send().await.unwrap();
    assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn redeeming_needs_the_secret_key_and_observing_does_not() {
    let server = TestServer::start().await;
    let (app, key) = guarded_app("11111111");
    server.add_app(&App { hide_phone_from_browser: true, ..app }).await;
    let token = token_of("11111111", 1);
    server.tap(&token).await;

    let mut claiming = server.stream(&[token], Some("key")).await;
    let events = rest(&mut claiming).await;
    assert_eq!((names(&events), &events[1].1["error"]), (vec!["ready", "rejected"], &json!("unauthorized")));

    let mut observer = server.stream(&[token], None).await;
    let events = rest(&mut observer).await;
    assert_eq!(names(&events), ["ready", "verified"]);
    assert_eq!(events[1].1["session"]["phone"], Value::Null);
    assert_eq!(events[1].1["session"]["user_id"], Value::Null);

    let call = || server.events(&[token, self::token(1)], Some("key"));
    let response = call().header("X-Api-Key", key.expose()).send().await.unwrap();
    let events = rest(&mut EventReader::new(response)).await;
    assert_eq!(names(&events), ["ready", "rejected", "verified"]);
    assert_eq!(events[1].1["error"], "unauthorized");
    assert_eq!(events[2].1["session"]["phone"], PHONE);
}

#[tokio::test]
async fn a_long_poll_answers_at_the_first_end() {
    let server = TestServer::start().await;
    let poll =
        |key: &str| server.events(&[token(1), token(2)], Some(key)).header("Accept", "application/json");
    let waiting = tokio::spawn(poll("key").send());
    let slot = server.server.waiters.register(&[token(2).code()]);
    server.tap(&token(2)).await;
    slot.news().await;
    let body: Value = waiting.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(body["events"].as_array().unwrap().len(), 1);
    assert_eq!(body["events"][0]["event"], "verified");
    assert_eq!(body["events"][0]["data"]["code"], token(2).code().expose());
    let body: Value = poll("another").send().await.unwrap().json().await.unwrap();
    assert_eq!(body["events"][0]["data"]["error"], "already_used");
}

/// A long poll for one token, of a caller that was told this much.
fn poll_knowing(server: &TestServer, known: &Value) -> reqwest::RequestBuilder {
    let body = json!({ "tokens": [token(1).expose()], "known": known });
    server.post("/api/v1/tokens/events").header("Accept", "application/json").json(&body)
}

fn awaiting_confirmation() -> Value {
    let data = json!({ "code": token(1).code().expose(), "status": "awaiting_confirmation" });
    json!({ "events": [{ "event": "progress", "data": data }] })
}

async fn ask_for_codes(server: &TestServer) {
    let app = App { confirm: crate::store::Confirm::Code, ..demo_app() };
    assert!(server.server.store.update_app(&app).await.unwrap());
}

#[tokio::test]
async fn a_long_poll_answers_at_progress_that_comes_while_it_waits() {
    let server = TestServer::start().await;
    ask_for_codes(&server).await;
    let waiting = tokio::spawn(poll_knowing(&server, &json!({})).send());
    let mut watching = server.stream(&[token(1)], None).await;
    assert_eq!(watching.event().await.unwrap().0, "ready");
    server.tap(&token(1)).await;
    assert_eq!(watching.event().await.unwrap().0, "progress");
    let body: Value = waiting.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(body, awaiting_confirmation());
}

#[tokio::test]
async fn a_long_poll_is_told_at_once_of_progress_that_it_does_not_know_and_of_no_other() {
    let server = TestServer::start_with(|settings| settings.long_poll = Duration::from_millis(1)).await;
    ask_for_codes(&server).await;
    server.tap(&token(1)).await;
    let code = token(1).code().expose().to_lowercase();
    for (known, expected) in [
        (json!({}), awaiting_confirmation()),
        (json!({ code.clone(): "message_received" }), awaiting_confirmation()),
        (json!({ code.clone(): "of_a_newer_client" }), awaiting_confirmation()),
        (json!({ "rubbish": "awaiting_confirmation" }), awaiting_confirmation()),
        (json!({ code: "awaiting_confirmation" }), json!({ "events": [] })),
    ] {
        let response = poll_knowing(&server, &known).send().await.unwrap();
        assert_eq!(response.json::<Value>().await.unwrap(), expected, "{known}");
    }
    let response = poll_knowing(&server, &json!([])).send().await.unwrap();
    assert_eq!(error_of(response).await, (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_long_poll_of_nothing_new_is_empty() {
    let server = TestServer::start_with(|settings| settings.long_poll = Duration::from_millis(1)).await;
    let response =
        server.events(&[token(1)], None).header("Accept", "application/json").send().await.unwrap();
    assert_eq!(response.json::<Value>().await.unwrap(), json!({ "events": [] }));
}

#[tokio::test]
async fn a_heartbeat_comes_with_each_turn_of_the_wheel() {
    let server = TestServer::start().await;
    let mut stream = server.stream(&[token(1)], None).await;
    assert_eq!(stream.event().await.unwrap().0, "ready");
    for _ in 0..2 {
        // 15 s at most: see the length of a tick.
        for _ in 0..14 {
            server.server.waiters.tick();
        }
        assert!(stream.block().await.unwrap().contains_key(""));
    }
}

#[tokio::test]
async fn who_waits_is_told_when_the_app_is_deleted_or_disabled() {
    let act = |app_key: AppKey, deletes: bool, now| {
        if deletes { Act::DeleteApp(app_key) } else { Act::DisableApp(app_key, now) }
    };
    for deletes in [true, false] {
        let server = TestServer::start().await;
        let (app, key) = guarded_app("11111111");
        server.add_app(&app).await;
        let theirs = token_of("11111111", 1);
        let mut both = server.stream(&[theirs, token(1)], None).await;
        assert_eq!(both.event().await.unwrap(), ("ready".to_owned(), json!({ "pending": 2 })));
        let mut only = EventReader::new(
            server.events(&[theirs], Some("key")).bearer_auth(key.expose()).send().await.unwrap(),
        );
        assert_eq!(only.event().await.unwrap(), ("ready".to_owned(), json!({ "pending": 1 })));
        let poll = server.events(&[theirs], None).header("Accept", "application/json");
        let poll = tokio::spawn(poll.send());
        while server.server.waiters.waiting_for(theirs.code()) < 3 {
            tokio::task::yield_now().await;
        }

        let act = act(app.app_key, deletes, server.clock.now());
        assert!(server.server.store.administer(act, "alice".to_owned(), server.clock.now()).await.unwrap());
        while server.server.apps.find(app.app_key).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
        for _ in 0..14 {
            server.server.waiters.tick();
        }
        let end = (json!(theirs.code().expose()), json!("unknown_app"));
        let told = |(name, data): (String, Value)| {
            assert_eq!(name, "rejected");
            (data["code"].clone(), data["error"].clone())
        };
        assert_eq!(told(both.event().await.unwrap()), end);
        assert_eq!(told(only.event().await.unwrap()), end);
        assert!(only.event().await.is_none(), "nothing is left to wait for");
        let polled: Value = poll.await.unwrap().unwrap().json().await.unwrap();
        assert_eq!(polled["events"][0]["data"]["error"], "unknown_app", "{polled}");
        server.tap(&token(1)).await;
        assert_eq!(
            names(&rest(&mut both).await),
            ["verified"],
            "other apps' logins are waited for as before"
        );
    }
}

#[tokio::test]
async fn at_the_end_of_the_server_streams_are_told_when_to_come_back() {
    let server = TestServer::start().await;
    let mut streams = Vec::new();
    for number in 0..3 {
        let mut stream = server.stream(&[token(number)], Some("key")).await;
        assert_eq!(stream.event().await.unwrap().0, "ready");
        streams.push(stream);
    }
    let poll = server.events(&[token(9)], None).header("Accept", "application/json");
    let poll = tokio::spawn(poll.send());
    server.stop.send_replace(true);
    for stream in &mut streams {
        let retry: u64 = stream.block().await.unwrap()["retry"].parse().unwrap();
        assert!((500..=1_500).contains(&retry), "{retry}");
        assert!(stream.block().await.is_none());
    }
    // The poll was under way or is refused, but does not hold the end up.
    drop(poll.await.unwrap());
    server.serving.await.unwrap();
    assert_eq!(server.server.waiters.len(), 0);
}

/// Sends a request as it stands, and reads all that comes back.
async fn exchange(server: &TestServer, request: &str) -> String {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    socket.read_to_string(&mut response).await.unwrap();
    response
}

fn request(version: &str, tokens: &Value) -> String {
    let body = json!({ "tokens": tokens }).to_string();
    let length = body.len();
    format!(
        "POST /api/v1/tokens/events HTTP/{version}\r\nHost: a\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_the_stream_unframed() {
    let server = TestServer::start().await;
    let response = exchange(&server, &request("1.0", &json!(["rubbish"]))).await;
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && !head.contains("transfer-encoding"), "{head}");
    assert!(body.starts_with("event: ready\ndata: {\"pending\":0}\n\n"), "{body}");
}

#[tokio::test]
async fn a_stream_begins_after_the_responses_before_it() {
    let server = TestServer::start().await;
    let before = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20);
    let response = exchange(&server, &(before + &request("1.1", &json!(["rubbish"])))).await;
    assert_eq!(response.matches("HTTP/1.1 200 OK\r\n").count(), 21);
    assert!(response.ends_with("\r\n0\r\n\r\n"), "{response}");
    let stream = response.rfind("HTTP/1.1 200 OK").unwrap();
    assert!(response[stream..].contains("x-accel-buffering: no\r\n"));
}

#[tokio::test]
async fn a_client_that_goes_is_waited_for_no_longer() {
    let server = TestServer::start().await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(request("1.1", &json!([token(1).expose()])).as_bytes()).await.unwrap();
    let mut first = [0; 12];
    socket.read_exact(&mut first).await.unwrap();
    assert_eq!(server.server.waiters.len(), 1);
    socket.shutdown().await.unwrap();
    // The server ends its side once it has let go.
    socket.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(server.server.waiters.len(), 0);
}

#[tokio::test]
async fn who_sends_on_into_a_stream_is_cut_off() {
    let server = TestServer::start().await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(request("1.1", &json!([token(1).expose()])).as_bytes()).await.unwrap();
    let mut first = [0; 12];
    socket.read_exact(&mut first).await.unwrap();
    // It may be cut off while it still sends.
    let _ = socket.write_all(&vec![b'x'; 1 << 20]).await;
    let _ = socket.read_to_end(&mut Vec::new()).await;
    assert_eq!(server.server.waiters.len(), 0);
}

#[tokio::test]
async fn an_address_holds_so_many_streams() {
    let server = TestServer::start().await;
    let call =
        |address: &'static str| server.events(&[token(1)], None).header("X-Forwarded-For", address).send();
    let held: Vec<_> = (0..crate::limits::STREAMS_PER_ADDRESS)
        .map(|_| server.server.streams.count("192.0.2.1".parse().unwrap()).unwrap())
        .collect();
    let refused = call("192.0.2.1").await.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(error_of(refused).await, (429, "rate_limited".to_owned()));
    assert_eq!(call("192.0.2.2").await.unwrap().status(), 200);
    assert_eq!(server.events(&[token(1)], None).send().await.unwrap().status(), 200);
    drop(held);
    assert_eq!(call("192.0.2.1").await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_address_waits_for_so_many_tokens_in_a_minute_however_its_proxy_writes_it() {
    let server = TestServer::start().await;
    let tokens: Vec<Token> = (0..100).map(token).collect();
    let call = |forwarded: Option<&'static str>| {
        let call = server.events(&tokens, None);
        match forwarded {
            Some(forwarded) => call.header("X-Forwarded-For", forwarded),
            None => call,
        }
        .send()
    };
    for forwarded in [
        Some("203.0.113.7"),
        Some("203.0.113.8:17085"),
        Some("[2001:db8::8]:4711"),
        Some("203.0.113.9:17085, 127.0.0.1"),
        Some("rubbish"),
    ] {
        for _ in 0..crate::limits::WAITS_PER_ADDRESS / 100 {
            assert_eq!(call(forwarded).await.unwrap().status(), 200, "{forwarded:?}");
        }
        let refused = error_of(call(forwarded).await.unwrap()).await;
        assert_eq!(refused, (429, "rate_limited".to_owned()), "{forwarded:?}");
    }
    // What names nobody is the proxy's own call, in whichever way it names nobody.
    assert_eq!(call(None).await.unwrap().status(), 429);
    server.clock.advance(crate::limits::WAITS_WINDOW);
    assert_eq!(call(Some("203.0.113.7")).await.unwrap().status(), 200);
}
