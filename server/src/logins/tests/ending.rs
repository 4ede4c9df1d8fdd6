//! Whatever becomes of a login, its row in the history says so, once.

use super::*;
use crate::{
    store::{Ending, HistoryEntry, HistoryFilter, HistoryStart},
    tests::START,
};

impl Environment {
    /// The rows of the history, the first first.
    async fn rows(&self) -> Vec<HistoryEntry> {
        let page = self.store.history(HistoryFilter::default(), HistoryStart::After(0), 100).await.unwrap();
        page.rows.into_iter().map(|row| row.entry).collect()
    }

    async fn endings(&self) -> Vec<Ending> {
        self.rows().await.into_iter().map(|row| row.ending).collect()
    }

    /// Lets time do what it does, to the end of the tombstone.
    async fn sweep_all(&self) {
        for _ in 0..3 {
            self.clock.advance(life::PENDING);
            self.logins.expire().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_login_that_is_redeemed_has_a_row_with_its_steps() {
    let env = Environment::new().await;
    env.wait().await;
    env.clock.advance(Duration::from_secs(4));
    env.tap().await;
    assert_eq!(env.rows().await, []);
    env.clock.advance(Duration::from_secs(1));
    env.claim("one").await;
    env.claim("one").await;
    env.claim("another").await;
    env.sweep_all().await;
    let rows = env.rows().await;
    let [row] = &rows[..] else { panic!("{rows:?}") };
    let at = |seconds| START + Duration::from_secs(seconds);
    assert_eq!((row.ending, row.name.clone()), (Ending::Redeemed, code().login_id()));
    let steps = [Some(row.started_at), row.message_at, row.verified_at, Some(row.ended_at)];
    assert_eq!(steps, [0, 4, 4, 5].map(|seconds| Some(at(seconds))));
    assert_eq!(
        (row.country.as_deref(), row.phone_end.as_deref()),
        (Some("IN"), Some(&PHONE[PHONE.len() - 4..]))
    );
}

#[tokio::test]
async fn time_ends_a_login_with_what_was_missing() {
    let nothing = Environment::new().await;
    nothing.wait().await;
    nothing.sweep_all().await;
    assert_eq!(nothing.endings().await, [Ending::NoMessage]);

    let hidden = Environment::new().await;
    hidden.wait().await;
    hidden.receive(1, hidden.message(None, Some("IN.1"))).await;
    hidden.sweep_all().await;
    assert_eq!(hidden.endings().await, [Ending::NoNumber]);

    let unconfirmed = Environment::new().await;
    unconfirmed.wait_asking(Confirm::Code).await;
    unconfirmed.tap().await;
    unconfirmed.sweep_all().await;
    assert_eq!(unconfirmed.endings().await, [Ending::NotConfirmed]);

    let unredeemed = Environment::new().await;
    unredeemed.wait().await;
    unredeemed.tap().await;
    unredeemed.sweep_all().await;
    assert_eq!(unredeemed.endings().await, [Ending::NotRedeemed]);
}

#[tokio::test]
async fn a_login_that_nobody_waited_for_has_no_row() {
    let env = Environment::new().await;
    env.tap().await;
    env.sweep_all().await;
    assert_eq!(env.rows().await, []);
}

#[tokio::test]
async fn an_early_message_is_older_than_its_login() {
    let env = Environment::new().await;
    env.tap().await;
    env.clock.advance(Duration::from_secs(2));
    env.wait().await;
    env.claim("one").await;
    let row = env.rows().await.remove(0);
    assert_eq!((row.message_at, row.started_at), (Some(START), START + Duration::from_secs(2)));
}

#[tokio::test]
async fn a_result_that_is_taken_back_has_another_row() {
    let env = Environment::new().await;
    env.wait().await;
    env.tap().await;
    env.claim("one").await;
    env.logins.deny(code()).await.unwrap();
    env.logins.deny(code()).await.unwrap();
    let rows: Vec<_> = env.rows().await.into_iter().map(|row| (row.ending, row.is_first)).collect();
    assert_eq!(rows, [(Ending::Redeemed, true), (Ending::TakenBack, false)]);

    let unredeemed = Environment::new().await;
    unredeemed.wait().await;
    unredeemed.tap().await;
    unredeemed.logins.deny(code()).await.unwrap();
    assert_eq!(unredeemed.endings().await, [Ending::TakenBack]);
}

#[tokio::test]
async fn wrong_digits_and_a_word_of_the_sender_deny_a_login() {
    let typed = Environment::new().await;
    typed.wait_asking(Confirm::Code).await;
    typed.tap().await;
    for _ in 0..life::CONFIRMATION_ATTEMPTS {
        typed.logins.confirm(code(), "x").await.unwrap();
    }
    assert_eq!(typed.endings().await, [Ending::TooManyDigits]);

    let denied = Environment::new().await;
    denied.wait_asking(Confirm::Code).await;
    denied.tap().await;
    denied.logins.deny(code()).await.unwrap();
    assert_eq!(denied.endings().await, [Ending::NotMe]);
}
