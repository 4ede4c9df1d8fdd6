//! A device that observes, is frozen and goes on, and the app's server that redeems: against the real server.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use std::time::Duration;

use loggin::{ErrorCode, Loggin, Observer, Token};
use loggin_e2e::{
    DEMO_APP, Environment, PHONE, TEST_TIMEOUT,
    proxy::{Course, Ending, Fate, Proxy, Request, Trouble},
};

/// A wait that ends before the client by itself gives a stream up that does not respond, which is after 20 s.
const BEFORE_GIVING_UP: Duration = Duration::from_secs(15);

fn device(environment: &Environment) -> Observer {
    Loggin::builder().base_url(&environment.url).timeout(TEST_TIMEOUT).build_observer().unwrap()
}

#[test]
fn a_device_observes_and_the_apps_server_redeems() {
    let environment = Environment::start();
    let device = device(&environment);
    let login = device.create_token(DEMO_APP).unwrap();
    let wait = device.start_wait(login.token, None);
    environment.tap(&login.link);
    let observed = wait.wait().unwrap();
    assert_eq!(observed.phone.unwrap().expose(), PHONE);
    let session = environment.client().verify_token(login.token).unwrap().expect("nobody has redeemed it");
    assert_eq!((session.app_key, session.verified_at), (observed.app_key, observed.verified_at));
    let again = self::device(&environment).start_wait(login.token, None).wait();
    assert_eq!(again.unwrap().verified_at, session.verified_at, "a redeemed login may still be observed");
}

#[test]
fn what_happens_while_a_device_is_frozen_is_told_when_it_goes_on() {
    let environment = Environment::start();
    let device = device(&environment);
    let login = device.create_token(DEMO_APP).unwrap();
    let wait = device.start_wait(login.token, None);
    device.suspend();
    environment.tap(&login.link);
    let session = environment.client().wait_for_verify(login.token).unwrap();
    assert_eq!(wait.result(), None, "a suspended device is told nothing");
    device.resume();
    assert_eq!(wait.wait().unwrap().verified_at, session.verified_at);
}

#[test]
fn a_saved_token_is_waited_for_by_a_client_that_did_not_make_it() {
    let environment = Environment::start();
    let saved = device(&environment).create_token(DEMO_APP).unwrap();
    environment.tap(&saved.link);
    let next_life = device(&environment);
    let saved_text = saved.token.expose();
    assert!(next_life.start_wait(&saved_text, None).wait().is_ok());
    let unknown = next_life.create_token("00000000").unwrap();
    assert_eq!(next_life.start_wait(unknown.token, None).wait().unwrap_err().code(), ErrorCode::UnknownApp);
}

/// The network that the connection was made on is gone, and nobody says so: only its silence would show it, later
/// than this wait lasts.
#[test]
fn a_connection_that_died_in_silence_is_replaced_when_the_network_changes() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    proxy.disturb(|number| match number {
        0 => Fate::Carry(Course { down: Trouble::StallAfter(0), ..Course::default() }),
        _ => Fate::FAIR,
    });
    let device = Loggin::builder().base_url(proxy.url()).timeout(BEFORE_GIVING_UP).build_observer().unwrap();
    let login = device.create_token(DEMO_APP).unwrap();
    let wait = device.start_wait(login.token, None);
    proxy.until("the request has passed", |connections| {
        connections.iter().any(|each| each.requests.iter().any(Request::is_for_events))
    });
    sign_in(&environment, login.token);
    assert_eq!(wait.result(), None, "the response is on a dead connection");
    device.resume();
    assert!(wait.wait().is_ok());
    assert_eq!(proxy.connections().len(), 2);
}

#[test]
fn a_device_without_a_network_does_not_try_while_it_is_frozen() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    proxy.isolate(Ending::Reset);
    let device = Loggin::builder().base_url(proxy.url()).timeout(TEST_TIMEOUT).build_observer().unwrap();
    let login = device.create_token(DEMO_APP).unwrap();
    let wait = device.start_wait(login.token, None);
    proxy.until("it has tried", |connections| !connections.is_empty());
    device.suspend();
    proxy.until_idle();
    let tried = proxy.connections().len();
    proxy.heal();
    sign_in(&environment, login.token);
    assert_eq!((wait.result(), proxy.connections().len()), (None, tried));
    device.resume();
    assert!(wait.wait().is_ok());
    assert_eq!(proxy.connections().len(), tried + 1, "the first try after the return is the one");
}

/// Signs in with this login, and returns once others are told.
fn sign_in(environment: &Environment, token: Token) {
    environment.sign_in(&[token.code()]);
    assert!(device(environment).start_wait(token, None).wait().is_ok());
}
