//! Codes that guards refuse, and what they learn.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::*;
use crate::{
    events,
    store::{
        Act, Countries, CountryPause, Ending, GuardMode, GuardSettings, HistoryFilter, HistoryRow,
        HistoryStart, Sends, WebhookEndpoint, tests::webhook_endpoint,
    },
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Environment {
    async fn guarded(settings: GuardSettings) -> Self {
        let env = Self::new().await;
        env.set(settings).await;
        env
    }

    async fn set(&self, settings: GuardSettings) {
        let act = Act::SetGuards(self.app.app_key, Box::new(settings), vec!["mode"]);
        assert!(self.store.administer(act, "test".to_owned(), self.clock.now()).await.unwrap());
        // It is known within a second.
        self.clock.advance(SECOND);
    }

    async fn guard_refusal(&self, phone: &str) -> Option<Refusal> {
        match self.otp.start(&self.order(phone)).await {
            Ok(OtpResponse::Refused(refusal)) | Err(OtpError::Refused(refusal)) => Some(refusal),
            Ok(_) => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// What the history has of codes that were refused.
    async fn refusals(&self) -> Vec<HistoryRow> {
        let page = self.store.history(HistoryFilter::default(), HistoryStart::After(0), 1_000).await.unwrap();
        page.rows.into_iter().filter(|row| row.entry.ending.outcome().as_str() == "refused").collect()
    }

    /// Adds an endpoint that is told what guards do.
    async fn listen(&self) {
        let endpoint = webhook_endpoint("e", &["guard.paused", "guard.learned"]);
        let endpoint = WebhookEndpoint { app_key: self.app.app_key, ..endpoint };
        assert!(self.store.put_webhook_endpoint(&endpoint).await.unwrap());
    }

    /// What the endpoint is told.
    async fn told(&self) -> Vec<Value> {
        let deliveries = self.store.webhook_deliveries("e", None, None, 9).await.unwrap();
        deliveries.iter().map(|delivery| serde_json::from_str(&delivery.payload).unwrap()).collect()
    }

    /// Sends a code and has it typed.
    async fn verified(&self, phone: &str) {
        let session = self.start(phone).await;
        assert_eq!(self.typed(session, &self.codes.last()).await, None);
    }
}

fn these(countries: &[&str]) -> Countries {
    Countries::These(countries.iter().map(|&name| name.to_owned()).collect())
}

/// A number of India, none in the range of another.
fn number(index: u32) -> String {
    format!("9198{:04}3210", 1_000 + index)
}

#[tokio::test]
async fn a_refused_code_is_not_sent_costs_nothing_and_stands_in_the_history() {
    let env =
        Environment::guarded(GuardSettings { countries: these(&["DE"]), ..GuardSettings::default() }).await;
    let refusal = env.guard_refusal(PHONE).await.unwrap();
    assert_eq!((refusal.code, refusal.by_guard, refusal.retry_after), (ErrorCode::Blocked, true, None));
    assert_eq!(env.codes.count(), 0);
    assert_eq!(env.store.otp_sends(env.app.app_key, month(env.clock.now()).0).await.unwrap(), 0);
    let rows = env.refusals().await;
    let entry = &rows[0].entry;
    assert_eq!((rows.len(), entry.ending, entry.message_at), (1, Ending::CountryNotAllowed, None));
    assert_eq!((entry.country.as_deref(), entry.phone_end.as_deref()), (Some("IN"), Some("3210")));
    assert_eq!(env.guard_refusal("4915112345678").await, None);
}

#[tokio::test]
async fn a_refusal_is_the_response_of_the_same_call() {
    let env =
        Environment::guarded(GuardSettings { countries: these(&["DE"]), ..GuardSettings::default() }).await;
    let call = env.otp.named_call(env.app.app_key, "start", b"key", b"{}");
    let order = StartOrder { call: Some(call), ..env.order(PHONE) };
    let first = refusal_of(env.otp.start(&order).await);
    env.set(GuardSettings { countries: Countries::Any, ..GuardSettings::default() }).await;
    let call = env.otp.named_call(env.app.app_key, "start", b"key", b"{}");
    let again = refusal_of(env.otp.start(&StartOrder { call: Some(call), ..env.order(PHONE) }).await);
    assert_eq!((first.code, first.by_guard), (again.code, again.by_guard));
    assert_eq!((env.codes.count(), env.refusals().await.len()), (0, 1));
}

#[tokio::test]
async fn dry_run_sends_and_off_sends_and_counts_nothing() {
    for (mode, counted) in [(GuardMode::DryRun, 12), (GuardMode::Off, 0)] {
        let settings = GuardSettings {
            mode,
            countries: these(&["DE"]),
            per_day: Some(1),
            client_numbers: Some(1),
            ..GuardSettings::default()
        };
        let env = Environment::guarded(settings).await;
        for index in 0..12 {
            let client_ip = "203.0.113.7".parse::<IpAddr>().ok();
            let order = StartOrder { client_ip, ..env.order(&number(index)) };
            env.otp.start(&order).await.unwrap();
            env.clock.advance(SECOND * 2);
        }
        env.clock.advance(SECOND * 400);
        env.start(&number(20)).await;
        assert_eq!((env.codes.count(), env.refusals().await.len()), (13, 0));
        assert_eq!(env.store.guard_pauses(env.app.app_key).await.unwrap(), []);
        let place =
            env.otp.guards.place(env.app.app_key, &PhoneNumber::parse(PHONE).unwrap(), env.clock.now());
        let counts = env.store.guard_counts(&place).await.unwrap();
        assert_eq!(counts.today, if counted == 0 { 0 } else { counted + 1 });
    }
}

#[tokio::test]
async fn a_day_has_so_many_codes_on_all_nodes_and_the_next_one_again() {
    let settings = GuardSettings { per_day: Some(3), country_per_day: Some(2), ..GuardSettings::default() };
    let env = Environment::guarded(settings).await;
    // Another node, that has seen none of it.
    let other = otp_with(&[OTP_SECRET], &env.store, &env.clock, &env.random, &env.codes);
    assert_eq!(env.guard_refusal(&number(1)).await, None);
    other.start(&env.order(&number(2))).await.unwrap();
    let refusal = refusal_of(other.start(&env.order(&number(3))).await);
    let to_midnight = refusal.retry_after.unwrap();
    assert_eq!(refusal.code, ErrorCode::RateLimited);
    assert_eq!((env.clock.now() + to_midnight).0 % 86_400_000, 0);
    assert_eq!(env.guard_refusal("4915112345678").await, None);
    assert_eq!(env.guard_refusal("4915112345679").await.unwrap().code, ErrorCode::RateLimited);
    let endings: Vec<Ending> = env.refusals().await.iter().map(|row| row.entry.ending).collect();
    assert_eq!(endings, [Ending::DayOfCountry, Ending::DayOfApp]);
    env.clock.advance(to_midnight);
    assert_eq!(env.guard_refusal(&number(3)).await, None);
}

#[tokio::test]
async fn a_code_that_was_not_sent_is_not_counted() {
    let env = Environment::guarded(GuardSettings { per_day: Some(1), ..GuardSettings::default() }).await;
    env.codes.will_respond([Err(crate::whatsapp::SendError::Permanent { code: 131_026 })]);
    assert_eq!(env.guard_refusal(&number(1)).await.unwrap().code, ErrorCode::SendFailed);
    let session = env.start(&number(2)).await;
    assert!(env.guard_refusal(&number(3)).await.unwrap().by_guard);
    let failed = StatusUpdate { errors: vec![131_026], ..status(session, DeliveryStatus::Failed) };
    env.otp.note_statuses(&[failed]).await.unwrap();
    env.clock.advance(SECOND);
    assert_eq!(env.guard_refusal(&number(3)).await, None);
}

#[tokio::test]
async fn a_country_whose_codes_nobody_types_is_paused_and_comes_back() {
    let env = Environment::guarded(GuardSettings::default()).await;
    env.listen().await;
    env.verified(PHONE).await;
    env.clock.advance(SECOND * 60);
    for index in 0..30 {
        assert_eq!(env.guard_refusal(&number(index)).await, None, "{index}");
    }
    env.clock.advance(SECOND * 360);
    let refusal = env.guard_refusal(&number(50)).await.unwrap();
    assert_eq!((refusal.code, refusal.by_guard), (ErrorCode::Blocked, true));
    let pauses = env.store.guard_pauses(env.app.app_key).await.unwrap();
    let [CountryPause { country, until, times: 1, .. }] = pauses.as_slice() else { panic!("{pauses:?}") };
    assert_eq!((country.as_str(), refusal.retry_after), ("IN", Some(until.since(env.clock.now()))));
    let told = env.store.audit(9).await.unwrap().pop().unwrap();
    assert_eq!(
        (told.actor.as_str(), told.act.as_str(), told.fields.as_str()),
        ("guards", "guard_pause", "IN")
    );
    let [event] = &env.told().await[..] else { panic!("one") };
    let data = &event["data"];
    assert_eq!((&event["type"], &data["country"]), (&json!("guard.paused"), &json!("IN")));
    assert_eq!((&data["sent"], &data["verified"]), (&json!(31), &json!(1)));
    assert_eq!(env.guard_refusal("4915112345678").await, None, "another country");
    assert_eq!(env.guard_refusal(PHONE).await, None, "who has verified before");
    // Two codes show whether it is over, and nobody else gets one until they did.
    env.clock.set(*until);
    let mut typed = Vec::new();
    for index in [60, 61] {
        typed.push((env.start(&number(index)).await, env.codes.last()));
        env.clock.advance(SECOND);
    }
    assert_eq!(env.guard_refusal(&number(62)).await.unwrap().code, ErrorCode::Blocked);
    assert_eq!(env.store.guard_pauses(env.app.app_key).await.unwrap(), pauses, "no other pause");
    for (session, code) in typed {
        assert_eq!(env.typed(session, &code).await, None);
    }
    env.clock.advance(SECOND);
    for index in 63..65 {
        assert_eq!(env.guard_refusal(&number(index)).await, None, "{index}");
    }
}

#[tokio::test]
async fn an_operator_ends_a_pause() {
    let env = Environment::guarded(GuardSettings::default()).await;
    let (since, until) = (env.clock.now(), env.clock.now() + DAY / 4);
    let pause = CountryPause { country: "IN".to_owned(), since, until, times: 1 };
    let event = Box::new(events::country_paused(env.app.app_key, &pause, Sends::default()));
    let act = Act::PauseCountry(env.app.app_key, pause, event);
    assert!(env.store.administer(act, "test".to_owned(), since).await.unwrap());
    assert!(env.guard_refusal(PHONE).await.unwrap().by_guard);
    let act = Act::ResumeCountry(env.app.app_key, "IN".to_owned(), env.clock.now());
    assert!(env.store.administer(act, "test".to_owned(), since).await.unwrap());
    env.clock.advance(SECOND);
    assert_eq!(env.guard_refusal(PHONE).await, None);
}

#[tokio::test]
async fn a_range_of_numbers_is_refused_and_others_of_the_country_are_not() {
    let env = Environment::guarded(GuardSettings::default()).await;
    let mut sent = 0;
    while env.guard_refusal(&format!("91987654{sent:04}")).await.is_none() {
        sent += 1;
    }
    assert!((6..16).contains(&sent), "{sent} without a past");
    assert!(env.guard_refusal("919876549999").await.unwrap().by_guard);
    assert_eq!(env.guard_refusal("919876609999").await, None);
    assert_eq!(env.refusals().await[0].entry.ending, Ending::RangePaused);
}

#[tokio::test]
async fn one_address_asks_for_so_many_numbers_unless_their_codes_are_typed() {
    let settings =
        GuardSettings { client_numbers: Some(2), client_countries: Some(9), ..GuardSettings::default() };
    let env = Environment::guarded(settings).await;
    let start = async |index: u32, address: &str| {
        let order = StartOrder { client_ip: address.parse().ok(), ..env.order(&number(index)) };
        env.otp.start(&order).await.ok().map(|response| match response {
            OtpResponse::Started { session_id, .. } => Some(session_id),
            _ => None,
        })
    };
    let one = "203.0.113.7";
    let first = start(1, one).await.flatten().unwrap();
    let code = env.codes.last();
    assert!(start(2, one).await.flatten().is_some());
    assert_eq!(start(3, one).await, Some(None));
    assert!(start(3, "203.0.113.8").await.flatten().is_some());
    // Typed at another node, of which only the store knows.
    let other = otp_with(&[OTP_SECRET], &env.store, &env.clock, &env.random, &env.codes);
    let found = other.find(env.app.app_key, &first.to_string()).await.unwrap().unwrap();
    other.verify(found, Digits::typed(&code).as_ref(), None, None).await.unwrap();
    env.clock.advance(life::COOLDOWN);
    // The two that are left, of which the third was refused.
    assert!(start(3, one).await.flatten().is_some());
    assert_eq!(start(4, one).await, Some(None));
    for index in 5..9 {
        assert!(start(index, "10.0.0.1").await.flatten().is_some(), "a proxy");
    }
    assert!(env.refusals().await.iter().all(|row| row.entry.ending == Ending::ClientSpread));
}

#[tokio::test]
async fn an_address_with_people_behind_it_gets_codes_in_a_pause() {
    let env = Environment::guarded(GuardSettings::default()).await;
    let order = |index: u32, address: &str| StartOrder {
        client_ip: address.parse().ok(),
        ..env.order(&number(index))
    };
    for index in [1, 2] {
        let session = session_of(&env.otp.start(&order(index, "203.0.113.7")).await.unwrap());
        assert_eq!(env.typed(session, &env.codes.last()).await, None);
    }
    let (since, until) = (env.clock.now(), env.clock.now() + DAY / 4);
    let pause = CountryPause { country: "IN".to_owned(), since, until, times: 1 };
    let event = Box::new(events::country_paused(env.app.app_key, &pause, Sends::default()));
    let act = Act::PauseCountry(env.app.app_key, pause, event);
    assert!(env.store.administer(act, "test".to_owned(), since).await.unwrap());
    env.clock.advance(SECOND);
    let is_sent = async |index, address| {
        matches!(env.otp.start(&order(index, address)).await, Ok(OtpResponse::Started { .. }))
    };
    assert!(!is_sent(3, "203.0.113.8").await, "a neighbour is a stranger");
    assert!(is_sent(4, "203.0.113.7").await);
    env.clock.advance(SECOND * 360);
    assert!(!is_sent(5, "203.0.113.7").await, "after one that nobody typed");
}

#[tokio::test]
async fn an_address_whose_codes_nobody_types_is_refused_for_days() {
    let env = Environment::guarded(GuardSettings::default()).await;
    let is_sent = async |country: u32, index: u32| {
        // In many countries, so that none of them is paused, and no range found out.
        let prefix = ["9198", "55119", "525", "62812", "44791"][country as usize % 5];
        let order = StartOrder {
            client_ip: "203.0.113.7".parse().ok(),
            ..env.order(&format!("{prefix}{index:0width$}", width = 12 - prefix.len()))
        };
        matches!(env.otp.start(&order).await, Ok(OtpResponse::Started { .. }))
    };
    let mut sent = 0;
    for hour in 0..40_u32 {
        sent += u32::from(is_sent(hour, 10_000 * (hour + 1)).await);
        env.clock.advance(DAY / 24);
    }
    assert!((6..20).contains(&sent), "{sent} without a past");
    assert!(!is_sent(0, 990_000).await);
    let refused = env.refusals().await;
    assert!(refused.iter().all(|row| row.entry.ending == Ending::ClientSpread));
    env.clock.advance(limits::GUARD_CLIENT_KEPT);
    assert!(is_sent(0, 980_000).await);
}

#[tokio::test]
async fn the_countries_of_the_first_verified_are_learned_told_and_then_held_to() {
    let env = Environment::guarded(GuardSettings::default()).await;
    env.listen().await;
    for index in 0..limits::GUARD_LEARNED_FROM {
        env.verified(&number(u32::try_from(index).unwrap())).await;
        env.clock.advance(SECOND);
        if index == 50 {
            env.otp.look_after_guards().await.unwrap();
            assert!(env.store.guards(env.app.app_key).await.unwrap().unwrap().learned.is_none());
        }
    }
    env.otp.look_after_guards().await.unwrap();
    let learned = env.store.guards(env.app.app_key).await.unwrap().unwrap().learned.unwrap();
    assert_eq!((learned.countries.as_slice(), learned.at), (&["IN".to_owned()][..], env.clock.now()));
    let told = env.store.audit(9).await.unwrap().pop().unwrap();
    assert_eq!((told.act.as_str(), told.fields.as_str()), ("guard_learn", "IN"));
    env.otp.look_after_guards().await.unwrap();
    let [event] = &env.told().await[..] else { panic!("once") };
    assert_eq!((&event["type"], &event["data"]["countries"]), (&json!("guard.learned"), &json!(["IN"])));
    env.clock.advance(SECOND);
    // Warned of first.
    env.verified("4915112345678").await;
    env.clock.advance(limits::GUARD_LEARNED_GRACE);
    assert!(env.guard_refusal("4915112345679").await.unwrap().by_guard);
    assert_eq!(env.guard_refusal(PHONE).await, None);
    assert_eq!(env.guard_refusal("4915112345678").await, None, "who has verified before is no stranger");
}

#[tokio::test]
async fn a_test_number_is_nobodys_to_pay_for() {
    let env =
        Environment::guarded(GuardSettings { countries: these(&["DE"]), ..GuardSettings::default() }).await;
    assert!(matches!(
        env.otp.start(&env.test_order()).await.unwrap(),
        OtpResponse::Started { sent: false, .. }
    ));
}
