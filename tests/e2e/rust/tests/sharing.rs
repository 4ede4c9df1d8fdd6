//! One login, several who wait: in one client, one after the other, and in two processes.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, thread};

use loggin::{ErrorCode, Loggin, Session};
use loggin_e2e::{
    DEMO_APP, Environment, TEST_TIMEOUT,
    observer::Observer,
    proxy::{Ending, Proxy},
};

#[test]
fn all_waits_for_a_token_get_its_session_through_a_cut_connection() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    let client = Loggin::builder().base_url(proxy.url()).timeout(TEST_TIMEOUT).build().unwrap();
    let login = client.create_token(DEMO_APP).unwrap();
    let blocked: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            thread::spawn(move || client.wait_for_verify(login.token))
        })
        .collect();
    let pending: Vec<_> = (0..4).map(|_| client.wait_for_verify_async(login.token)).collect();
    proxy.until("the stream is ready", |connections| connections.iter().any(|one| one.bytes_down > 0));
    proxy.isolate(Ending::Reset);
    environment.sign_in(&[login.code]);
    proxy.heal();
    let mut sessions: Vec<_> = blocked.into_iter().map(|wait| wait.join().unwrap().unwrap()).collect();
    sessions.extend(pending.into_iter().map(|wait| wait.wait().unwrap()));
    // Waits that begin when it is over are told the same, and ask nobody.
    let asked = proxy.connections().len();
    sessions.push(client.wait_for_verify(login.token).unwrap());
    sessions.push(client.clone().wait_for_verify(login.token).unwrap());
    assert_eq!(proxy.connections().len(), asked);
    assert_eq!(sessions.iter().map(|session| session.phone.expose()).collect::<BTreeSet<_>>().len(), 1);
    assert!(sessions.iter().all(|session| *session == sessions[0]));
}

#[test]
fn one_of_two_processes_claims_and_the_other_observes() {
    let environment = Environment::start();
    let login = environment.client().create_token(DEMO_APP).unwrap();
    let mut observer = Observer::start(&environment.url, &[login.token]);
    assert_eq!(observer.next_event().unwrap().0, "ready");
    let claimer = environment.client();
    let wait = claimer.wait_for_verify_async(login.token);
    environment.sign_in(&[login.code]);
    let session = wait.wait_timeout(TEST_TIMEOUT).unwrap().unwrap();
    let (name, seen) = terminal_event(&mut observer);
    assert_eq!(name, "verified");
    assert_eq!(seen["code"], login.code.expose());
    assert_eq!(seen["session"]["phone"], session.phone.expose());
    assert!(observer.next_event().is_none(), "a stream ends with its last login");
    // Whoever watches later is told as well; whoever claims later comes too late.
    assert_eq!(terminal_event(&mut Observer::start(&environment.url, &[login.token])).0, "verified");
    let late = environment.client().wait_for_verify(login.token).unwrap_err();
    assert_eq!(late.code(), ErrorCode::AlreadyUsed);
    assert_eq!(claimer.verify_token(login.token).unwrap().unwrap(), session, "the same redeemer as the wait");
}

/// Both wait for the same logins; each login goes to exactly one of them.
#[test]
fn two_claimers_share_no_login() {
    let environment = Environment::start();
    let clients = [environment.client(), environment.client()];
    let logins: Vec<_> = (0..100).map(|_| clients[0].create_token(DEMO_APP).unwrap()).collect();
    let waits = clients.each_ref().map(|client| {
        logins.iter().map(|login| client.wait_for_verify_async(login.token)).collect::<Vec<_>>()
    });
    environment.sign_in(&logins.iter().map(|login| login.code).collect::<Vec<_>>());
    let [ours, theirs] = waits.map(|waits| waits.into_iter().map(|wait| wait.wait().map_err(|e| e.code())));
    let mut claimed = 0;
    for pair in ours.zip(theirs) {
        let is_one_claim = |one: &Result<Session, ErrorCode>, other: &Result<Session, ErrorCode>| {
            one.is_ok() && *other == Err(ErrorCode::AlreadyUsed)
        };
        assert!(is_one_claim(&pair.0, &pair.1) || is_one_claim(&pair.1, &pair.0), "{pair:?}");
        claimed += 1;
    }
    assert_eq!(claimed, logins.len());
}

/// The next event that ends a login.
fn terminal_event(observer: &mut Observer) -> (String, serde_json::Value) {
    loop {
        let event = observer.next_event().unwrap();
        if event.0 == "verified" || event.0 == "rejected" {
            return event;
        }
    }
}
