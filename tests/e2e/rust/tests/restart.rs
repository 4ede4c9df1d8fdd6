//! The server goes and comes back with ten thousand logins pending.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use std::{
    path::Path,
    sync::mpsc::{self, Receiver, Sender, TryRecvError},
    time::{Duration, Instant},
};

use loggin::{Code, Error, Loggin, Pending, Session};
use loggin_e2e::{
    DEMO_APP, Environment, Stop, TEST_TIMEOUT, new_tokens,
    proxy::{Ending, Proxy},
};

/// Logins that are pending.
const PENDING: usize = 10_000;

#[test]
fn waits_survive_a_server_that_is_restarted() {
    let data = tempfile::tempdir().unwrap();
    survive(data.path(), Stop::Terminate);
}

#[test]
fn waits_survive_a_server_that_is_killed() {
    let data = tempfile::tempdir().unwrap();
    survive(data.path(), Stop::Kill);
}

/// A third of the logins is verified while the clients are away, by the old server and by the new one, the rest once
/// they are back.
fn survive(data: &Path, how: Stop) {
    let environment = Environment::start_in(data);
    let proxy = Proxy::start(environment.address());
    let client = Loggin::builder().base_url(proxy.url()).build().unwrap();
    let waits = Waits::start(&client);
    proxy.until("every token is with the server", |connections| {
        let open = connections.iter().filter(|connection| !connection.is_over && connection.bytes_down > 0);
        open.flat_map(|connection| &connection.requests).map(|request| request.tokens.len()).sum::<usize>()
            >= PENDING
    });
    let (by_the_old, rest) = waits.codes.split_at(PENDING / 6);
    let (by_the_new, later) = rest.split_at(PENDING / 6);

    proxy.isolate(Ending::Reset);
    environment.sign_in(by_the_old);
    let environment = environment.stop(how)(data);
    environment.sign_in(by_the_new);
    assert_eq!(waits.ends.try_recv().err(), Some(TryRecvError::Empty), "nobody could be told");
    proxy.heal();
    let healed = Instant::now();
    let told = by_the_old.len() + by_the_new.len();
    waits.expect(told);
    println!("{how:?}: {told} waits were told {:?} after the network was back", healed.elapsed());

    assert_eq!(waits.ends.try_recv().err(), Some(TryRecvError::Empty), "the others wait on");
    environment.sign_in(later);
    let verified = Instant::now();
    waits.expect(later.len());
    println!("{how:?}: the last of the rest {:?} after its message", verified.elapsed());
    assert_eq!(waits.ends.try_recv().err(), Some(TryRecvError::Empty), "each is told once");
    proxy.until_idle();
}

/// The clients are connected all the time, and the new server has the old one's port.
#[test]
fn a_restart_under_the_waits_is_bridged() {
    for how in [Stop::Terminate, Stop::Kill] {
        let data = tempfile::tempdir().unwrap();
        let environment = Environment::start_in(data.path());
        let client = Loggin::builder().base_url(&environment.url).build().unwrap();
        let waits = Waits::start(&client);
        let (before, after) = waits.codes.split_at(PENDING / 2);
        environment.sign_in(before);
        let environment = environment.stop(how)(data.path());
        environment.sign_in(after);
        let verified = Instant::now();
        waits.expect(PENDING);
        println!("{how:?}: all were told {:?} after the last message", verified.elapsed());
    }
}

type Outcome = Result<Session, Error>;

/// Many waits of one client.
struct Waits {
    codes: Vec<Code>,
    ends: Receiver<Outcome>,
    /// So that a wait which ends twice would be noticed.
    _end: Sender<Outcome>,
    /// Dropping them would cancel.
    _pending: Vec<Pending<Session>>,
}

impl Waits {
    fn start(client: &Loggin) -> Self {
        let (end, ends) = mpsc::channel();
        let mut codes = Vec::with_capacity(PENDING);
        let mut pending = Vec::with_capacity(PENDING);
        for token in new_tokens(PENDING) {
            let wait = client.start_wait(token, Some(Duration::from_secs(300)));
            let end = end.clone();
            wait.on_settle(move |outcome| end.send(outcome).unwrap());
            codes.push(token.code());
            pending.push(wait);
        }
        Self { codes, ends, _end: end, _pending: pending }
    }

    /// Waits until so many more have ended, each with a session.
    fn expect(&self, count: usize) {
        for number in 0..count {
            let outcome = self
                .ends
                .recv_timeout(TEST_TIMEOUT)
                .unwrap_or_else(|_| panic!("{} are lost", count - number));
            assert_eq!(outcome.map_err(|error| error.code()).unwrap().app_key.as_str(), DEMO_APP);
        }
    }
}
