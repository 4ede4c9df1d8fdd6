//! A machine that sleeps while somebody waits: the clock jumps here, and all else is real.

use std::{io::Read, sync::mpsc::TryRecvError, time::Duration};

use super::silence::{PATIENCE, begin, hub, token};
use crate::error::ErrorCode;

const SILENCE: Duration = Duration::from_secs(45);
const NIGHT: Duration = Duration::from_secs(8 * 3_600);

#[test]
fn streams_are_opened_anew_after_a_sleep() {
    let (hub, connections) = hub(SILENCE);
    let _wait = hub.wait(token(), 2 * NIGHT);
    let mut first = connections.recv_timeout(PATIENCE).unwrap();
    begin(&first);
    hub.freeze(NIGHT);
    begin(&connections.recv_timeout(PATIENCE).unwrap());
    assert_eq!(first.read(&mut [0]).unwrap(), 0, "the old one is hung up on");
}

#[test]
fn a_deadline_passes_while_the_machine_sleeps() {
    let (hub, connections) = hub(SILENCE);
    let wait = hub.wait(token(), NIGHT / 2);
    let stream = connections.recv_timeout(PATIENCE).unwrap();
    begin(&stream);
    hub.freeze(NIGHT);
    let outcome = wait.wait_timeout(PATIENCE).unwrap();
    assert_eq!(outcome.unwrap_err().code(), ErrorCode::Timeout);
}

#[test]
fn a_program_that_has_hung_up_stays_so() {
    let (hub, connections) = hub(SILENCE);
    let wait = hub.wait(token(), 2 * NIGHT);
    let stream = connections.recv_timeout(PATIENCE).unwrap();
    begin(&stream);
    hub.suspend();
    hub.freeze(NIGHT);
    hub.freeze(2 * NIGHT);
    let outcome = wait.wait_timeout(PATIENCE).unwrap();
    assert_eq!(outcome.unwrap_err().code(), ErrorCode::Timeout);
    assert_eq!(connections.try_recv().unwrap_err(), TryRecvError::Empty);
}
