//! Sessions against a real store, a clock that is turned by hand, and a WhatsApp that notes what it is given.

mod accounts;
mod calls;
mod ending;
mod foreign;
mod guards;
mod privacy;
mod races;
mod sending;

use std::collections::HashSet;

use loggin_protocol::{AppKey, PhoneNumber};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;
use crate::{
    crypto::{CodeText, Digits},
    limits,
    phones::{self, Number},
    store::{Act, App, GuardMode, GuardSettings},
    tests::{
        APP_SECRET, CountingRandom, ManualClock, NotedCodes, OTP_SECRET, PHONE, START, demo_app,
        is_on_postgresql, store,
    },
    whatsapp::{DeliveryStatus, Sender, StatusUpdate},
};

const SECOND: Duration = Duration::from_secs(1);

pub(super) struct Environment {
    pub(super) otp: Arc<Otp>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<ManualClock>,
    random: Arc<CountingRandom>,
    pub(super) codes: Arc<NotedCodes>,
    pub(super) app: Arc<App>,
    folder: TempDir,
}

fn otp_with(
    secrets: &[&str],
    store: &Arc<dyn Store>,
    clock: &Arc<ManualClock>,
    random: &Arc<CountingRandom>,
    codes: &Arc<NotedCodes>,
) -> Arc<Otp> {
    Arc::new(Otp::new(
        Arc::clone(store),
        Arc::clone(clock) as Arc<dyn Clock>,
        Arc::clone(random) as Arc<dyn Random>,
        Arc::clone(codes) as Arc<dyn CodeSender>,
        secrets.iter().map(|secret| secret.as_bytes()),
        RecipientKeys::derive([APP_SECRET.as_bytes()]),
    ))
}

impl Environment {
    pub(super) async fn new() -> Self {
        Self::with_app(demo_app()).await
    }

    async fn with_app(app: App) -> Self {
        let (store, _, folder) = store().await;
        store.insert_app(&app).await.unwrap();
        // Guards have tests of their own; others ask for many codes that nobody types.
        let off = GuardSettings { mode: GuardMode::Off, ..GuardSettings::default() };
        let act = Act::SetGuards(app.app_key, Box::new(off), vec!["mode"]);
        assert!(store.administer(act, "test".to_owned(), START).await.unwrap());
        let (clock, codes) = (ManualClock::new(), Arc::new(NotedCodes::default()));
        let (random, app) = (Arc::new(CountingRandom::default()), Arc::new(app));
        let otp = otp_with(&[OTP_SECRET], &store, &clock, &random, &codes);
        Self { otp, store, clock, random, codes, app, folder }
    }

    /// Has these secrets from now on, the first in use.
    fn restart_with(&mut self, secrets: &[&str]) {
        self.otp = otp_with(secrets, &self.store, &self.clock, &self.random, &self.codes);
    }

    pub(super) fn order(&self, phone: &str) -> StartOrder {
        // Also of numbers that no plan knows.
        let asked = PhoneNumber::parse(phone).unwrap();
        let unplanned = Number { asked: asked.clone(), current: asked };
        let recipient = Recipient::Person(phones::read(phone, None).unwrap_or(unplanned));
        let meta = Some(r#"{"user":7.50}"#.to_owned());
        StartOrder {
            app: Arc::clone(&self.app),
            recipient,
            length: 6,
            foreign: None,
            meta,
            client_ip: None,
            call: None,
            meter: None,
        }
    }

    /// For a test number with the code 123456 and no pause.
    fn test_order(&self) -> StartOrder {
        let phone = PhoneNumber::parse("15550001111").unwrap();
        let code = Digits::typed("123456").unwrap();
        let recipient = Recipient::Test(recipient::TestRecipient { phone, code, cooldown: false });
        StartOrder { recipient, ..self.order(PHONE) }
    }

    /// Sends a code; the session.
    async fn start(&self, phone: &str) -> Uuid {
        session_of(&self.otp.start(&self.order(phone)).await.unwrap())
    }

    async fn verify(&self, session: Uuid, code: &str) -> Result<OtpResponse, OtpError> {
        let found = self.otp.find(self.app.app_key, &session.to_string()).await.unwrap().unwrap();
        self.otp.verify(found, Digits::typed(code).as_ref(), None, None).await
    }

    /// Types a code; the error's code, or none where it was right.
    async fn typed(&self, session: Uuid, code: &str) -> Option<ErrorCode> {
        match self.verify(session, code).await {
            Ok(OtpResponse::Verified { .. }) => None,
            Ok(OtpResponse::Refused(refusal)) | Err(OtpError::Refused(refusal)) => Some(refusal.code),
            other => panic!("{:?}", other.err()),
        }
    }

    /// A code that is not the last one.
    fn wrong(&self) -> String {
        let last = self.codes.last();
        let first = if last.starts_with('0') { "1" } else { "0" };
        format!("{first}{}", &last[1..])
    }
}

fn session_of(response: &OtpResponse) -> Uuid {
    match response {
        OtpResponse::Started { session_id, .. } => *session_id,
        OtpResponse::Verified { .. } => panic!("verified"),
        OtpResponse::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn refusal_of(result: Result<OtpResponse, OtpError>) -> Refusal {
    match result {
        Ok(OtpResponse::Refused(refusal)) | Err(OtpError::Refused(refusal)) => refusal,
        Ok(_) => panic!("not refused"),
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_code_is_accepted_at_299_seconds_and_refused_at_301() {
    for (seconds, expected) in [(299, None), (301, Some(ErrorCode::Expired))] {
        let env = Environment::new().await;
        let session = env.start(PHONE).await;
        env.clock.advance(SECOND * seconds);
        assert_eq!(env.typed(session, &env.codes.last()).await, expected, "{seconds}");
    }
}

#[tokio::test]
async fn a_right_code_tells_the_number_that_was_asked_for_and_the_apps_own_data() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    let response = env.verify(session, &env.codes.last()).await.unwrap();
    let OtpResponse::Verified { phone, verified_at, meta } = response else { panic!() };
    assert_eq!((phone.expose(), verified_at), (PHONE, env.clock.now()));
    assert_eq!(meta.as_deref(), Some(r#"{"user":7.50}"#));
    assert_eq!(env.typed(session, &env.codes.last()).await, Some(ErrorCode::AlreadyUsed));
}

#[tokio::test]
async fn a_session_is_its_apps_own() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await.to_string();
    let other = AppKey::parse("00000000").unwrap();
    assert!(env.otp.find(other, &session).await.unwrap().is_none());
    assert!(env.otp.find(env.app.app_key, "no session").await.unwrap().is_none());
    let unknown = Uuid::from_u128(1).to_string();
    assert!(env.otp.find(env.app.app_key, &unknown).await.unwrap().is_none());
    assert!(env.otp.find(env.app.app_key, &session.to_uppercase()).await.unwrap().is_some());
}

#[tokio::test]
async fn codes_have_the_length_that_was_asked_for() {
    let env = Environment::new().await;
    for length in 4..=8 {
        let order = StartOrder { length, ..env.order(&format!("91987654321{length}")) };
        env.otp.start(&order).await.unwrap();
        assert_eq!(env.codes.last().len(), usize::from(length));
    }
}

#[tokio::test]
async fn forms_of_one_accounts_number_share_their_budget() {
    let env = Environment::new().await;
    let session = env.start("5511987654321").await;
    for _ in 0..5 {
        env.typed(session, &env.wrong()).await;
    }
    let other = env.otp.start(&env.order("551187654321")).await;
    assert_eq!(refusal_of(other).code, ErrorCode::RateLimited);
    env.clock.advance(life::COOLDOWN);
    let session = env.start("551187654321").await;
    for _ in 0..5 {
        env.typed(session, &env.wrong()).await;
    }
    env.clock.advance(life::COOLDOWN);
    let blocked = refusal_of(env.otp.start(&env.order("5511987654321")).await);
    assert_eq!((blocked.code, blocked.retry_after.is_some()), (ErrorCode::Blocked, true));
}

#[tokio::test]
async fn a_stolen_database_gives_no_code() {
    if is_on_postgresql() {
        return;
    }
    let env = Environment::new().await;
    let order = StartOrder { length: 8, ..env.order(PHONE) };
    let session = session_of(&env.otp.start(&order).await.unwrap());
    let code = env.codes.last();
    let row = env.store.otp_session(session).await.unwrap().unwrap();
    env.store.close().await;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(env.folder.path()).unwrap() {
        files.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(files.windows(32).any(|window| window == row.code_mac), "the files are those of the database");
    assert!(!files.windows(8).any(|window| window == code.as_bytes()));
    // Whoever has all but the secret makes MACs of every code under another one, and finds nothing.
    for secret in ["", "another secret of 32 characters.."] {
        let keys = MacKeys::derive([secret.as_bytes()], CODE_DOMAIN);
        assert!(!keys.check(&row.code_mac, session.as_bytes(), code.as_bytes()));
    }
    let keys = MacKeys::derive([OTP_SECRET.as_bytes()], CODE_DOMAIN);
    assert!(keys.check(&row.code_mac, session.as_bytes(), code.as_bytes()));
    for digest in [Sha256::digest(&code), Sha256::digest(format!("{session}{code}"))] {
        assert_ne!(digest.as_slice(), row.code_mac);
    }
}

#[tokio::test]
async fn people_leave_a_session_that_is_over_and_a_day_later_it_is_forgotten() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    env.otp.purge().await.unwrap();
    env.clock.advance(life::LIFETIME);
    assert!(env.store.otp_session(session).await.unwrap().unwrap().phone.is_some());
    env.clock.advance(life::SENDING + SECOND);
    env.otp.purge().await.unwrap();
    let kept = env.store.otp_session(session).await.unwrap().unwrap();
    assert_eq!((kept.phone, kept.meta, kept.wa_id, kept.user_id), (None, None, None, None));
    assert_eq!(env.typed(session, &env.codes.last()).await, Some(ErrorCode::Expired));
    env.clock.advance(SECOND * 24 * 60 * 60);
    env.otp.purge().await.unwrap();
    assert!(env.store.otp_session(session).await.unwrap().is_none());
    assert!(env.store.otp_phone(&kept.subject).await.unwrap().is_none());
}

fn status(session: Uuid, status: DeliveryStatus) -> StatusUpdate {
    StatusUpdate {
        message_id: format!("wamid.{session}"),
        status,
        timestamp: std::time::SystemTime::UNIX_EPOCH,
        recipient_phone: Some(PhoneNumber::parse(PHONE).unwrap()),
        recipient_user_id: Some("IN.7".to_owned()),
        callback_data: Some(session.to_string()),
        errors: Vec::new(),
    }
}

#[tokio::test]
async fn statuses_come_in_any_order_and_never_take_a_message_back() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    let now = || async { env.store.otp_session(session).await.unwrap().unwrap().delivery };
    assert_eq!(now().await, None);
    for (told, expected) in [
        (DeliveryStatus::Delivered, DeliveryStatus::Delivered),
        (DeliveryStatus::Sent, DeliveryStatus::Delivered),
        (DeliveryStatus::Read, DeliveryStatus::Read),
        (DeliveryStatus::Delivered, DeliveryStatus::Read),
        // Of another device of the account: the person has it.
        (DeliveryStatus::Failed, DeliveryStatus::Read),
    ] {
        env.otp.note_statuses(&[status(session, told)]).await.unwrap();
        assert_eq!(now().await, Some(expected));
    }
    let row = env.store.otp_session(session).await.unwrap().unwrap();
    assert_eq!((row.phone, row.user_id.as_deref()), (row.wa_id, Some("IN.7")));
    assert_eq!(env.typed(session, &env.codes.last()).await, None);

    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    for told in [DeliveryStatus::Sent, DeliveryStatus::Failed, DeliveryStatus::Read] {
        env.otp.note_statuses(&[status(session, told)]).await.unwrap();
    }
    let row = env.store.otp_session(session).await.unwrap().unwrap();
    assert_eq!(row.delivery, Some(DeliveryStatus::Failed));
    let unknown = [status(Uuid::from_u128(7), DeliveryStatus::Read), {
        StatusUpdate { callback_data: Some("other".to_owned()), ..status(session, DeliveryStatus::Sent) }
    }];
    env.otp.note_statuses(&unknown).await.unwrap();
}

#[tokio::test]
async fn only_the_recipient_can_cancel_a_code() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    let message = format!("wamid.{session}");
    let person =
        |phone: &str| Sender { phone: Some(PhoneNumber::parse(phone).unwrap()), ..Sender::default() };
    env.otp.not_requested(&message, &person("15550002222")).await.unwrap();
    env.otp.not_requested("wamid.other", &person(PHONE)).await.unwrap();
    assert_eq!(env.typed(session, &env.wrong()).await, Some(ErrorCode::InvalidCode));
    for _ in 0..2 {
        env.otp.not_requested(&message, &person(PHONE)).await.unwrap();
        assert_eq!(env.typed(session, &env.codes.last()).await, Some(ErrorCode::Expired));
    }
}

#[tokio::test]
async fn calls_are_counted_for_a_minute() {
    let env = Environment::with_app(App { calls_per_minute: 2, ..demo_app() }).await;
    let mut told = Vec::new();
    let count = async |app: &Arc<App>| {
        let meter = Meter::new(Arc::clone(app));
        let exceeded = matches!(env.otp.count(&meter).await, Err(OtpError::TooManyCalls(_)));
        // It is one call, however often it is asked for.
        assert_eq!(env.otp.count(&meter).await.is_err(), exceeded);
        let rate = meter.rate().unwrap();
        (rate.remaining, exceeded, rate.reset)
    };
    for _ in 0..3 {
        told.push(count(&env.app).await);
        env.clock.advance(SECOND * 10);
    }
    assert_eq!(told, [(1, false, SECOND * 60), (0, false, SECOND * 50), (0, true, SECOND * 40)]);
    env.clock.advance(SECOND * 30);
    assert_eq!(count(&env.app).await, (1, false, SECOND * 60));
    let other = App { app_key: AppKey::parse("00000000").unwrap(), ..demo_app() };
    assert_eq!(count(&Arc::new(other)).await, (119, false, SECOND * 60));
}

#[tokio::test]
async fn a_quota_is_of_a_calendar_month() {
    let app = App { monthly_quota: Some(2), ..demo_app() };
    let env = Environment::with_app(app).await;
    let mut left = HashSet::new();
    for phone in ["919876543210", "919876543211"] {
        let response = env.otp.start(&env.order(phone)).await.unwrap();
        let OtpResponse::Started { quota_remaining, .. } = response else { panic!() };
        left.insert(quota_remaining);
    }
    assert_eq!(left, HashSet::from([Some(1), Some(0)]));
    let refusal = refusal_of(env.otp.start(&env.order("919876543212")).await);
    assert_eq!(refusal.code, ErrorCode::QuotaExceeded);
    // The clock begins on 26 September 2026 at 10:00.
    assert_eq!(refusal.retry_after, Some(SECOND * (4 * 24 + 14) * 60 * 60));
    assert_eq!(env.codes.count(), 2);
    env.clock.advance(refusal.retry_after.unwrap());
    env.start("919876543212").await;
}

#[test]
fn months_are_those_of_utc() {
    let at = |text: &str| UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond());
    let year = month(at("2026-12-31T23:59:59.999Z"));
    assert_eq!(year, (202_612, at("2027-01-01T00:00:00Z")));
    assert_eq!(month(at("2028-02-01T00:00:00Z")), (202_802, at("2028-03-01T00:00:00Z")));
}
