//! Logins that are confirmed by more than their message: what is asked for, chosen and handed out.

use loggin_protocol::MatchDigits;

use super::*;
use crate::logins::{Choices, match_button, read_match_button};

fn app(confirm: Confirm) -> App {
    App { confirm, ..demo_app() }
}

impl Environment {
    async fn choices(&self) -> Choices {
        Choices::of(&self.stored().await.unwrap()).unwrap()
    }

    async fn choose(&self, digits: MatchDigits) -> Received {
        self.logins.choose(code(), digits, false).await.unwrap()
    }
}

/// A row of the message that the page does not show.
fn wrong(choices: Choices) -> MatchDigits {
    choices.rows.into_iter().find(|row| *row != choices.right).unwrap()
}

fn confirmation(view: View) -> Confirm {
    match view {
        View::Verified(session) => session.confirmation,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_right_digits_verify_and_are_shown_before() {
    let env = Environment::with_app(app(Confirm::Match)).await;
    env.wait().await;
    env.tap().await;
    assert_eq!(env.owed().await, [MessageKind::MatchDigits]);
    let choices = env.choices().await;
    let shown = View::Progress(Progress::AwaitingMatch(choices.right));
    assert_eq!(env.seen(Viewer::Observer).await, shown);
    assert_eq!(env.claim("key").await, shown);
    assert_eq!(env.logins.confirm(code(), "000000").await.unwrap(), Confirmation::NotAwaited);
    assert_eq!(env.choose(choices.right).await, Received::Changed(State::Verified));
    assert_eq!(env.choose(choices.right).await, Received::Unchanged(Unchanged::Repeated));
    assert_eq!(confirmation(env.claim("key").await), Confirm::Match);
}

#[tokio::test]
async fn wrong_digits_end_the_login_and_take_back_its_result() {
    for is_redeemed in [false, true] {
        let env = Environment::with_app(app(Confirm::Match)).await;
        env.wait().await;
        env.tap().await;
        let choices = env.choices().await;
        if is_redeemed {
            env.choose(choices.right).await;
            env.claim("key").await;
        }
        assert_eq!(env.choose(wrong(choices)).await, Received::Changed(State::Denied));
        assert_eq!(env.claim("key").await, View::Rejected(ErrorCode::Denied));
        assert_eq!(env.choose(choices.right).await, Received::Unchanged(Unchanged::Ended));
        let taken_back = env.store.taken_back(env.app.app_key, 9).await.unwrap();
        assert_eq!(taken_back.len(), usize::from(is_redeemed));
    }
}

#[tokio::test]
async fn an_old_tap_verifies_nothing_and_denies_all_the_same() {
    let env = Environment::with_app(app(Confirm::Match)).await;
    env.wait().await;
    env.tap().await;
    let choices = env.choices().await;
    let old = |digits| env.logins.choose(code(), digits, true);
    assert_eq!(old(choices.right).await.unwrap(), Received::Unchanged(Unchanged::TooOld));
    assert_eq!(old(wrong(choices)).await.unwrap(), Received::Changed(State::Denied));
}

#[tokio::test]
async fn a_button_names_the_login_and_its_digits() {
    let env = Environment::with_app(app(Confirm::Match)).await;
    env.wait().await;
    env.tap().await;
    let (choices, login) = (env.choices().await, env.stored().await.unwrap());
    let id = match_button(login.reply_reference.as_deref().unwrap(), choices.right);
    let (reference, digits) = read_match_button(&id).unwrap();
    assert_eq!(env.store.by_reply(reference).await.unwrap().map(|found| found.code), Some(code()));
    assert_eq!(digits, choices.right);
}

#[tokio::test]
async fn who_asks_for_more_gets_more_before_and_after_the_message() {
    for confirm in [Confirm::Match, Confirm::Code] {
        for is_early in [false, true] {
            let env = Environment::new().await;
            if is_early {
                env.wait().await;
                env.tap().await;
                assert_eq!(confirmation(env.seen(Viewer::Observer).await), Confirm::None);
            }
            assert!(!matches!(env.claim_asking("key", confirm).await, View::Verified(_)));
            if !is_early {
                env.tap().await;
            }
            assert_eq!(env.stored().await.unwrap().state, State::AwaitingConfirmation);
            if confirm == Confirm::Match {
                env.choose(env.choices().await.right).await;
            } else {
                let digits = env.digits().await;
                assert_eq!(env.logins.confirm(code(), &digits).await.unwrap(), Confirmation::Verified);
            }
            // Others get it too, confirmed by more than they asked for.
            assert_eq!(confirmation(env.claim("key").await), confirm);
        }
    }
}

#[tokio::test]
async fn a_reply_that_is_asked_for_holds_nothing_up() {
    let env = Environment::new().await;
    env.wait().await;
    env.tap().await;
    assert_eq!(env.owed().await, []);
    assert_eq!(confirmation(env.claim_asking("key", Confirm::Reply).await), Confirm::Reply);
    assert_eq!(env.owed().await, [MessageKind::SignedIn]);
    assert_eq!(env.logins.deny(code()).await.unwrap(), Received::Changed(State::Denied));
}

#[tokio::test]
async fn who_asks_for_a_code_where_digits_were_to_be_chosen_gets_a_code() {
    let env = Environment::with_app(app(Confirm::Match)).await;
    env.wait().await;
    env.tap().await;
    let choices = env.choices().await;
    let seen = env.claim_asking("key", Confirm::Code).await;
    assert_eq!(seen, View::Progress(Progress::AwaitingConfirmation));
    // The buttons stay in the chat: the right one is not enough any more, and a wrong one says no all the same.
    assert_eq!(env.choices().await, choices);
    assert_eq!(env.choose(choices.right).await, Received::Unchanged(Unchanged::Repeated));
    assert_eq!(env.choose(wrong(choices)).await, Received::Changed(State::Denied));
}

#[tokio::test]
async fn what_was_redeemed_with_less_is_not_handed_out_again_to_who_asks_for_more() {
    let env = Environment::new().await;
    env.tap().await;
    assert_eq!(confirmation(env.claim("key").await), Confirm::None);
    for confirm in [Confirm::Reply, Confirm::Match, Confirm::Code] {
        assert_eq!(env.claim_asking("key", confirm).await, View::Rejected(ErrorCode::AlreadyUsed));
    }
    assert_eq!(confirmation(env.claim("key").await), Confirm::None);
}

#[tokio::test]
async fn who_waits_is_told_of_each_thing_that_the_page_has_to_show() {
    let env = Environment::new().await;
    let slot = env.waiters.register(&[code()]);
    env.wait().await;
    env.tap().await;
    let told = async || slot.news().now_or_never().unwrap().logins.last().unwrap().confirm;
    assert_eq!(told().await, Confirm::None);
    for confirm in [Confirm::Match, Confirm::Code] {
        env.wait_asking(confirm).await;
        assert_eq!(told().await, confirm);
        env.wait_asking(confirm).await;
        assert!(slot.news().now_or_never().is_none(), "once");
    }
}
