//! Fault rounds, a few of them: `make faults` runs a thousand.

use std::thread;

use loggin_e2e::{Environment, hang_ups, rounds};

/// Rounds of this short run, all at a time.
const ROUNDS: u64 = 6;

#[test]
fn no_wait_is_lost_or_ended_twice_whatever_the_network_does() {
    let environment = Environment::start();
    thread::scope(|scope| {
        for seed in 0..ROUNDS {
            let environment = &environment;
            scope.spawn(move || println!("round {seed}: {:?}", rounds::run(environment, seed)));
        }
    });
}

/// Were the network never foul, or every wait alone with its connection, the rounds would show nothing.
#[test]
fn a_round_shares_connections() {
    let report = rounds::run(&Environment::start(), ROUNDS);
    assert!((2..rounds::WAITS / 4).contains(&report.connections), "{report:?}");
}

#[test]
fn a_login_that_was_confirmed_is_told_although_the_caller_hung_up() {
    let data = tempfile::tempdir().unwrap();
    let environment = hang_ups::environment_in(data.path());
    let report = hang_ups::run(&environment, 1);
    println!("{report:?}");
    assert!((1..hang_ups::LOGINS).contains(&report.hung_up), "some hang up, and some do not: {report:?}");
}
