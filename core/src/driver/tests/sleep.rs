//! A computer that sleeps, over real sockets, by a clock that the test sets.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use super::{
    super::{Hub, clock::Clock},
    silence::{self, TIMEOUT, begin, token},
};
use loggin_protocol::{ErrorCode, Session};

/// How long the computer sleeps.
const NIGHT: Duration = Duration::from_secs(8 * 3600);

/// A clock of a computer that sleeps when the test says so.
#[derive(Clone)]
struct Bed {
    started: Instant,
    slept: Arc<Mutex<Duration>>,
}

impl Bed {
    fn new() -> Self {
        Self { started: Instant::now(), slept: Arc::default() }
    }

    fn fall_asleep_for(&self, span: Duration) {
        *self.slept.lock().unwrap() += span;
    }
}

impl Clock for Bed {
    fn now(&self) -> Duration {
        self.started.elapsed() + *self.slept.lock().unwrap()
    }

    fn awake(&self) -> Option<Duration> {
        Some(self.started.elapsed())
    }
}

#[test]
fn a_computer_that_wakes_up_connects_anew_long_before_the_silence_is_noticed() {
    let bed = Bed::new();
    let (hub, connections) = silence::hub_by(TIMEOUT, Box::new(bed.clone()));
    let wait = hub.wait::<Session>(token(), NIGHT * 2);
    let mut dead = connections.recv_timeout(TIMEOUT).unwrap();
    begin(&dead);
    bed.fall_asleep_for(NIGHT);
    let mut next = connections.recv_timeout(TIMEOUT).unwrap();
    assert!(bed.awake().unwrap() < TIMEOUT / 2);
    begin(&next);
    assert_eq!(dead.read(&mut [0]).unwrap(), 0, "the dead one is hung up on");
    let code = token().code().expose();
    write!(next, "event: rejected\ndata: {{\"code\":\"{code}\",\"error\":\"denied\"}}\n\n").unwrap();
    assert_eq!(wait.wait().unwrap_err().code(), ErrorCode::Denied);
}

#[test]
fn a_deadline_that_comes_during_the_sleep_is_kept() {
    let bed = Bed::new();
    let (hub, connections) = silence::hub_by(TIMEOUT, Box::new(bed.clone()));
    let wait = hub.wait::<Session>(token(), NIGHT);
    begin(&connections.recv_timeout(TIMEOUT).unwrap());
    bed.fall_asleep_for(NIGHT);
    assert_eq!(wait.wait().unwrap_err().code(), ErrorCode::Timeout);
    assert!(bed.awake().unwrap() < TIMEOUT / 2);
}

#[test]
fn resuming_connects_anew_at_once() {
    let bed = Bed::new();
    let (hub, connections) = silence::hub_by(TIMEOUT, Box::new(bed));
    let wait = hub.wait::<Session>(token(), NIGHT);
    let mut old = connections.recv_timeout(TIMEOUT).unwrap();
    begin(&old);
    hub.resume();
    let next = connections.recv_timeout(TIMEOUT).unwrap();
    begin(&next);
    assert_eq!(old.read(&mut [0]).unwrap(), 0, "the old one is hung up on");
    assert_eq!(wait.result(), None);
}

#[test]
fn after_resuming_and_after_a_sleep_calls_are_made_on_new_connections() {
    let bed = Bed::new();
    let (hub, connections) = silence::hub_by(TIMEOUT, Box::new(bed.clone()));
    let call = || {
        let hub = Arc::clone(&hub);
        thread::spawn(move || hub.make(hub.verify_call(&token(), None)?, |body| Ok(body.to_vec())))
    };
    let mut calling = call();
    for end in [|_: &Bed, hub: &Arc<Hub>| hub.resume(), |bed: &Bed, _: &Arc<Hub>| bed.fall_asleep_for(NIGHT)]
    {
        let connection = connections.recv_timeout(TIMEOUT).unwrap();
        answer_call(&connection);
        calling.join().unwrap().unwrap();
        calling = call();
        answer_call(&connection);
        calling.join().unwrap().unwrap();
        assert!(connections.try_recv().is_err(), "the connection is kept");
        end(&bed, &hub);
        calling = call();
    }
    answer_call(&connections.recv_timeout(TIMEOUT).unwrap());
    calling.join().unwrap().unwrap();
}

/// Reads a call, and says that nobody has signed in yet.
fn answer_call(mut stream: &TcpStream) {
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.extend(byte);
    }
    let body = r#"{"status":"pending"}"#;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
}
