//! Waits that are given up, by thousands: the server is rid of them at once.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use loggin::{ErrorCode, Loggin, Pending, Session};
use loggin_e2e::{
    DEMO_APP, Environment, TEST_TIMEOUT, new_tokens,
    proxy::{Connection, Proxy},
};

/// Waits that are dropped.
const DROPPED: usize = 10_000;

/// Waits of a client that is closed.
const CLOSED: usize = 50_000;

/// How many tokens the streams that are open now were sent; one that is just moving counts twice.
fn carried(connections: &[Connection]) -> usize {
    let open = connections.iter().filter(|connection| !connection.is_over);
    open.flat_map(|connection| &connection.requests).map(|request| request.tokens.len()).sum()
}

fn start(client: &Loggin, count: usize) -> Vec<Pending<Session>> {
    new_tokens(count).into_iter().map(|token| client.wait_for_verify_async(token)).collect()
}

#[test]
fn dropped_waits_leave_the_server_and_the_others_stay() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    let client = Loggin::builder().base_url(proxy.url()).build().unwrap();
    let kept = client.create_token(DEMO_APP).unwrap();
    let wait = client.wait_for_verify_async(kept.token);
    let dropped = start(&client, DROPPED);
    proxy.until("all are carried", |connections| carried(connections) > DROPPED);
    let before = proxy.stream_requests().len();
    let began = Instant::now();
    drop(dropped);
    let took = began.elapsed();
    proxy.until("only the kept one is carried", |connections| carried(connections) == 1);
    println!(
        "{DROPPED} waits dropped in {took:?}, gone from the server {:?} later",
        began.elapsed().saturating_sub(took)
    );
    let replaced = proxy.stream_requests().len() - before;
    assert!(replaced <= 100, "{replaced} streams were opened to be rid of them");
    environment.sign_in(&[kept.code]);
    assert_eq!(wait.wait_timeout(TEST_TIMEOUT).unwrap().unwrap().app_key.as_str(), DEMO_APP);
    proxy.until_idle();
}

#[test]
fn when_all_are_dropped_no_connection_stays_and_none_is_opened() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    let client = Loggin::builder().base_url(proxy.url()).build().unwrap();
    let waits = start(&client, 100);
    proxy.until("all are carried", |connections| carried(connections) == 100);
    drop(waits);
    proxy.until_idle();
}

#[test]
fn closing_ends_fifty_thousand_waits() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    let client = Loggin::builder().base_url(proxy.url()).build().unwrap();
    let waits = start(&client, CLOSED);
    proxy.until("a stream is ready", |connections| connections.iter().any(|one| one.bytes_down > 0));
    let began = Instant::now();
    client.close();
    println!("closed with {CLOSED} waits in {:?}", began.elapsed());
    for wait in waits {
        assert_eq!(wait.result().unwrap().unwrap_err().code(), ErrorCode::Closed);
    }
    proxy.until_idle();
}
