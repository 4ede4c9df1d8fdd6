//! Waits whose connection breaks at each byte of the request, and at each byte of the response.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, mpsc};

use loggin::{Loggin, Token};
use loggin_e2e::{
    DEMO_APP, Environment, TEST_TIMEOUT, new_tokens,
    proxy::{Course, Ending, Fate, Proxy, Trouble},
};

/// Bytes of the request of a wait for one token, within a few.
const REQUEST: usize = 400;

/// Places, and with them clients, at a time: each has half a dozen threads.
const AT_A_TIME: usize = 100;

#[test]
fn each_byte_of_a_response_may_be_the_last() {
    let environment = Environment::start();
    let proxy = Proxy::start(environment.address());
    let length = {
        let token = new_tokens(1)[0];
        environment.sign_in(&[token.code()]);
        client(&proxy).wait_for_verify(token).unwrap();
        proxy.until_idle();
        proxy.connections()[0].bytes_down
    };
    for ending in [Ending::Close, Ending::Reset] {
        break_at_each(&environment, length, move |place| Course {
            down: Trouble::CutAfter(place, ending),
            ..Course::default()
        });
    }
}

#[test]
fn each_byte_of_a_request_may_be_the_last() {
    let environment = Environment::start();
    break_at_each(&environment, REQUEST, |place| Course {
        up: Trouble::CutAfter(place, Ending::Reset),
        ..Course::default()
    });
    // The server is told that no more comes, and can still response.
    break_at_each(&environment, REQUEST, |place| Course {
        up: Trouble::EndAfter(place),
        ..Course::default()
    });
}

/// Breaks connections at each of so many places, a part of them at a time.
fn break_at_each(
    environment: &Environment,
    places: usize,
    course: impl Fn(usize) -> Course + Send + Sync + 'static,
) {
    let course = Arc::new(course);
    for first in (0..places).step_by(AT_A_TIME) {
        let course = Arc::clone(&course);
        break_at(environment, AT_A_TIME.min(places - first), move |number| course(first + number));
    }
}

/// A client of its own for each place, whose first connection breaks there; the next one is a good one.
fn break_at(
    environment: &Environment,
    places: usize,
    course: impl Fn(usize) -> Course + Send + Sync + 'static,
) {
    let proxy = Proxy::start(environment.address());
    proxy.disturb(move |number| if number < places { Fate::Carry(course(number)) } else { Fate::FAIR });
    let tokens = new_tokens(places);
    environment.sign_in(&tokens.iter().map(Token::code).collect::<Vec<_>>());
    let clients: Vec<_> = (0..places).map(|_| client(&proxy)).collect();
    let (end, ends) = mpsc::channel();
    let waits: Vec<_> = clients
        .iter()
        .zip(tokens)
        .map(|(client, token)| {
            let (wait, end) = (client.wait_for_verify_async(token), end.clone());
            wait.on_settle(move |result| end.send(result.map_err(|error| error.code())).unwrap());
            wait
        })
        .collect();
    for _ in &waits {
        assert_eq!(ends.recv_timeout(TEST_TIMEOUT).unwrap().unwrap().app_key.as_str(), DEMO_APP);
    }
    proxy.until_idle();
    assert!(proxy.connections().len() >= places, "each place was one connection's");
}

fn client(proxy: &Proxy) -> Loggin {
    Loggin::builder().base_url(proxy.url()).timeout(TEST_TIMEOUT).build().unwrap()
}
