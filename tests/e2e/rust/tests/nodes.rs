//! Several servers on one PostgreSQL, a round of each kind: `make faults-nodes` and `make races` run a thousand.

use std::time::Duration;

use loggin_e2e::nodes::{self, Fault, House, REDEEMERS};

/// The time in which a wait must end here, beside all the other suites: `make faults-nodes` judges by a fifth of it.
const BOUND: Duration = Duration::from_secs(10);

#[test]
fn with_two_servers_nobody_is_lost_told_twice_or_let_in_without_a_message_whatever_fails() {
    run_each(2, true);
}

#[test]
fn nor_with_four_that_do_not_tell_each_other_of_changes() {
    run_each(4, false);
}

fn run_each(nodes: usize, notify: bool) {
    let Some(house) = House::start(nodes, notify) else { return };
    for (seed, fault) in (0..).zip(Fault::each()) {
        let report = nodes::run_with(&house, fault, seed);
        let longest = report.history.longest();
        println!("{nodes} servers, round {seed}: {fault:?}, {longest:?}");
        assert_eq!(report.history.violations(BOUND), [], "{report:?}");
    }
    assert_eq!(house.told_twice(), [0_usize; 0]);
}

#[test]
fn of_many_that_redeem_one_login_at_two_servers_one_wins() {
    let Some(house) = House::start(2, true) else { return };
    let rounds = std::env::var("RACE_ROUNDS").map_or(10, |rounds| rounds.parse().unwrap());
    for _ in 0..rounds {
        let told = nodes::race(&house);
        let count = |word: &str| told.iter().filter(|told| *told == word).count();
        assert_eq!((count("verified"), count("already_used")), (1, REDEEMERS - 1));
    }
}
