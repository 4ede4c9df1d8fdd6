//! One budget for one account: numbers that WhatsApp delivers to one account, keys in rotation, clocks that were wrong.

use super::*;
use crate::whatsapp::{SendStatus, SentMessage};

fn phone(digits: &str) -> PhoneNumber {
    PhoneNumber::parse(digits).unwrap()
}

/// A secret that takes the place of the one in use.
const NEW: &str = "fedcba9876543210fedcba9876543210";

impl Environment {
    /// WhatsApp says that it delivers the next code to this number.
    fn delivers_to(&self, digits: &str) {
        let message = SentMessage {
            id: format!("wamid.{digits}"),
            status: SendStatus::Accepted,
            wa_id: Some(phone(digits)),
        };
        self.codes.will_respond([Ok(message)]);
    }

    async fn refused(&self, number: &str) -> ErrorCode {
        refusal_of(self.otp.start(&self.order(number)).await).code
    }

    async fn guess(&self, session: Uuid, times: usize) -> Vec<Option<ErrorCode>> {
        let mut told = Vec::new();
        for _ in 0..times {
            told.push(self.typed(session, &self.wrong()).await);
        }
        told
    }

    async fn row(&self, digits: &str) -> Option<crate::store::OtpPhone> {
        let subject = self.otp.subjects(self.app.app_key, &phone(digits))[0];
        self.store.otp_phone(&subject).await.unwrap()
    }
}

#[tokio::test]
async fn forms_from_before_and_after_a_renumbering_share_one_pause_and_one_budget() {
    let env = Environment::new().await;
    let forms = ["24166031234", "24106031234", "2416031234"];
    let mut guesses = 0;
    for round in 0..2 {
        env.delivers_to(forms[0]);
        let session = env.start(forms[round]).await;
        for form in forms {
            assert_eq!(env.refused(form).await, ErrorCode::RateLimited, "{form}");
        }
        guesses += env.guess(session, 5).await.len();
        env.clock.advance(life::COOLDOWN);
    }
    assert_eq!(guesses, life::WRONG_AN_HOUR);
    for form in forms {
        assert_eq!(env.refused(form).await, ErrorCode::Blocked, "{form}");
    }
    assert_eq!(env.codes.count(), 2);
}

#[tokio::test]
async fn a_number_that_whatsapp_delivers_to_another_account_is_never_verified() {
    let env = Environment::with_app(App { monthly_quota: Some(9), ..demo_app() }).await;
    // As where an Argentine fixed line is read as the mobile line with its digits.
    for (asked, delivered) in [("541123456789", "5491123456789"), ("919876543210", "919876543211")] {
        env.delivers_to(delivered);
        let refusal = refusal_of(env.otp.start(&env.named_order(asked, asked)).await);
        assert_eq!((refusal.code, refusal.attempts_left), (ErrorCode::SendFailed, None));
        let (code, session) = (env.codes.last(), env.codes.sent.lock().unwrap().last().unwrap().2);
        assert_eq!(env.typed(session, &code).await, Some(ErrorCode::Expired));
        let found = env.otp.find(env.app.app_key, &session.to_string()).await.unwrap().unwrap();
        let status = env.otp.status(&found);
        assert_eq!((status.progress, status.failure), (life::Progress::Failed, Some(Failure::OtherAccount)));
        // The message went out, so that it counts, and there is a pause for both numbers.
        assert_eq!(env.refused(asked).await, ErrorCode::RateLimited);
        assert_eq!(env.refused(delivered).await, ErrorCode::RateLimited);
    }
    let month = month(env.clock.now()).0;
    assert_eq!(env.store.otp_sends(env.app.app_key, month).await.unwrap(), 2);
}

#[tokio::test]
async fn another_account_that_a_status_tells_of_ends_the_session() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    let told = StatusUpdate {
        recipient_phone: Some(phone("15550002222")),
        ..status(session, DeliveryStatus::Delivered)
    };
    env.otp.note_statuses(&[told]).await.unwrap();
    assert_eq!(env.typed(session, &env.codes.last()).await, Some(ErrorCode::Expired));
}

#[tokio::test]
async fn numbers_that_whatsapp_delivers_to_one_account_count_together() {
    let env = Environment::new().await;
    let (person, other, third) = ("919876543210", "919876543219", "919876543218");
    // Both have a history of their own, of six guesses each.
    for number in [person, other] {
        let session = env.start(number).await;
        env.guess(session, 3).await;
        env.clock.advance(life::COOLDOWN);
        let session = env.start(number).await;
        env.guess(session, 3).await;
    }
    let live = env.codes.sent.lock().unwrap()[3].2;
    env.clock.advance(life::COOLDOWN);
    env.delivers_to(person);
    assert_eq!(env.refused(other).await, ErrorCode::SendFailed);
    // Ten of twelve are counted, and both numbers are blocked; so is the later of the codes that were live.
    assert_eq!(env.row(person).await, env.row(other).await);
    assert_eq!(env.row(person).await.unwrap().wrong_in_row, 12);
    assert_eq!(env.typed(live, &env.wrong()).await, Some(ErrorCode::Blocked));
    for number in [person, other] {
        assert_eq!(env.refused(number).await, ErrorCode::Blocked);
    }
    // One that nothing was known of joins as well.
    env.delivers_to(person);
    assert_eq!(env.refused(third).await, ErrorCode::SendFailed);
    assert_eq!(env.refused(third).await, ErrorCode::Blocked);
    assert_eq!(env.codes.count(), 6);
}

#[tokio::test]
async fn an_account_that_was_joined_is_one_on_every_node() {
    let env = Environment::new().await;
    let (person, other) = ("919876543210", "919876543219");
    env.delivers_to(person);
    assert_eq!(env.refused(other).await, ErrorCode::SendFailed);
    let node = otp_with(&[OTP_SECRET], &env.store, &env.clock, &env.random, &env.codes);
    assert_eq!(refusal_of(node.start(&env.order(person)).await).code, ErrorCode::RateLimited);
    env.clock.advance(life::COOLDOWN);
    let session = session_of(&node.start(&env.order(person)).await.unwrap());
    assert_eq!(env.typed(session, &env.codes.last()).await, None);
}

#[tokio::test]
async fn counts_codes_and_responses_outlast_a_change_of_the_secret() {
    let mut env = Environment::new().await;
    let session = env.start(PHONE).await;
    env.guess(session, 4).await;
    let code = env.codes.last();
    let named = env.named_order("key", "919876543211");
    let answered = session_of(&env.otp.start(&named).await.unwrap());

    env.restart_with(&[NEW, OTP_SECRET]);
    assert_eq!(env.refused(PHONE).await, ErrorCode::RateLimited);
    let named = env.named_order("key", "919876543211");
    assert_eq!(session_of(&env.otp.start(&named).await.unwrap()), answered);
    assert_eq!(env.guess(session, 1).await, [Some(ErrorCode::MaxAttempts)]);
    assert_eq!(env.typed(session, &code).await, Some(ErrorCode::Blocked));
    env.clock.advance(life::COOLDOWN);
    let second = env.start(PHONE).await;
    env.guess(second, 4).await;
    // The row has moved under the new key: the old one can go.
    env.restart_with(&[NEW]);
    assert_eq!(env.row(PHONE).await.unwrap().wrong_in_row, 9);
    assert_eq!(env.guess(second, 1).await, [Some(ErrorCode::MaxAttempts)]);
    env.clock.advance(life::COOLDOWN);
    assert_eq!(env.refused(PHONE).await, ErrorCode::Blocked);
}

#[tokio::test]
async fn a_cancelled_code_is_found_under_the_key_that_its_message_was_sent_with() {
    let mut env = Environment::new().await;
    let session = env.start(PHONE).await;
    env.restart_with(&[NEW, OTP_SECRET]);
    let person = Sender { phone: Some(phone(PHONE)), ..Sender::default() };
    env.otp.not_requested(&format!("wamid.{session}"), &person).await.unwrap();
    assert_eq!(env.typed(session, &env.codes.last()).await, Some(ErrorCode::Expired));
}

#[tokio::test]
async fn a_clock_that_was_days_ahead_blocks_nobody_for_days() {
    let day = SECOND * 24 * 60 * 60;
    // Hours, so that nothing is purged, and days.
    for ahead in [SECOND * 60 * 60, day * 3] {
        let env = Environment::new().await;
        env.clock.advance(ahead);
        env.start("919876543210").await;
        let guessed = env.start("919876543211").await;
        env.guess(guessed, 5).await;
        env.clock.advance(life::COOLDOWN);
        let guessed = env.start("919876543211").await;
        env.guess(guessed, 5).await;
        env.codes.will_respond([Err(crate::whatsapp::SendError::Ambiguous)]);
        assert_eq!(env.refused("919876543212").await, ErrorCode::Unavailable);
        env.clock.turn_back(ahead);
        env.otp.purge().await.unwrap();

        // Each waits as long as for something that happened now, and no longer.
        assert_eq!(env.refused("919876543211").await, ErrorCode::Blocked);
        for number in ["919876543210", "919876543212"] {
            assert_eq!(env.refused(number).await, ErrorCode::RateLimited, "{number}");
        }
        env.clock.advance(life::COOLDOWN);
        for number in ["919876543210", "919876543212"] {
            let session = env.start(number).await;
            assert_eq!(env.typed(session, &env.codes.last()).await, None, "{number}");
        }
        env.clock.advance(life::HOUR);
        env.start("919876543211").await;
    }
}

#[tokio::test]
async fn a_used_up_rate_ends_with_its_minute_whatever_the_clock_did() {
    let env = Environment::with_app(App { calls_per_minute: 1, ..demo_app() }).await;
    let count = async || env.otp.count(&Meter::new(Arc::clone(&env.app))).await.is_ok();
    env.clock.advance(SECOND * 86_400);
    assert!(count().await && !count().await);
    env.clock.turn_back(SECOND * 86_400);
    assert!(!count().await);
    env.clock.advance(SECOND * 60);
    assert!(count().await);
}

#[tokio::test]
async fn calls_of_a_key_that_has_used_up_its_rate_write_nothing() {
    let env = Environment::with_app(App { calls_per_minute: 2, ..demo_app() }).await;
    for _ in 0..200 {
        let meter = Arc::new(Meter::new(Arc::clone(&env.app)));
        drop(env.otp.start(&StartOrder { meter: Some(Arc::clone(&meter)), ..env.order(PHONE) }).await);
        drop(env.otp.count(&meter).await);
    }
    // One call of another node tells what was counted.
    let call = crate::store::CallCount {
        app_key: env.app.app_key,
        now: env.clock.now(),
        since: env.clock.now() - limits::CALLS_WINDOW,
        most: u32::MAX,
    };
    let (counted, _) = env.store.write_counted(Some(call), Vec::new()).await.unwrap();
    assert_eq!(counted.unwrap().calls, 4, "two, the one too many, and this");
}
