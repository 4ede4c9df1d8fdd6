//! One budget for one account: numbers that WhatsApp delivers to one account, keys in rotation, clocks that were wrong.

use super::*;
use crate::whatsapp::{SendStatus, SentMessage};

fn phone(digits: &str) -> PhoneNumber {
    PhoneNumber::parse(digits).unwrap()
}

/// A secret that takes the place of the one in use.
const NEW: &str = "fedcba9876543210fedcba9876543210";

impl World {
    /// WhatsApp says that it delivers the next code to this number.
    fn delivers_to(&self, digits: &str) {
        let message = SentMessage {
            id: format!("wamid.{digits}"),
            status: SendStatus::Accepted,
            wa_id: Some(phone(digits)),
        };
        self.codes.will_answer([Ok(message)]);
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
    let world = World::new().await;
    let forms = ["24166031234", "24106031234", "2416031234"];
    let mut guesses = 0;
    for round in 0..2 {
        world.delivers_to(forms[0]);
        let session = world.start(forms[round]).await;
        for form in forms {
            assert_eq!(world.refused(form).await, ErrorCode::RateLimited, "{form}");
        }
        guesses += world.guess(session, 5).await.len();
        world.clock.advance(life::COOLDOWN);
    }
    assert_eq!(guesses, life::WRONG_AN_HOUR);
    for form in forms {
        assert_eq!(world.refused(form).await, ErrorCode::Blocked, "{form}");
    }
    assert_eq!(world.codes.count(), 2);
}

#[tokio::test]
async fn a_number_that_whatsapp_delivers_to_another_account_is_never_verified() {
    let world = World::with_app(App { monthly_quota: Some(9), ..demo_app() }).await;
    // As where an Argentine fixed line is read as the mobile line with its digits.
    for (asked, delivered) in [("541123456789", "5491123456789"), ("919876543210", "919876543211")] {
        world.delivers_to(delivered);
        let refusal = refusal_of(world.otp.start(&world.named_order(asked, asked)).await);
        assert_eq!((refusal.code, refusal.attempts_left), (ErrorCode::SendFailed, None));
        let (code, session) = (world.codes.last(), world.codes.sent.lock().unwrap().last().unwrap().2);
        assert_eq!(world.typed(session, &code).await, Some(ErrorCode::Expired));
        let found = world.otp.find(world.app.app_key, &session.to_string()).await.unwrap().unwrap();
        let status = world.otp.status(&found);
        assert_eq!((status.progress, status.failure), (life::Progress::Failed, Some(Failure::OtherAccount)));
        // The message went out, so that it counts, and there is a pause for both numbers.
        assert_eq!(world.refused(asked).await, ErrorCode::RateLimited);
        assert_eq!(world.refused(delivered).await, ErrorCode::RateLimited);
    }
    let month = month(world.clock.now()).0;
    assert_eq!(world.store.otp_sends(world.app.app_key, month).await.unwrap(), 2);
}

#[tokio::test]
async fn another_account_that_a_status_tells_of_ends_the_session() {
    let world = World::new().await;
    let session = world.start(PHONE).await;
    let told = StatusUpdate {
        recipient_phone: Some(phone("15550002222")),
        ..status(session, DeliveryStatus::Delivered)
    };
    world.otp.note_statuses(&[told]).await.unwrap();
    assert_eq!(world.typed(session, &world.codes.last()).await, Some(ErrorCode::Expired));
}

#[tokio::test]
async fn numbers_that_whatsapp_delivers_to_one_account_count_together() {
    let world = World::new().await;
    let (person, other, third) = ("919876543210", "919876543219", "919876543218");
    // Both have a history of their own, of six guesses each.
    for number in [person, other] {
        let session = world.start(number).await;
        world.guess(session, 3).await;
        world.clock.advance(life::COOLDOWN);
        let session = world.start(number).await;
        world.guess(session, 3).await;
    }
    let live = world.codes.sent.lock().unwrap()[3].2;
    world.clock.advance(life::COOLDOWN);
    world.delivers_to(person);
    assert_eq!(world.refused(other).await, ErrorCode::SendFailed);
    // Ten of twelve are counted, and both numbers are blocked; so is the later of the codes that were live.
    assert_eq!(world.row(person).await, world.row(other).await);
    assert_eq!(world.row(person).await.unwrap().wrong_in_row, 12);
    assert_eq!(world.typed(live, &world.wrong()).await, Some(ErrorCode::Blocked));
    for number in [person, other] {
        assert_eq!(world.refused(number).await, ErrorCode::Blocked);
    }
    // One that nothing was known of joins as well.
    world.delivers_to(person);
    assert_eq!(world.refused(third).await, ErrorCode::SendFailed);
    assert_eq!(world.refused(third).await, ErrorCode::Blocked);
    assert_eq!(world.codes.count(), 6);
}

#[tokio::test]
async fn an_account_that_was_joined_is_one_on_every_node() {
    let world = World::new().await;
    let (person, other) = ("919876543210", "919876543219");
    world.delivers_to(person);
    assert_eq!(world.refused(other).await, ErrorCode::SendFailed);
    let node = otp_with(&[OTP_SECRET], &world.store, &world.clock, &world.random, &world.codes);
    assert_eq!(refusal_of(node.start(&world.order(person)).await).code, ErrorCode::RateLimited);
    world.clock.advance(life::COOLDOWN);
    let session = session_of(&node.start(&world.order(person)).await.unwrap());
    assert_eq!(world.typed(session, &world.codes.last()).await, None);
}

#[tokio::test]
async fn counts_codes_and_answers_outlast_a_change_of_the_secret() {
    let mut world = World::new().await;
    let session = world.start(PHONE).await;
    world.guess(session, 4).await;
    let code = world.codes.last();
    let named = world.named_order("key", "919876543211");
    let answered = session_of(&world.otp.start(&named).await.unwrap());

    world.restart_with(&[NEW, OTP_SECRET]);
    assert_eq!(world.refused(PHONE).await, ErrorCode::RateLimited);
    let named = world.named_order("key", "919876543211");
    assert_eq!(session_of(&world.otp.start(&named).await.unwrap()), answered);
    assert_eq!(world.guess(session, 1).await, [Some(ErrorCode::MaxAttempts)]);
    assert_eq!(world.typed(session, &code).await, Some(ErrorCode::Blocked));
    world.clock.advance(life::COOLDOWN);
    let second = world.start(PHONE).await;
    world.guess(second, 4).await;
    // The row has moved under the new key: the old one can go.
    world.restart_with(&[NEW]);
    assert_eq!(world.row(PHONE).await.unwrap().wrong_in_row, 9);
    assert_eq!(world.guess(second, 1).await, [Some(ErrorCode::MaxAttempts)]);
    world.clock.advance(life::COOLDOWN);
    assert_eq!(world.refused(PHONE).await, ErrorCode::Blocked);
}

#[tokio::test]
async fn a_cancelled_code_is_found_under_the_key_that_its_message_was_sent_with() {
    let mut world = World::new().await;
    let session = world.start(PHONE).await;
    world.restart_with(&[NEW, OTP_SECRET]);
    let person = Sender { phone: Some(phone(PHONE)), user_id: None };
    world.otp.not_requested(&format!("wamid.{session}"), &person).await.unwrap();
    assert_eq!(world.typed(session, &world.codes.last()).await, Some(ErrorCode::Expired));
}

#[tokio::test]
async fn a_clock_that_was_days_ahead_blocks_nobody_for_days() {
    let day = SECOND * 24 * 60 * 60;
    // Hours, so that nothing is purged, and days.
    for ahead in [SECOND * 60 * 60, day * 3] {
        let world = World::new().await;
        world.clock.advance(ahead);
        world.start("919876543210").await;
        let guessed = world.start("919876543211").await;
        world.guess(guessed, 5).await;
        world.clock.advance(life::COOLDOWN);
        let guessed = world.start("919876543211").await;
        world.guess(guessed, 5).await;
        world.codes.will_answer([Err(crate::whatsapp::SendError::Ambiguous)]);
        assert_eq!(world.refused("919876543212").await, ErrorCode::Unavailable);
        world.clock.turn_back(ahead);
        world.otp.purge().await.unwrap();

        // Each waits as long as for something that happened now, and no longer.
        assert_eq!(world.refused("919876543211").await, ErrorCode::Blocked);
        for number in ["919876543210", "919876543212"] {
            assert_eq!(world.refused(number).await, ErrorCode::RateLimited, "{number}");
        }
        world.clock.advance(life::COOLDOWN);
        for number in ["919876543210", "919876543212"] {
            let session = world.start(number).await;
            assert_eq!(world.typed(session, &world.codes.last()).await, None, "{number}");
        }
        world.clock.advance(life::HOUR);
        world.start("919876543211").await;
    }
}

#[tokio::test]
async fn a_used_up_rate_ends_with_its_minute_whatever_the_clock_did() {
    let world = World::with_app(App { calls_per_minute: 1, ..demo_app() }).await;
    let count = async || world.otp.count(&Meter::new(Arc::clone(&world.app))).await.is_ok();
    world.clock.advance(SECOND * 86_400);
    assert!(count().await && !count().await);
    world.clock.turn_back(SECOND * 86_400);
    assert!(!count().await);
    world.clock.advance(SECOND * 60);
    assert!(count().await);
}

#[tokio::test]
async fn calls_of_a_key_that_has_used_up_its_rate_write_nothing() {
    let world = World::with_app(App { calls_per_minute: 2, ..demo_app() }).await;
    for _ in 0..200 {
        let meter = Arc::new(Meter::new(Arc::clone(&world.app)));
        drop(world.otp.start(&StartOrder { meter: Some(Arc::clone(&meter)), ..world.order(PHONE) }).await);
        drop(world.otp.count(&meter).await);
    }
    // One call of another node tells what was counted.
    let call = crate::store::CallCount {
        app_key: world.app.app_key,
        now: world.clock.now(),
        since: world.clock.now() - limits::CALLS_WINDOW,
        most: u32::MAX,
    };
    let (counted, _) = world.store.write_counted(Some(call), Vec::new()).await.unwrap();
    assert_eq!(counted.unwrap().calls, 4, "two, the one too many, and this");
}
