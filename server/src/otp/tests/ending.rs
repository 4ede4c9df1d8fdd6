//! Whatever becomes of a code, its row in the history says so, once.

use super::*;
use crate::{
    store::{Ending, HistoryEntry, HistoryFilter, HistoryKind, HistoryStart, Outcome},
    whatsapp::{SendError, SendStatus, SentMessage},
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

    /// Lets every session be over.
    async fn pass_time(&self) {
        for _ in 0..2 {
            self.clock.advance(life::LIFETIME + life::SENDING + SECOND);
            self.otp.purge().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_code_that_is_typed_has_a_row_with_its_steps() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    env.clock.advance(SECOND * 7);
    let code = env.codes.last();
    env.verify(session, &code).await.unwrap();
    assert!(env.verify(session, &code).await.is_err());
    env.pass_time().await;
    let rows = env.rows().await;
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(
        (row.kind, row.ending, row.name.clone()),
        (HistoryKind::Code, Ending::Typed, session.to_string())
    );
    let (begin, end) = (row.started_at, Some(row.ended_at));
    assert_eq!((row.message_at, row.verified_at, end), (Some(begin), end, Some(begin + SECOND * 7)));
    assert_eq!(
        (row.country.as_deref(), row.phone_end.as_deref()),
        (Some("IN"), Some(&PHONE[PHONE.len() - 4..]))
    );
    assert!(!format!("{rows:?}").contains(&code));
}

#[tokio::test]
async fn a_code_that_nobody_typed_has_a_row_once_it_is_over() {
    let env = Environment::new().await;
    env.start(PHONE).await;
    env.clock.advance(life::LIFETIME);
    env.otp.purge().await.unwrap();
    assert_eq!(env.rows().await, []);
    env.pass_time().await;
    assert_eq!(env.endings().await, [Ending::NotTyped]);
    assert!(env.rows().await[0].phone_end.is_some(), "the person was still there");
}

#[tokio::test]
async fn a_code_that_was_guessed_at_is_blocked() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    let wrong = if env.codes.last() == "000000" { "111111" } else { "000000" };
    for _ in 0..life::ATTEMPTS {
        env.verify(session, wrong).await.unwrap();
    }
    env.pass_time().await;
    assert_eq!(env.endings().await, [Ending::TooManyGuesses]);
}

#[tokio::test]
async fn a_test_number_has_rows_of_its_own_kind() {
    let env = Environment::new().await;
    let session = session_of(&env.otp.start(&env.test_order()).await.unwrap());
    env.verify(session, "123456").await.unwrap();
    let rows: Vec<_> = env.rows().await.into_iter().map(|row| (row.kind, row.ending)).collect();
    assert_eq!(rows, [(HistoryKind::TestCode, Ending::Typed)]);
}

#[tokio::test]
async fn a_code_that_was_not_sent_failed_for_a_reason() {
    let cases = [
        (SendError::Permanent { code: 131_026 }, Ending::Undeliverable),
        (SendError::Retryable { after: None }, Ending::Temporary),
        (SendError::Operator { code: 190 }, Ending::Operator),
        (SendError::Misconfigured { code: 132_001 }, Ending::Operator),
        (SendError::Ambiguous, Ending::Unknown),
    ];
    for (error, expected) in cases {
        let env = Environment::new().await;
        env.codes.will_respond([Err(error), Err(error)]);
        assert!(env.otp.start(&env.order(PHONE)).await.is_err());
        env.pass_time().await;
        let rows: Vec<_> = env.rows().await.into_iter().map(|row| (row.ending, row.message_at)).collect();
        assert_eq!(rows, [(expected, None)], "{error:?}");
    }
}

#[tokio::test]
async fn a_code_that_did_not_arrive_or_was_not_asked_for_has_ended() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    let failed = || status(session, DeliveryStatus::Failed);
    env.otp.note_statuses(&[failed(), failed()]).await.unwrap();
    env.pass_time().await;
    let rows = env.rows().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].ending.outcome(), Outcome::Failed);

    let env = Environment::new().await;
    env.codes.will_respond([Ok(SentMessage {
        id: "wamid.1".to_owned(),
        status: SendStatus::Accepted,
        wa_id: Some(PhoneNumber::parse("919876500000").unwrap()),
    })]);
    assert!(env.otp.start(&env.order(PHONE)).await.is_err());
    env.pass_time().await;
    assert_eq!(env.endings().await, [Ending::OtherAccount]);
}
