//! Bodies that are too large, cut off, held back or no object.

use std::{collections::BTreeMap, net::IpAddr};

use loggin_protocol::AppKey;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::*;
use crate::{
    limits::Rooms,
    store::{App, Confirm},
    tests::{TestServer, demo_app, demo_key, error_of, sign, token, webhook},
};

const KIB: usize = 1 << 10;

fn app(key: &str) -> AppKey {
    AppKey::parse(key).unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

async fn collected(kib: usize, room: Room<'_>) -> Result<Collected, ErrorCode> {
    let chunks = (0..kib).map(|_| Ok::<_, std::io::Error>(vec![b'x'; KIB]));
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    collect(body, 1 << 20, Some(room)).await.map_err(|error| error.code())
}

#[tokio::test]
async fn a_body_that_is_cut_off_may_be_sent_again() {
    let cut = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let body = Body::from_stream(futures_util::stream::iter([Ok(vec![b'{']), Err(cut)]));
    assert_eq!(collect(body, KIB, None).await.err().unwrap().code(), ErrorCode::Unavailable);
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_not_read() {
    let body = Body::from(vec![b'x'; KIB + 1]);
    assert_eq!(collect(body, KIB, None).await.err().unwrap().code(), ErrorCode::PayloadTooLarge);
    assert_eq!(collect(Body::from(vec![b'x'; KIB]), KIB, None).await.ok().unwrap().len(), KIB);
    // One that does not say so is read up to there.
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; KIB]));
    let refused = collect(Body::from_stream(endless), 3 * KIB, None).await;
    assert_eq!(refused.err().unwrap().code(), ErrorCode::PayloadTooLarge);
}

#[tokio::test]
async fn large_bodies_share_their_room_and_small_ones_need_none() {
    let rooms = Rooms::new([0, 128, 0]);
    let room = |key| rooms.for_caller(Some(app(key)), address("192.0.2.1"));
    let first = collected(8 + 32, room("11111111")).await.unwrap();
    assert_eq!(first.len(), 40 * KIB);
    assert_eq!(collected(9, room("11111111")).await.err(), Some(ErrorCode::RateLimited));
    assert_eq!(collected(8, room("11111111")).await.unwrap().len(), 8 * KIB);
    let mut others = Vec::new();
    for key in ["22222222", "33333333", "44444444"] {
        others.push(collected(8 + 32, room(key)).await.unwrap());
    }
    assert_eq!(collected(9, room("55555555")).await.err(), Some(ErrorCode::Unavailable));
    drop(others);
    assert_eq!(collected(9, room("55555555")).await.unwrap().len(), 9 * KIB);
    drop(first);
    assert_eq!(rooms.held(), [0; 3]);
    assert_eq!(collected(2_000, room("11111111")).await.err(), Some(ErrorCode::RateLimited));
    assert_eq!(rooms.held(), [0; 3]);
}

#[tokio::test]
async fn whoever_fills_one_room_leaves_the_others_as_they_are() {
    let rooms = Rooms::new([64, 64, 64]);
    let mut held = Vec::new();
    for last in 0..4 {
        let unknown = address(&format!("2001:db8:0:{last}::1"));
        held.push(collected(8 + 16, rooms.for_caller(None, unknown)).await.unwrap());
        let neighbour = address(&format!("2001:db8:0:{last}::2"));
        let refused = collected(9, rooms.for_caller(None, neighbour)).await.err();
        assert_eq!(refused, Some(ErrorCode::RateLimited));
    }
    let unknown = address("192.0.2.1");
    assert_eq!(collected(9, rooms.for_caller(None, unknown)).await.err(), Some(ErrorCode::Unavailable));
    assert!(collected(12, rooms.for_webhook(unknown)).await.is_ok());
    assert!(collected(16, rooms.for_caller(Some(app("11111111")), unknown)).await.is_ok());
}

/// A body that each call takes, by the path of the call.
fn bodies() -> BTreeMap<String, Value> {
    let token = token(1).expose();
    let session = "00000000-0000-4000-8000-000000000000";
    BTreeMap::from([
        ("/api/v1/tokens/events".to_owned(), json!({ "tokens": [token], "claim": false })),
        ("/api/v1/tokens/verify".to_owned(), json!({ "token": token })),
        ("/api/v1/tokens/denied".to_owned(), json!({ "login_ids": ["a name"] })),
        ("/api/v1/tokens/confirm".to_owned(), json!({ "token": token, "confirmation_code": "wrong" })),
        ("/api/v1/auth/start".to_owned(), json!({ "phone": "+919876543210", "otp_length": 6 })),
        ("/api/v1/auth/verify".to_owned(), json!({ "session_id": session, "otp_code": "123456" })),
    ])
}

/// The calls of the API that take JSON, as its document has them. Those of administrators have a test of their own; what
/// gateways take is written by other servers.
async fn documented(server: &TestServer) -> Vec<String> {
    let document: Value = server.get("/openapi.json").send().await.unwrap().json().await.unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let taking_json = paths.filter(|(path, operations)| {
        path.starts_with("/api/")
            && !path.starts_with("/api/v1/admin/")
            && !path.starts_with("/api/v1/gateway/")
            && operations["post"]["requestBody"]["content"]["application/json"].is_object()
    });
    taking_json.map(|(path, _)| path.clone()).collect()
}

/// What is no body of a call that takes this one.
pub(in crate::http) fn spoiled(body: &Value) -> Vec<Vec<u8>> {
    let text = body.to_string();
    let fields = body.as_object().unwrap();
    let (name, value) = fields.iter().next().unwrap();
    let values: Vec<&Value> = fields.values().collect();
    let with = |more: &str| format!("{},{more}}}", text.strip_suffix('}').unwrap());
    let deep = format!("\"novelty\":{}{}", "[".repeat(limits::BODY_DEPTH), "]".repeat(limits::BODY_DEPTH));
    let texts = [
        "null".to_owned(),
        "\"text\"".to_owned(),
        json!(values).to_string(),
        json!([body]).to_string(),
        json!({ name: { name: value } }).to_string(),
        with(&format!("\"{name}\":{value}")),
        with("\"novelty\":1,\"novelty\":1"),
        with("\"novelty\":NaN"),
        with("\"novelty\":01"),
        with(&deep),
        with("\"novelty\":1,"),
        format!("{text}{text}"),
        format!("{text} x"),
        format!("\u{feff}{text}"),
    ];
    let mut spoiled: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    spoiled.push([text.as_bytes().strip_suffix(b"}").unwrap(), b",\"novelty\":\"\xff\"}"].concat());
    spoiled
}

#[tokio::test]
async fn each_call_takes_one_object_and_nothing_else() {
    let server = TestServer::start().await;
    assert!(server.server.store.update_app(&App { confirm: Confirm::Code, ..demo_app() }).await.unwrap());
    server.tap(&token(1)).await;
    let bodies = bodies();
    assert_eq!(documented(&server).await, bodies.keys().cloned().collect::<Vec<_>>());
    for (path, body) in &bodies {
        let call = |body: Vec<u8>| {
            let call = server.post(path).bearer_auth(demo_key().expose()).body(body);
            call.header("Content-Type", "application/json").send()
        };
        assert_ne!(call(body.to_string().into_bytes()).await.unwrap().status(), 400, "{path}");
        for body in spoiled(body) {
            let refused = error_of(call(body.clone()).await.unwrap()).await;
            assert_eq!(refused, (400, "invalid_request".to_owned()), "{path} {}", body.escape_ascii());
        }
    }
}

/// Sends all but the last byte of a body, for a client at this address.
async fn held_back(server: &TestServer, address: usize, kib: usize) -> TcpStream {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /api/v1/tokens/events HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.{address}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        kib * KIB
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&vec![b' '; kib * KIB - 1]).await.unwrap();
    socket
}

#[tokio::test]
async fn who_holds_large_bodies_back_keeps_neither_webhooks_nor_apps_out() {
    let server = TestServer::start_with(|settings| settings.bodies_kib = [64, 64, 64]).await;
    let mut held = Vec::new();
    for address in 0..4 {
        held.push(held_back(&server, address, 24).await);
    }
    // 16 KiB of each are more than is free.
    while server.server.bodies.held() != [0, 0, 64] {
        tokio::task::yield_now().await;
    }
    let tokens: Vec<String> = (0..=255).map(|number| token(number).expose()).collect();
    let large = json!({ "tokens": tokens });
    assert!(large.to_string().len() > limits::FREE_BODY);
    let call = || server.post("/api/v1/tokens/events").json(&large);
    let unknown = call().header("X-Forwarded-For", "192.0.2.99").send().await.unwrap();
    assert!(unknown.headers().contains_key("retry-after"));
    assert_eq!(error_of(unknown).await, (503, "unavailable".to_owned()));
    assert_eq!(call().bearer_auth(demo_key().expose()).send().await.unwrap().status(), 200);
    let mut signed = webhook(&[]).to_string();
    signed.push_str(&" ".repeat(12 * KIB));
    let signature = sign(signed.as_bytes());
    let call = server.post("/webhooks/whatsapp").header("X-Hub-Signature-256", signature);
    assert_eq!(call.body(signed).send().await.unwrap().status(), 200);
    drop(held);
}
