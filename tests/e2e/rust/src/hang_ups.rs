//! Callers that hang up: people confirm their sign-ins, and their connections break off at every moment of the call. Whoever
//! waits must be told of each that was stored.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use loggin::{Pending, Session, Token};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use serde_json::json;

use crate::{Environment, TEST_TIMEOUT, environment::client_of, new_tokens};

/// Logins of one round: each takes a phone, and a webhook call.
pub const LOGINS: usize = 40;

/// What a round showed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Calls whose caller was gone before there was a response.
    pub hung_up: usize,
    /// The longest time from the moment when a login was known to be verified to the end of its wait.
    pub longest: Duration,
}

/// A server whose app asks for confirmation, in this folder.
pub fn environment_in(data: &Path) -> Environment {
    let environment = Environment::start_in(data);
    environment.update_app(data, &["--confirm", "code"]);
    environment
}

/// Runs a round; panics where a login that was confirmed is not told.
pub fn run(environment: &Environment, seed: u64) -> Report {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let client = client_of(&environment.url);
    let tokens = new_tokens(LOGINS);
    let waits: Vec<Pending<Session>> =
        tokens.iter().map(|token| client.wait_for_verify_async(*token)).collect();
    let mut report = Report::default();
    let mut verified = Vec::with_capacity(tokens.len());
    // The first caller stays, and shows how long a call takes on this machine now; the others stay up to twice as long.
    let mut usual_call = None;
    for token in &tokens {
        let digits = digits_of(environment, *token);
        let timeout = match usual_call {
            None => TEST_TIMEOUT,
            Some(usual) => random.random_range(Duration::ZERO..=2 * usual),
        };
        let called = Instant::now();
        report.hung_up += usize::from(confirm(environment, *token, &digits, timeout).is_none());
        usual_call.get_or_insert_with(|| called.elapsed());
        // A second call, whose caller stays, is told what became of the first.
        let status = confirm(environment, *token, &digits, TEST_TIMEOUT);
        assert_eq!(status, Some(200), "the digits are right");
        verified.push(Instant::now());
    }
    for (wait, verified) in waits.into_iter().zip(verified) {
        let session = wait.wait().expect("a login that was confirmed is told");
        assert!(!session.phone.expose().is_empty());
        report.longest = report.longest.max(verified.elapsed());
    }
    report
}

/// Sends the message of a login from a new phone; the digits that come back.
pub fn digits_of(environment: &Environment, token: Token) -> String {
    let text = answer_to(environment, token);
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Sends the message of a login from a new phone; the text that comes back.
pub fn answer_to(environment: &Environment, token: Token) -> String {
    let phone = environment.new_phone();
    environment.send_from(&phone, &token.code().expose());
    let own = environment.messages_on(&phone);
    let seq = own.last().and_then(|message| message["seq"].as_u64()).unwrap();
    let replies = match &own[..] {
        [_own] => environment.messages_after(&phone, seq),
        _ => own,
    };
    replies.last().and_then(|message| message["text"].as_str()).unwrap().to_owned()
}

/// Calls, and stays on the line so long; the status of the response, or `None` where there was none by then.
fn confirm(environment: &Environment, token: Token, digits: &str, timeout: Duration) -> Option<u16> {
    let body = json!({ "token": token.expose(), "confirmation_code": digits }).to_string();
    let length = body.len();
    let request = format!(
        "POST /api/v1/tokens/confirm HTTP/1.1\r\nHost: loggin\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let mut socket = TcpStream::connect(environment.address()).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    // The system rounds the timeouts of sockets up to milliseconds, in which calls are over.
    socket.set_nonblocking(true).unwrap();
    let (mut head, mut length) = ([0; 12], 0);
    let given_up = Instant::now() + timeout;
    while length < head.len() {
        match socket.read(&mut head[length..]) {
            Ok(0) => return None,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < given_up => {
                std::thread::yield_now();
            }
            Err(_) => return None,
        }
    }
    std::str::from_utf8(&head[9..]).ok()?.parse().ok()
}
