//! Codes that other servers made: sent as ours are, and neither kept nor typed here.

use super::*;
use crate::{
    history::usage::{self, Span},
    store::{
        Countries, Ending, HistoryEntry, HistoryFilter, HistoryKind, HistoryStart, Outcome, UsageFilter,
    },
    whatsapp::SendError,
};

const SAME_FOR: Duration = Duration::from_secs(300);

impl Environment {
    /// An order of a gateway.
    fn foreign(&self, phone: &str, code: &str) -> StartOrder {
        let order = self.order(phone);
        let (code, phone) = (CodeText::foreign(code).unwrap(), order.recipient.phone().unwrap());
        let call = self.otp.foreign_call(self.app.app_key, "gw_1", (phone, &code), SAME_FOR);
        StartOrder { foreign: Some(code), call: Some(call), length: 0, meta: None, ..order }
    }

    async fn send_foreign(&self, phone: &str, code: &str) -> Uuid {
        session_of(&self.otp.start(&self.foreign(phone, code)).await.unwrap())
    }

    async fn refused_foreign(&self, phone: &str, code: &str) -> Refusal {
        refusal_of(self.otp.start(&self.foreign(phone, code)).await)
    }

    async fn ended(&self) -> Vec<HistoryEntry> {
        self.clock.advance(life::LIFETIME + life::SENDING + SECOND);
        self.otp.purge().await.unwrap();
        let page = self.store.history(HistoryFilter::default(), HistoryStart::After(0), 100).await.unwrap();
        page.rows.into_iter().map(|row| row.entry).collect()
    }

    async fn guard(&self, settings: GuardSettings) {
        let act = Act::SetGuards(self.app.app_key, Box::new(settings), vec!["mode"]);
        assert!(self.store.administer(act, "test".to_owned(), self.clock.now()).await.unwrap());
        // It is known within a second.
        self.clock.advance(SECOND);
    }
}

#[tokio::test]
async fn a_code_of_another_server_is_sent_as_it_is_and_cannot_be_typed_here() {
    let env = Environment::new().await;
    let session = env.send_foreign(PHONE, "0M53RF").await;
    assert_eq!(env.codes.last(), "0M53RF");
    let found = env.otp.find(env.app.app_key, &session.to_string()).await.unwrap();
    assert!(found.is_none(), "there is nothing to type");
    let found = env.otp.find_any(env.app.app_key, &session.to_string()).await.unwrap().unwrap();
    assert_eq!(env.otp.status(&found).delivery, Some(Delivery::Accepted));
    let kept = env.store.otp_session(session).await.unwrap().unwrap();
    let nothing = MacKeys::derive([OTP_SECRET.as_bytes()], CODE_DOMAIN).mac(session.as_bytes(), b"");
    assert_eq!((kept.is_gateway, kept.digits, kept.code_mac), (true, 0, nothing));
    let other = AppKey::parse("00000000").unwrap();
    assert!(env.otp.find_any(other, &session.to_string()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_code_of_another_server_stands_nowhere_in_the_database() {
    if is_on_postgresql() {
        return;
    }
    let env = Environment::new().await;
    let session = env.send_foreign(PHONE, "Q7X4Z9W2K5V8B3N").await;
    env.store.close().await;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(env.folder.path()).unwrap() {
        files.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(
        files.windows(16).any(|window| window == session.as_bytes()),
        "the files are those of the database"
    );
    assert!(!files.windows(15).any(|window| window == b"Q7X4Z9W2K5V8B3N"));
}

#[tokio::test]
async fn the_same_number_and_code_are_sent_once_while_the_code_is_good() {
    let env = Environment::new().await;
    // Slots of the names end in the middle of it.
    env.clock.advance(Duration::from_secs(299));
    let first = env.send_foreign(PHONE, "123456").await;
    for _ in 0..2 {
        assert_eq!(env.send_foreign(PHONE, "123456").await, first);
        env.clock.advance(Duration::from_secs(149));
    }
    assert_eq!(env.codes.count(), 1);
    env.clock.advance(SECOND * 2);
    assert_ne!(env.send_foreign(PHONE, "123456").await, first);
    assert_eq!(env.codes.count(), 2);
    // What is not sent is no response that is given again.
    env.clock.advance(life::COOLDOWN);
    env.codes.will_respond([Err(SendError::Permanent { code: 131_026 })]);
    assert_eq!(env.refused_foreign(PHONE, "654321").await.code, ErrorCode::SendFailed);
    env.send_foreign(PHONE, "654321").await;
    assert_eq!(env.codes.last(), "654321");
}

#[tokio::test]
async fn codes_of_others_and_ours_have_each_their_pause_and_end_nothing_of_the_other() {
    let env = Environment::new().await;
    let own = env.start(PHONE).await;
    let code = env.codes.last();
    env.send_foreign(PHONE, "111111").await;
    let refused = env.refused_foreign(PHONE, "222222").await;
    assert_eq!((refused.code, refused.retry_after), (ErrorCode::RateLimited, Some(life::COOLDOWN)));
    assert_eq!(env.typed(own, &code).await, None, "our code is good still");
    env.clock.advance(life::COOLDOWN);
    env.send_foreign(PHONE, "222222").await;
}

#[tokio::test]
async fn its_row_of_the_history_says_how_far_it_came() {
    let env = Environment::new().await;
    let arrived = env.send_foreign("919876543210", "111111").await;
    let sent = env.send_foreign("919876543211", "222222").await;
    let failed = env.send_foreign("919876543212", "333333").await;
    let statuses = [
        (arrived, DeliveryStatus::Delivered),
        (sent, DeliveryStatus::Sent),
        (failed, DeliveryStatus::Failed),
    ]
    .map(|(session, how)| StatusUpdate { recipient_phone: None, ..status(session, how) });
    env.otp.note_statuses(&statuses).await.unwrap();
    let rows = env.ended().await;
    assert!(rows.iter().all(|row| row.kind == HistoryKind::Gateway && row.verified_at.is_none()));
    let ending = |session: Uuid| rows.iter().find(|row| row.name == session.to_string()).unwrap().ending;
    assert_eq!((rows.len(), ending(arrived), ending(sent)), (3, Ending::Delivered, Ending::NotDelivered));
    assert_eq!(ending(failed).outcome(), Outcome::Failed);
    let filter = UsageFilter { to_hour: i64::from(u32::MAX), ..UsageFilter::default() };
    let usage = usage::read(&*env.store, filter, Span::Day, &TimeZone::UTC).await.unwrap();
    let [app] = &usage.apps[..] else { panic!("{:?}", usage.apps) };
    assert_eq!((app.kind, app.funnel.started, app.funnel.redeemed), ("gateway", 3, 1));
    let [messages] = &usage.messages[..] else { panic!("{:?}", usage.messages) };
    assert_eq!((messages.kind, messages.class), ("one_time_code", "authentication"));
}

#[tokio::test]
async fn a_recipient_who_did_not_ask_for_it_is_counted() {
    let env = Environment::new().await;
    let session = env.send_foreign(PHONE, "111111").await;
    let by = Sender { phone: Some(PhoneNumber::parse(PHONE).unwrap()), user_id: None, ..Sender::default() };
    env.otp.not_requested(&format!("wamid.{session}"), &by).await.unwrap();
    let rows = env.ended().await;
    assert_eq!((rows.len(), rows[0].ending), (1, Ending::NotRequested));
}

#[tokio::test]
async fn its_quota_is_the_apps_and_what_failed_is_given_back() {
    let env = Environment::with_app(App { monthly_quota: Some(1), ..demo_app() }).await;
    let session = env.send_foreign(PHONE, "111111").await;
    assert_eq!(env.refused_foreign("919876543211", "222222").await.code, ErrorCode::QuotaExceeded);
    let own = refusal_of(env.otp.start(&env.order("919876543211")).await);
    assert_eq!(own.code, ErrorCode::QuotaExceeded);
    env.otp.note_statuses(&[status(session, DeliveryStatus::Failed)]).await.unwrap();
    env.send_foreign("919876543211", "222222").await;
}

#[tokio::test]
async fn guards_hold_it_to_the_day_and_to_countries() {
    let env = Environment::new().await;
    let one_a_day = GuardSettings { per_day: Some(1), ..GuardSettings::default() };
    env.guard(one_a_day.clone()).await;
    let session = env.send_foreign(PHONE, "111111").await;
    // What guards have counted is known within a second.
    env.clock.advance(SECOND);
    let refused = env.refused_foreign("919876543211", "222222").await;
    assert_eq!((refused.code, refused.by_guard), (ErrorCode::RateLimited, true));
    let own = refusal_of(env.otp.start(&env.order("919876543211")).await);
    assert_eq!((own.code, own.by_guard), (ErrorCode::RateLimited, true), "they are one count");
    env.otp.note_statuses(&[status(session, DeliveryStatus::Failed)]).await.unwrap();
    env.clock.advance(SECOND * 2);
    env.send_foreign("919876543211", "222222").await;
    let german = Countries::These(vec!["DE".to_owned()]);
    env.guard(GuardSettings { countries: german, per_day: None, ..one_a_day }).await;
    let refused = env.refused_foreign("919876543212", "333333").await;
    assert_eq!((refused.code, refused.by_guard), (ErrorCode::Blocked, true));
    let rows = env.ended().await;
    let refusals = rows.iter().filter(|row| row.ending.outcome() == Outcome::Refused);
    let kinds: Vec<_> = refusals.map(|row| (row.kind, row.ending)).collect();
    assert_eq!(
        kinds,
        [
            (HistoryKind::Gateway, Ending::DayOfApp),
            (HistoryKind::Code, Ending::DayOfApp),
            (HistoryKind::Gateway, Ending::CountryNotAllowed),
        ]
    );
}

#[tokio::test]
async fn codes_whose_typing_nobody_tells_speak_against_no_country() {
    let env = Environment::new().await;
    env.guard(GuardSettings::default()).await;
    for number in 0..200_u32 {
        env.send_foreign(&format!("9198{:04}3210", 1_000 + number), "111111").await;
        env.clock.advance(SECOND * 3);
    }
    assert!(env.store.guard_pauses(env.app.app_key).await.unwrap().is_empty());
    // Neither does it for those numbers of which ours are.
    env.start("919811103210").await;
    assert_eq!(env.codes.count(), 201);
}

#[tokio::test]
async fn whoever_is_forgotten_is_called_so_at_gateways_too() {
    let env = Environment::new().await;
    let session = env.send_foreign(PHONE, "111111").await;
    let kept = env.store.otp_session(session).await.unwrap().unwrap();
    let keys = PersonKeys::derive([OTP_SECRET.as_bytes()].into_iter());
    let subjects = keys.subjects(env.app.app_key, &PhoneNumber::parse(PHONE).unwrap());
    assert!(subjects.contains(&kept.subject) && subjects.len() == 2);
}

#[tokio::test]
async fn nothing_is_sent_to_a_test_number() {
    let env = Environment::new().await;
    let order = StartOrder { foreign: CodeText::foreign("999999"), ..env.test_order() };
    let response = env.otp.start(&order).await.unwrap();
    assert!(matches!(response, OtpResponse::Started { sent: false, .. }));
    assert_eq!(env.codes.count(), 0);
    let rows = env.ended().await;
    assert_eq!((rows.len(), rows[0].kind), (1, HistoryKind::TestCode));
}
