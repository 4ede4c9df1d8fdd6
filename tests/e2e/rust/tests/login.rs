//! Logins from the first call to the session, through the real server and simulator.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

use loggin::{ErrorCode, Loggin, Token};
use loggin_e2e::{Environment, PHONE};

/// Nothing here takes this long unless it hangs.
const TEST_TIMEOUT: Duration = Duration::from_secs(30);

fn client(environment: &Environment) -> Loggin {
    Loggin::builder().base_url(&environment.url).timeout(TEST_TIMEOUT).build().unwrap()
}

#[test]
fn a_person_signs_in_and_the_waiter_wakes() {
    let environment = Environment::start();
    let client = client(&environment);
    let login = client.create_token("8XKPQ2WN").unwrap();
    let pending = client.wait_for_verify_async(login.token);
    let tapped = Instant::now();
    let text = environment.tap(&login.link);
    let session = pending.wait().unwrap();
    println!("from tap to wake: {:.1} ms", tapped.elapsed().as_secs_f64() * 1e3);
    assert!(text.contains(&login.code.expose()));
    assert_eq!(session.phone.expose(), PHONE);
    assert_eq!(session.app_key.as_str(), "8XKPQ2WN");
    assert_eq!(client.verify_token(login.token).unwrap(), Some(session.clone()), "the same redeemer");
    let unknown = self::client(&environment);
    assert_eq!(unknown.verify_token(login.token).unwrap_err().code(), ErrorCode::AlreadyUsed);
    assert_eq!(unknown.wait_for_verify(login.token).unwrap_err().code(), ErrorCode::AlreadyUsed);
}

#[test]
fn a_message_that_is_faster_than_the_wait_is_not_lost() {
    let environment = Environment::start();
    let client = client(&environment);
    let login = client.create_token("8XKPQ2WN").unwrap();
    environment.tap(&login.link);
    assert_eq!(block_on(client.wait_for_verify_async(login.token)).unwrap().phone.expose(), PHONE);
}

#[test]
fn an_unknown_app_is_told_at_once() {
    let environment = Environment::start();
    let client = client(&environment);
    let login = client.create_token("00000000").unwrap();
    assert_eq!(client.wait_for_verify(login.token).unwrap_err().code(), ErrorCode::UnknownApp);
    assert_eq!(client.verify_token(login.token).unwrap_err().code(), ErrorCode::UnknownApp);
}

#[test]
fn hundreds_of_people_sign_in_at_once() {
    let environment = Environment::start();
    let client = client(&environment);
    let logins: Vec<_> = (0..200).map(|_| client.create_token("8XKPQ2WN").unwrap()).collect();
    let waits: Vec<_> = logins.iter().map(|login| client.wait_for_verify_async(login.token)).collect();
    environment.sign_in(&logins.iter().map(|login| login.code).collect::<Vec<_>>());
    for wait in waits {
        assert_ne!(wait.wait().unwrap().phone.expose(), PHONE);
    }
}

#[test]
fn one_message_signs_in_to_one_app() {
    let environment = Environment::start();
    let client = client(&environment);
    let logins: Vec<_> = (0..2).map(|_| client.create_token("8XKPQ2WN").unwrap()).collect();
    let codes: Vec<_> = logins.iter().map(|login| login.code.expose()).collect();
    environment.send(&format!("{} and {}", codes[0], codes[1]));
    for login in &logins {
        assert_eq!(client.verify_token(login.token).unwrap(), None);
    }
    environment.send(&format!("{} and {}", codes[0], codes[0]));
    assert!(client.verify_token(logins[0].token).unwrap().is_some());
}

#[test]
fn a_token_of_the_same_app_that_nobody_sent_stays_pending() {
    let environment = Environment::start();
    let client = client(&environment);
    let (sent, other) = (client.create_token("8XKPQ2WN").unwrap(), client.create_token("8XKPQ2WN").unwrap());
    environment.tap(&sent.link);
    assert!(client.verify_token(sent.token).unwrap().is_some());
    assert_eq!(client.verify_token(other.token).unwrap(), None);
    let changed = Token::parse(&changed_symbol(&sent.token.expose())).unwrap();
    assert_eq!(client.verify_token(changed).unwrap(), None);
}

fn changed_symbol(token: &str) -> String {
    let (head, last) = token.split_at(token.len() - 1);
    format!("{head}{}", if last == "0" { "1" } else { "0" })
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

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
