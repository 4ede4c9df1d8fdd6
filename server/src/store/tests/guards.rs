//! How every store keeps guards and what they count.

use std::time::Duration;

use loggin_protocol::AppKey;

use super::{
    logins::{NOW, app},
    webhook_endpoint,
};
use crate::{
    clock::UnixMillis,
    events, limits,
    store::{
        Act, Countries, CountryPause, DaySends, Ending, GuardCount, GuardCounts, GuardMode, GuardPlace,
        GuardPurge, GuardSettings, HistoryEntry, HistoryFilter, HistoryKind, HistoryStart, Learned,
        MinuteSends, OtpRefusal, OtpWrite, Outcome, Sends, Store,
    },
};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! guard_suite {
    ($open:path) => {
        guard_suite!($open:
            guards_read_back_as_they_were_set,
            countries_are_learned_once,
            a_country_is_paused_once_and_resumed_once,
            an_app_is_told_of_what_guards_do_and_of_nothing_that_is_not_done,
            codes_are_counted_by_day_minute_and_range,
            a_code_beyond_the_bound_of_a_day_is_refused_and_nothing_is_written_with_it,
            a_refused_code_has_a_row_without_a_session,
            what_is_old_of_guards_is_forgotten,
            guards_go_with_their_app,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::guards::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use guard_suite;

const APP: &str = "8XKPQ2WN";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SENT: GuardCount = GuardCount::Sent { most: None, most_of_country: None, by_minute: true };

fn app_key() -> AppKey {
    AppKey::parse(APP).unwrap()
}

fn place(country: &str, asked_at: UnixMillis) -> GuardPlace {
    GuardPlace {
        app_key: app_key(),
        country: country.to_owned(),
        range: "0123456789abcdef".to_owned(),
        asked_at,
    }
}

fn settings() -> GuardSettings {
    GuardSettings {
        mode: GuardMode::DryRun,
        countries: Countries::These(vec!["DE".to_owned(), "IN".to_owned()]),
        learned: None,
        per_day: None,
        country_per_day: Some(7),
        conversion: None,
        client_countries: Some(2),
        client_numbers: None,
    }
}

async fn act(store: &impl Store, act: Act) -> bool {
    store.administer(act, "root".to_owned(), NOW).await.unwrap()
}

fn set(settings: GuardSettings) -> Act {
    Act::SetGuards(app_key(), Box::new(settings), vec!["mode", "countries"])
}

fn pause(pause: CountryPause) -> Act {
    let event = events::country_paused(app_key(), &pause, Sends { sent: 60, verified: 1 });
    Act::PauseCountry(app_key(), pause, Box::new(event))
}

fn learn(settings: GuardSettings, learned: Learned) -> Act {
    let event = events::countries_learned(app_key(), &learned.countries, learned.at);
    Act::LearnCountries(app_key(), Box::new(settings), learned, Box::new(event))
}

async fn count(store: &impl Store, place: GuardPlace, count: GuardCount) -> Option<OtpRefusal> {
    store.write(vec![OtpWrite::Guard(Box::new(place), count)]).await.unwrap().err()
}

pub(in crate::store) async fn guards_read_back_as_they_were_set(store: &impl Store) {
    assert!(!act(store, set(settings())).await, "there is no such app");
    store.insert_app(&app(APP)).await.unwrap();
    assert_eq!(store.guards(app_key()).await.unwrap(), None);
    for settings in
        [settings(), GuardSettings::default(), GuardSettings { countries: Countries::Any, ..settings() }]
    {
        assert!(act(store, set(settings.clone())).await);
        assert_eq!(store.guards(app_key()).await.unwrap(), Some(settings));
    }
    let told = store.audit(9).await.unwrap().pop().unwrap();
    assert_eq!(
        (told.act.as_str(), told.subject.as_str(), told.fields.as_str()),
        ("guard_set", APP, "mode countries")
    );
}

pub(in crate::store) async fn countries_are_learned_once(store: &impl Store) {
    store.insert_app(&app(APP)).await.unwrap();
    let learned = |countries: &[&str]| {
        let learned = Learned { countries: countries.iter().map(|&name| name.to_owned()).collect(), at: NOW };
        learn(settings(), learned)
    };
    assert!(act(store, learned(&["BR", "IN"])).await);
    assert!(!act(store, learned(&["FR"])).await);
    let learned = Some(Learned { countries: vec!["BR".to_owned(), "IN".to_owned()], at: NOW });
    assert_eq!(
        store.guards(app_key()).await.unwrap(),
        Some(GuardSettings { learned: learned.clone(), ..settings() })
    );
    assert!(act(store, set(GuardSettings::default())).await);
    let kept = GuardSettings { learned, ..GuardSettings::default() };
    assert_eq!(store.guards(app_key()).await.unwrap(), Some(kept), "what was learned stays");
    let told = &store.audit(9).await.unwrap()[0];
    assert_eq!((told.act.as_str(), told.fields.as_str()), ("guard_learn", "BR IN"));
}

pub(in crate::store) async fn a_country_is_paused_once_and_resumed_once(store: &impl Store) {
    store.insert_app(&app(APP)).await.unwrap();
    let paused = |since: UnixMillis, times| CountryPause {
        country: "IN".to_owned(),
        since,
        until: since + MINUTE,
        times,
    };
    assert!(act(store, pause(paused(NOW, 1))).await);
    assert!(!act(store, pause(paused(NOW + MINUTE / 2, 2))).await);
    assert_eq!(store.guard_pauses(app_key()).await.unwrap(), [paused(NOW, 1)]);
    assert_eq!(store.guard_counts(&place("IN", NOW)).await.unwrap().pause, Some(paused(NOW, 1)));
    assert_eq!(store.guard_counts(&place("DE", NOW)).await.unwrap().pause, None);
    assert!(act(store, pause(paused(NOW + MINUTE, 2))).await);
    let resume = |at| Act::ResumeCountry(app_key(), "IN".to_owned(), at);
    let at = NOW + MINUTE * 3 / 2;
    assert!(act(store, resume(at)).await && !act(store, resume(at)).await);
    let ended = CountryPause { until: at, times: 0, ..paused(NOW + MINUTE, 2) };
    assert_eq!(store.guard_pauses(app_key()).await.unwrap(), [ended]);
}

pub(in crate::store) async fn an_app_is_told_of_what_guards_do_and_of_nothing_that_is_not_done(
    store: &impl Store,
) {
    store.insert_app(&app(APP)).await.unwrap();
    for endpoint in [webhook_endpoint("all", &[]), webhook_endpoint("other", &["login.verified"])] {
        assert!(store.put_webhook_endpoint(&endpoint).await.unwrap());
    }
    let paused = CountryPause { country: "IN".to_owned(), since: NOW, until: NOW + MINUTE, times: 1 };
    let again = CountryPause { since: NOW + MINUTE / 2, ..paused.clone() };
    assert!(act(store, pause(paused)).await && !act(store, pause(again)).await);
    let learned = Learned { countries: vec!["IN".to_owned()], at: NOW };
    assert!(act(store, learn(settings(), learned.clone())).await);
    assert!(!act(store, learn(settings(), learned)).await);
    let told = store.webhook_deliveries("all", None, None, 9).await.unwrap();
    let mut kinds: Vec<&str> = told.iter().map(|delivery| delivery.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["guard.learned", "guard.paused"]);
    assert_eq!(store.webhook_deliveries("other", None, None, 9).await.unwrap(), []);
}

pub(in crate::store) async fn codes_are_counted_by_day_minute_and_range(store: &impl Store) {
    store.insert_app(&app(APP)).await.unwrap();
    assert_eq!(store.guard_counts(&place("IN", NOW)).await.unwrap(), GuardCounts::default());
    for (country, at) in [("IN", NOW), ("IN", NOW), ("IN", NOW + MINUTE), ("DE", NOW), ("IN", NOW + DAY)] {
        assert_eq!(count(store, place(country, at), SENT).await, None);
    }
    let by_day = GuardCount::Sent { most: None, most_of_country: None, by_minute: false };
    assert_eq!(count(store, place("BR", NOW), by_day).await, None);
    let of_day = store.guard_counts(&place("BR", NOW)).await.unwrap();
    assert_eq!((of_day.today, of_day.country_today, of_day.recent), (5, 1, Vec::new()));
    assert_eq!(count(store, place("IN", NOW), GuardCount::Verified).await, None);
    let minute = place("IN", NOW).minute();
    let one = |minute, sent, verified| MinuteSends { minute, sends: Sends { sent, verified } };
    let expected = GuardCounts {
        today: 5,
        country_today: 3,
        recent: vec![one(minute + 1, 1, 0), one(minute, 2, 1)],
        ..GuardCounts::default()
    };
    assert_eq!(store.guard_counts(&place("IN", NOW + MINUTE)).await.unwrap(), expected);
    let range = async |at| store.guard_range(&place("IN", at)).await.unwrap();
    // The next day is none of this one.
    let day = place("IN", NOW).day();
    let of_day = |day, sent, verified| DaySends { day, sends: Sends { sent, verified } };
    assert_eq!(range(NOW).await, [of_day(day, 5, 1)]);
    assert_eq!(range(NOW + DAY).await, [of_day(day + 1, 1, 0), of_day(day, 5, 1)]);
    assert_eq!(range(NOW + DAY * limits::GUARD_RANGE_DAYS).await, [of_day(day + 1, 1, 0)]);
    let other = GuardPlace { range: "other".to_owned(), ..place("IN", NOW) };
    assert_eq!(store.guard_range(&other).await.unwrap(), []);
    assert_eq!(count(store, place("IN", NOW), GuardCount::NotSent { by_minute: true }).await, None);
    let counts = store.guard_counts(&place("IN", NOW)).await.unwrap();
    assert_eq!((counts.today, counts.country_today, counts.recent), (4, 2, vec![one(minute, 1, 1)]));
}

pub(in crate::store) async fn a_code_beyond_the_bound_of_a_day_is_refused_and_nothing_is_written_with_it(
    store: &impl Store,
) {
    store.insert_app(&app(APP)).await.unwrap();
    let bounded = |most, most_of_country| GuardCount::Sent {
        most: Some(most),
        most_of_country: Some(most_of_country),
        by_minute: true,
    };
    assert_eq!(count(store, place("IN", NOW), bounded(0, 9)).await, Some(OtpRefusal::DayOfApp));
    assert_eq!(count(store, place("IN", NOW), bounded(2, 1)).await, None);
    let session = super::otp::session(1);
    let id = session.session_id;
    let guard = OtpWrite::Guard(Box::new(place("IN", NOW)), bounded(2, 1));
    let refused = store.write(vec![OtpWrite::Session(session), guard]).await.unwrap();
    assert_eq!(refused, Err(OtpRefusal::DayOfCountry));
    assert_eq!(store.otp_session(id).await.unwrap(), None);
    assert_eq!(count(store, place("DE", NOW), bounded(2, 1)).await, None);
    assert_eq!(count(store, place("BR", NOW), bounded(2, 1)).await, Some(OtpRefusal::DayOfApp));
    assert_eq!(count(store, place("BR", NOW + DAY), bounded(2, 1)).await, None);
}

pub(in crate::store) async fn a_refused_code_has_a_row_without_a_session(store: &impl Store) {
    store.insert_app(&app(APP)).await.unwrap();
    let entry = HistoryEntry {
        app_key: app_key(),
        kind: HistoryKind::Code,
        ending: Ending::CountryPaused,
        name: "00000000-0000-0000-0000-000000000001".to_owned(),
        is_first: true,
        confirm: crate::store::Confirm::None,
        started_at: NOW,
        message_at: None,
        verified_at: None,
        ended_at: NOW,
        country: Some("IN".to_owned()),
        phone_end: Some("3210".to_owned()),
        recipient: Some([3; 32]),
    };
    store.write(vec![OtpWrite::Refused(Box::new(entry.clone()))]).await.unwrap().unwrap();
    let page = store.history(HistoryFilter::default(), HistoryStart::Latest, 9).await.unwrap();
    let expected = HistoryEntry { recipient: None, ..entry };
    assert_eq!(page.rows.iter().map(|row| &row.entry).collect::<Vec<_>>(), [&expected]);
    assert_eq!(page.rows[0].entry.ending.outcome(), Outcome::Refused);
}

pub(in crate::store) async fn what_is_old_of_guards_is_forgotten(store: &impl Store) {
    store.insert_app(&app(APP)).await.unwrap();
    assert_eq!(count(store, place("IN", NOW), SENT).await, None);
    let paused = CountryPause { country: "IN".to_owned(), since: NOW, until: NOW + MINUTE, times: 1 };
    assert!(act(store, pause(paused)).await);
    let days = DAY * limits::GUARD_RANGE_DAYS;
    let purge = |now| store.purge_guards(GuardPurge { now }, 100);
    assert_eq!(purge(NOW + limits::GUARD_LOOKED_BACK).await.unwrap(), 0);
    assert_eq!(purge(NOW + limits::GUARD_LOOKED_BACK + MINUTE).await.unwrap(), 1, "the minute");
    assert_eq!(purge(NOW + days).await.unwrap(), 0);
    // The app's, the country's and the range's day, and the pause.
    assert_eq!(purge(NOW + days + DAY).await.unwrap(), 4);
}

pub(in crate::store) async fn guards_go_with_their_app(store: &impl Store) {
    store.insert_app(&app(APP)).await.unwrap();
    assert!(act(store, set(settings())).await);
    assert_eq!(count(store, place("IN", NOW), SENT).await, None);
    let paused = CountryPause { country: "IN".to_owned(), since: NOW, until: NOW + MINUTE, times: 1 };
    assert!(act(store, pause(paused)).await);
    assert!(act(store, Act::DeleteApp(app_key())).await);
    store.insert_app(&app(APP)).await.unwrap();
    assert_eq!(store.guards(app_key()).await.unwrap(), None);
    assert_eq!(store.guard_pauses(app_key()).await.unwrap(), []);
    assert_eq!(store.guard_counts(&place("IN", NOW)).await.unwrap(), GuardCounts::default());
}
