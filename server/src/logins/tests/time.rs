//! From any state and by any clock, a few sweeps leave no overdue row and no person in one that is over.

use proptest::prelude::*;

use super::*;
use crate::{
    logins::life::Next,
    store::{Stage, Steps},
    tests::START,
};

const DAY: u64 = 24 * 60 * 60;

fn state() -> impl Strategy<Value = State> {
    prop::sample::select(vec![
        State::Pending,
        State::MessageReceived,
        State::AwaitingConfirmation,
        State::Verified,
        State::Claimed,
        State::Used,
        State::Expired,
        State::Denied,
        State::PhoneHidden,
        State::Lapsed,
    ])
}

/// A deadline days before or after now, as downtimes, backups and clocks that were wrong leave them.
fn deadline() -> impl Strategy<Value = UnixMillis> {
    let seconds = i64::try_from(40 * DAY).unwrap();
    (-seconds..seconds).prop_map(|seconds| UnixMillis(START.0 + seconds * 1_000))
}

fn login_in(state: State, deadline: UnixMillis) -> Login {
    let is_living = state < State::Used;
    Login {
        code: code(),
        state,
        version: 1,
        deadline,
        waited_for: true,
        phone: is_living.then(|| phone(PHONE)),
        user_id: is_living.then(|| "IN.1".to_owned()),
        person: None,
        verified_at: (state >= State::Verified).then_some(deadline),
        claimed_by: None,
        confirmation: None,
        attempts_left: 0,
        reply_reference: None,
        language: None,
        confirm: Confirm::None,
        asker: None,
        steps: Steps::default(),
    }
}

proptest! {
    #[test]
    fn time_alone_brings_every_login_to_its_end(state in state(), deadline in deadline()) {
        let mut login = Some(login_in(state, deadline));
        let mut now = START;
        // As far ahead as a wrong clock wrote it, a deadline ends within the longest span of its own.
        let mut sweeps = 0;
        while let Some(current) = login {
            prop_assert!(sweeps < 4, "{current:?}");
            login = match life::swept(current.clone(), now) {
                Next::Delete => None,
                Next::Keep(_) => {
                    prop_assert!(current.deadline > now && current.deadline <= now + life::TOMBSTONE);
                    now = current.deadline;
                    Some(current)
                }
                Next::Replace(next, owed) => {
                    prop_assert_eq!(owed, None);
                    prop_assert!(next.deadline > now, "no overdue row is left");
                    prop_assert!(next.deadline <= now + life::TOMBSTONE);
                    prop_assert!(next.state < State::Used || next.phone.is_none() && next.user_id.is_none());
                    now = next.deadline;
                    Some(next)
                }
            };
            sweeps += 1;
        }
    }

    #[test]
    fn a_read_and_a_sweep_agree(state in state(), deadline in deadline()) {
        let login = login_in(state, deadline);
        let read = life::aged(login.clone(), START);
        match life::swept(login.clone(), START) {
            Next::Keep(_) => prop_assert_eq!(read, Some(login)),
            Next::Delete => prop_assert_eq!(read, None),
            Next::Replace(next, _) => match read {
                Some(read) => prop_assert_eq!(read, next),
                // Long over: remembered for another while, so that whoever waits on another node is told.
                None => prop_assert!(next.state >= State::Used),
            },
        }
    }
}

#[tokio::test]
async fn more_rows_than_a_page_that_are_days_overdue_are_gone_after_two_sweeps() {
    let env = Environment::new().await;
    let count = limits::SWEEP + 200;
    let codes: Vec<Code> = (0..count)
        .map(|number| {
            let mut secret = [0; 20];
            secret[..4].copy_from_slice(&number.to_le_bytes());
            loggin_protocol::Token::from_secret(demo_app().app_key, secret).code()
        })
        .collect();
    env.logins.wait(&codes, &Asks::default()).await.unwrap();
    env.tap().await;
    let slot = env.waiters.register(&codes);
    env.clock.advance(Duration::from_secs(26 * 60 * 60));
    env.logins.expire().await.unwrap();
    assert_eq!(slot.news().await.logins.len(), codes.len());
    let rows = env.store.logins(&codes).await.unwrap();
    assert!(rows.iter().all(|login| login.state == State::Lapsed && login.phone.is_none()));
    assert_eq!(env.stored().await.unwrap().phone, None);
    env.clock.advance(Duration::from_secs(DAY));
    env.logins.purge().await.unwrap();
    assert_eq!(env.store.logins(&codes).await.unwrap(), []);
    assert_eq!(env.stored().await, None);
}

#[tokio::test]
async fn a_clock_that_was_an_hour_ahead_keeps_nothing_longer() {
    let env = Environment::new().await;
    env.clock.advance(Duration::from_secs(60 * 60));
    env.wait().await;
    env.clock.set(START);
    env.logins.expire().await.unwrap();
    let horizon = env.clock.now() + life::PENDING;
    assert_eq!(env.stored().await.unwrap().deadline, horizon);
    let due = env.store.due(Stage::Living, env.clock.now(), horizon, 10).await.unwrap();
    assert_eq!(due, []);
    env.clock.advance(life::PENDING);
    env.logins.expire().await.unwrap();
    assert_eq!(env.stored().await.unwrap().state, State::Lapsed);
}
