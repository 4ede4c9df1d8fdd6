//! `Retry-After` before the real server: obeyed, and with no request more than it takes.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use loggin::{ErrorCode, Loggin};
use loggin_e2e::{
    DEMO_APP, Environment, TEST_TIMEOUT,
    proxy::{Fate, Proxy, Request},
};

/// What the gateway asks for, in seconds.
const PAUSE: u32 = 1;

fn client(proxy: &Proxy) -> Loggin {
    Loggin::builder().base_url(proxy.url()).timeout(TEST_TIMEOUT).build().unwrap()
}

fn assert_paused(requests: &[Request]) {
    for pair in requests.windows(2) {
        let pause = pair[1].at - pair[0].at;
        assert!(pause >= Duration::from_secs(PAUSE.into()), "came back after {pause:?}");
    }
}

#[test]
fn waits_come_back_when_they_are_told_and_together() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    proxy.disturb(|number| match number {
        // It is over when the client has taken the response in, not when the response was sent.
        0 => Fate::Busy(PAUSE),
        1 => Fate::Respond(503, PAUSE),
        _ => Fate::FAIR,
    });
    let client = client(&proxy);
    let logins: Vec<_> = (0..200).map(|_| client.create_token(DEMO_APP).unwrap()).collect();
    let (first, rest) = logins.split_first().unwrap();
    let mut waits = vec![client.wait_for_verify_async(first.token)];
    proxy.until("the first is refused", |connections| connections.first().is_some_and(|one| one.is_over));
    // These begin in the first pause, and the wish of one response holds for them all.
    waits.extend(rest.iter().map(|login| client.wait_for_verify_async(login.token)));
    environment.sign_in(&logins.iter().map(|login| login.code).collect::<Vec<_>>());
    for wait in waits {
        assert_eq!(wait.wait_timeout(TEST_TIMEOUT).unwrap().unwrap().app_key.as_str(), DEMO_APP);
    }
    let requests = proxy.stream_requests();
    assert_eq!(requests.iter().map(|request| request.tokens.len()).collect::<Vec<_>>(), [1, 200, 200]);
    assert_paused(&requests);
}

#[test]
fn a_pause_asked_of_an_open_client_holds_for_new_waits_too() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    let client = client(&proxy);
    let (early, late) = (client.create_token(DEMO_APP).unwrap(), client.create_token(DEMO_APP).unwrap());
    let open = client.wait_for_verify_async(early.token);
    proxy.until("the stream is ready", |connections| connections.iter().any(|one| one.bytes_down > 0));
    proxy.disturb(|number| if number == 1 { Fate::Respond(503, PAUSE) } else { Fate::FAIR });
    let refused = client.wait_for_verify_async(late.token);
    proxy.until("the second is refused", |connections| connections.get(1).is_some_and(|one| one.is_over));
    environment.sign_in(&[early.code, late.code]);
    open.wait_timeout(TEST_TIMEOUT).unwrap().unwrap();
    refused.wait_timeout(TEST_TIMEOUT).unwrap().unwrap();
    let requests = proxy.stream_requests();
    assert_eq!(requests.len(), 3);
    assert_paused(&requests[1..]);
}

#[test]
fn a_call_is_tried_three_times_and_not_before_it_may() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    proxy.disturb(|number| Fate::Respond(if number.is_multiple_of(2) { 503 } else { 429 }, PAUSE));
    let client = client(&proxy);
    let login = client.create_token(DEMO_APP).unwrap();
    let error = client.verify_token(login.token).unwrap_err();
    assert_eq!(error.status(), Some(503));
    assert_eq!(error.code(), ErrorCode::InvalidResponse, "a gateway's page is no response of the protocol");
    let requests: Vec<_> = proxy.connections().into_iter().flat_map(|one| one.requests).collect();
    assert_eq!(requests.len(), 3);
    assert_paused(&requests);
}

#[test]
fn a_pause_of_more_than_a_minute_is_told_instead_of_waited_for() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    proxy.disturb(|_| Fate::Respond(429, 61));
    let client = client(&proxy);
    let error = client.verify_token(client.create_token(DEMO_APP).unwrap().token).unwrap_err();
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(61)));
    assert_eq!(proxy.connections().len(), 1);
}
