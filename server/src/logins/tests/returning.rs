//! Logins whose person comes back by the link in WhatsApp to the browser where they began.

use super::*;
use crate::{logins::ReturnCode, store::Asker};

const PAGE: &str = "https://shop.example/login";

impl Environment {
    async fn returning(page: Option<&str>) -> Self {
        let env = Self::with_app(App { confirm: Confirm::Code, ..demo_app() }).await;
        env.wait_at(page).await;
        env
    }

    async fn wait_at(&self, page: Option<&str>) {
        let asker = page.map(|page| Asker::at_address(page.to_owned(), self.clock.now()));
        self.logins.wait(&[code()], &Asks { confirm: Confirm::None, asker }).await.unwrap();
    }

    async fn return_code(&self) -> ReturnCode {
        self.logins.return_code(&self.stored().await.unwrap()).unwrap()
    }

    async fn come_back(&self, value: &ReturnCode) -> Confirmation {
        self.logins.come_back(code(), value).await.unwrap()
    }
}

fn of_another_login() -> ReturnCode {
    ReturnCode::parse(&"0".repeat(37)).unwrap()
}

#[tokio::test]
async fn the_link_confirms_as_the_digits_do_and_once() {
    let env = Environment::returning(Some(PAGE)).await;
    assert_eq!(env.come_back(&of_another_login()).await, Confirmation::NotAwaited);
    env.tap().await;
    let value = env.return_code().await;
    assert_eq!(env.come_back(&value).await, Confirmation::Verified);
    let View::Verified(session) = env.claim("key").await else { panic!() };
    assert_eq!(session.confirmation, Confirm::Code);
    // The response to the first call may have got lost.
    assert_eq!(env.come_back(&value).await, Confirmation::Verified);
    assert_eq!(env.come_back(&of_another_login()).await, Confirmation::NotAwaited);
    assert_eq!(env.claim("another").await, View::Rejected(ErrorCode::AlreadyUsed));
}

#[tokio::test]
async fn the_link_of_another_login_costs_no_try_and_changes_nothing() {
    let env = Environment::returning(Some(PAGE)).await;
    env.tap().await;
    let before = env.stored().await;
    for _ in 0..10 {
        assert_eq!(env.come_back(&of_another_login()).await, Confirmation::Wrong(5));
    }
    assert_eq!(env.stored().await, before);
    assert_eq!(env.come_back(&env.return_code().await).await, Confirmation::Verified);
}

#[tokio::test]
async fn what_a_link_would_bring_is_nothing_where_none_was_sent() {
    let env = Environment::returning(None).await;
    env.tap().await;
    assert_eq!(env.come_back(&env.return_code().await).await, Confirmation::Wrong(5));
}

#[tokio::test]
async fn a_link_is_nothing_to_a_login_that_is_not_confirmed_by_a_code() {
    for confirm in [Confirm::None, Confirm::Reply, Confirm::Match] {
        let env = Environment::with_app(App { confirm, ..demo_app() }).await;
        env.wait_at(Some(PAGE)).await;
        env.tap().await;
        let before = env.stored().await;
        assert_eq!(env.come_back(&of_another_login()).await, Confirmation::NotAwaited);
        if confirm == Confirm::Match {
            assert_eq!(env.come_back(&env.return_code().await).await, Confirmation::NotAwaited);
        }
        assert_eq!(env.stored().await, before);
    }
}

#[tokio::test]
async fn after_a_denial_and_too_late_a_link_says_how_the_login_ended() {
    let env = Environment::returning(Some(PAGE)).await;
    env.tap().await;
    let value = env.return_code().await;
    env.logins.deny(code()).await.unwrap();
    assert_eq!(env.come_back(&value).await, Confirmation::Ended(ErrorCode::Denied));

    let env = Environment::returning(Some(PAGE)).await;
    env.tap().await;
    let value = env.return_code().await;
    env.clock.advance(life::PENDING);
    assert_eq!(env.come_back(&value).await, Confirmation::Ended(ErrorCode::Expired));
}

#[tokio::test]
async fn an_address_may_be_told_later_than_the_page_and_is_told_once() {
    let env = Environment::returning(None).await;
    let page = |return_to: Option<&str>| Asker {
        browser: Some("Chrome".to_owned()),
        ..Asker {
            return_to: return_to.map(str::to_owned),
            ..Asker::at_address(String::new(), env.clock.now())
        }
    };
    for (told, known) in [
        (None, None),
        (Some(PAGE), Some(PAGE)),
        (Some("https://shop.example/other"), Some(PAGE)),
        (None, Some(PAGE)),
    ] {
        let asks = Asks { confirm: Confirm::None, asker: Some(page(told)) };
        env.logins.wait(&[code()], &asks).await.unwrap();
        let asker = env.stored().await.unwrap().asker.unwrap();
        assert_eq!((asker.browser.as_deref(), asker.return_to.as_deref()), (Some("Chrome"), known));
    }
    // The message was sent without a link: nothing is sent anew, unless its sender asks for it.
    let env = Environment::returning(None).await;
    env.tap().await;
    assert_eq!(env.owed().await, [MessageKind::ConfirmationCode]);
    env.wait_at(Some(PAGE)).await;
    assert_eq!(env.owed().await, [MessageKind::ConfirmationCode]);
    assert_eq!(env.stored().await.unwrap().asker.unwrap().return_to.as_deref(), Some(PAGE));
}
