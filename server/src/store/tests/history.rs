//! How every store keeps what became of logins and codes, and counts it.

use std::{collections::BTreeMap, time::Duration};

use loggin_protocol::AppKey;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use uuid::Uuid;

use super::{
    logins::{NOW, app, insert, login},
    otp::session,
};
use crate::{
    clock::UnixMillis,
    store::{
        App, Attempt, Begun, Change, ChangeOutcome, Confirm, Ended, Ending, Facet, HOUR_MILLIS, HistoryEntry,
        HistoryFilter, HistoryKind, HistoryPurge, HistoryRow, HistoryStart, MessageKind, MessageState,
        Numbered, OtpWrite, Owed, State, Store, UsageCounts, UsageFilter, UsageHour,
    },
};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! history_suite {
    ($open:path) => {
        history_suite!($open:
            a_row_comes_with_the_change_that_is_applied,
            a_session_has_one_row,
            rows_are_found_by_what_is_asked_for,
            a_list_goes_on_where_a_page_ended,
            rows_are_followed_as_they_come,
            counts_are_those_of_a_recount,
            messages_are_counted_by_what_they_say,
            what_is_old_or_too_much_goes_once_it_is_counted,
            an_app_keeps_its_history_as_long_as_it_says_and_no_longer_than_the_server,
            with_an_app_goes_its_history,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::history::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use history_suite;

const APPS: [&str; 2] = ["00000000", "11111111"];
const HOUR: Duration = Duration::from_secs(60 * 60);
const MOST: u32 = 1_000;

fn key(app: usize) -> AppKey {
    AppKey::parse(APPS[app]).unwrap()
}

pub(crate) fn entry(number: u8) -> HistoryEntry {
    HistoryEntry {
        app_key: key(0),
        kind: HistoryKind::Login,
        ending: Ending::Redeemed,
        name: format!("login {number}"),
        is_first: true,
        confirm: Confirm::Code,
        started_at: NOW,
        message_at: Some(NOW + Duration::from_millis(900)),
        verified_at: Some(NOW + Duration::from_millis(2_500)),
        ended_at: NOW + Duration::from_secs(3),
        country: Some("IN".to_owned()),
        phone_end: Some("3210".to_owned()),
        recipient: Some([number; 32]),
    }
}

/// Adds rows in their order, each with a login of its own.
async fn add(store: &impl Store, entries: impl IntoIterator<Item = HistoryEntry>) {
    for entry in entries {
        let login = login(200, State::Claimed);
        let first =
            store.apply(vec![Change { end: Some(Box::new(entry)), ..insert(login.clone()) }]).await.unwrap();
        assert_eq!(first, [ChangeOutcome::Applied]);
        let gone = Change { expected: Some(1), write: crate::store::Write::Delete, ..insert(login) };
        assert_eq!(store.apply(vec![gone]).await.unwrap(), [ChangeOutcome::Applied]);
    }
}

/// All rows that a filter lets through, the latest first, without what is not read back.
async fn found(store: &impl Store, filter: HistoryFilter) -> Vec<HistoryEntry> {
    let page = store.history(filter, HistoryStart::Latest, MOST).await.unwrap();
    assert_eq!(page.next, None);
    page.rows.into_iter().map(|row| row.entry).collect()
}

fn read_back(entry: HistoryEntry) -> HistoryEntry {
    HistoryEntry { recipient: None, ..entry }
}

async fn names(store: &impl Store, filter: HistoryFilter) -> Vec<String> {
    found(store, filter).await.into_iter().map(|entry| entry.name).collect()
}

pub(in crate::store) async fn a_row_comes_with_the_change_that_is_applied(store: &impl Store) {
    let change = |number, version: Option<i64>| Change {
        expected: version,
        end: Some(Box::new(entry(number))),
        ..insert(login(1, State::Claimed))
    };
    // The second is not at the expected version, and the third is there already.
    let outcomes = store.apply(vec![change(1, None), change(2, Some(7)), change(3, None)]).await.unwrap();
    assert_eq!(outcomes, [ChangeOutcome::Applied, ChangeOutcome::Conflict, ChangeOutcome::Conflict]);
    assert_eq!(found(store, HistoryFilter::default()).await, [read_back(entry(1))]);
    let bare = HistoryEntry {
        ending: Ending::NoMessage,
        is_first: false,
        confirm: Confirm::None,
        message_at: None,
        verified_at: None,
        country: None,
        phone_end: None,
        recipient: None,
        ..entry(4)
    };
    add(store, [bare.clone()]).await;
    assert_eq!(found(store, HistoryFilter::default()).await, [bare, read_back(entry(1))]);
}

pub(in crate::store) async fn a_session_has_one_row(store: &impl Store) {
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let made = |session_id| OtpWrite::Session(crate::store::OtpSession { session_id, ..session(1) });
    let end = |session_id, ending| OtpWrite::End {
        session_id,
        entry: Box::new(HistoryEntry {
            kind: HistoryKind::Code,
            ending,
            name: session_id.to_string(),
            ..entry(1)
        }),
    };
    store.write(vec![made(first), made(second)]).await.unwrap().unwrap();
    let (before, beyond) = (session(1).created_at + HOUR, session(1).created_at + HOUR);
    let unended = async || {
        let sessions = store.unended_sessions(before, beyond, MOST).await.unwrap();
        sessions.into_iter().map(|session| session.session_id).collect::<Vec<_>>()
    };
    assert_eq!(unended().await, [first, second]);
    store.write(vec![end(first, Ending::Typed)]).await.unwrap().unwrap();
    store.write(vec![end(first, Ending::Operator)]).await.unwrap().unwrap();
    assert_eq!(unended().await, [second]);
    // One that is refused adds nothing.
    let month = 202_611;
    let refused =
        vec![OtpWrite::CountSend { app_key: key(0), month, most: Some(0) }, end(second, Ending::Typed)];
    assert!(store.write(refused).await.unwrap().is_err());
    let both = [(first, Ending::NotTyped), (second, Ending::NotTyped)].map(|(session_id, ending)| {
        (session_id, HistoryEntry { ending, name: session_id.to_string(), ..entry(2) })
    });
    store.end_sessions(both.to_vec()).await.unwrap();
    assert_eq!(unended().await, Vec::<Uuid>::new());
    let rows = found(store, HistoryFilter::default()).await;
    let rows: Vec<_> = rows.into_iter().map(|entry| (entry.name, entry.ending)).collect();
    assert_eq!(rows, [(second.to_string(), Ending::NotTyped), (first.to_string(), Ending::Typed)]);
}

pub(in crate::store) async fn rows_are_found_by_what_is_asked_for(store: &impl Store) {
    let later = |seconds| NOW + Duration::from_secs(seconds);
    add(
        store,
        [
            entry(1),
            HistoryEntry { app_key: key(1), ended_at: later(1_000), ..entry(2) },
            HistoryEntry {
                kind: HistoryKind::Code,
                ending: Ending::NotTyped,
                ended_at: later(2_000),
                ..entry(3)
            },
            HistoryEntry {
                ending: Ending::NotMe,
                country: Some("DE".to_owned()),
                ended_at: later(3_000),
                ..entry(4)
            },
            HistoryEntry { phone_end: Some("0000".to_owned()), ended_at: later(4_000), ..entry(5) },
            // Of another person, whose MAC begins alike.
            HistoryEntry {
                recipient: Some(std::array::from_fn(|at| if at == 0 { 5 } else { 9 })),
                ended_at: later(5_000),
                ..entry(6)
            },
        ],
    )
    .await;
    let all = HistoryFilter::default();
    let cases = [
        (HistoryFilter { app_key: Some(key(1)), ..all.clone() }, vec![2]),
        (HistoryFilter { kind: Some(HistoryKind::Code), ..all.clone() }, vec![3]),
        (HistoryFilter { endings: Some(vec![Ending::NotMe, Ending::NotTyped]), ..all.clone() }, vec![4, 3]),
        (HistoryFilter { endings: Some(Vec::new()), ..all.clone() }, vec![]),
        (HistoryFilter { country: Some("DE".to_owned()), ..all.clone() }, vec![4]),
        (HistoryFilter { phone_end: Some("0000".to_owned()), ..all.clone() }, vec![5]),
        (HistoryFilter { recipients: Some(vec![[77; 32], [5; 32]]), ..all.clone() }, vec![5]),
        (HistoryFilter { recipients: Some(vec![[5; 32]]), app_key: Some(key(1)), ..all.clone() }, vec![]),
        (HistoryFilter { since: Some(later(2_000)), until: Some(later(4_000)), ..all.clone() }, vec![4, 3]),
        (HistoryFilter { until: Some(later(1_000)), ..all.clone() }, vec![1]),
        (HistoryFilter { since: Some(later(5_001)), ..all.clone() }, vec![]),
        (
            HistoryFilter { app_key: Some(key(0)), country: Some("IN".to_owned()), ..all.clone() },
            vec![6, 5, 3, 1],
        ),
    ];
    for (filter, expected) in cases {
        let expected: Vec<String> = expected.into_iter().map(|number| entry(number).name).collect();
        assert_eq!(names(store, filter.clone()).await, expected, "{filter:?}");
    }
}

pub(in crate::store) async fn a_list_goes_on_where_a_page_ended(store: &impl Store) {
    add(store, (1..=5).map(entry)).await;
    for filter in [
        HistoryFilter::default(),
        HistoryFilter { app_key: Some(key(0)), ..HistoryFilter::default() },
        HistoryFilter { country: Some("IN".to_owned()), ..HistoryFilter::default() },
    ] {
        let (mut start, mut seen) = (HistoryStart::Latest, Vec::new());
        for _ in 0..4 {
            let page = store.history(filter.clone(), start, 2).await.unwrap();
            seen.extend(page.rows.into_iter().map(|row| row.entry.name));
            let Some(next) = page.next else { break };
            start = HistoryStart::Before(next);
        }
        let expected: Vec<String> = (1..=5).rev().map(|number| entry(number).name).collect();
        assert_eq!(seen, expected);
    }
}

pub(in crate::store) async fn rows_are_followed_as_they_come(store: &impl Store) {
    assert_eq!(store.last_of_history().await.unwrap(), 0);
    let mut after = 0;
    for number in 1..=3 {
        add(store, [entry(number)]).await;
        let page = store.history(HistoryFilter::default(), HistoryStart::After(after), 10).await.unwrap();
        let names: Vec<String> = page.rows.iter().map(|row| row.entry.name.clone()).collect();
        assert_eq!(names, [entry(number).name]);
        after = page.next.unwrap();
        assert_eq!(page.rows.last().map(|row: &HistoryRow| row.id), Some(after));
    }
    let filter = HistoryFilter { country: Some("DE".to_owned()), ..HistoryFilter::default() };
    let nothing = store.history(filter, HistoryStart::After(1), 10).await.unwrap();
    assert_eq!(
        (nothing.rows.len(), nothing.next),
        (0, Some(after)),
        "what is not asked for is not looked at again"
    );
    let end = store.history(HistoryFilter::default(), HistoryStart::After(after), 10).await.unwrap();
    assert_eq!((end.rows.len(), end.next), (0, Some(after)));
}

/// Any rows of a few hours.
fn entries() -> impl Strategy<Value = Vec<HistoryEntry>> {
    let of_time =
        (0..75_i64 * HOUR_MILLIS, prop::option::of(0..20_000_i64), prop::option::of(0..400_000_i64));
    let of_kind = (0..APPS.len(), prop::sample::select(HistoryKind::ALL.to_vec()), any::<bool>());
    let ending = prop::sample::select(Ending::ALL.to_vec());
    let country = prop::option::of(prop::sample::select(vec!["IN", "DE"]));
    let one = (of_time, of_kind, ending, country).prop_map(|(of_time, of_kind, ending, country)| {
        let ((start, message, result), (app, kind, is_first)) = (of_time, of_kind);
        let started_at = UnixMillis(NOW.0 + start);
        let after = |millis: Option<i64>| millis.map(|millis| UnixMillis(started_at.0 + millis));
        HistoryEntry {
            app_key: key(app),
            kind,
            ending,
            is_first,
            started_at,
            message_at: after(message),
            verified_at: after(result),
            country: country.map(str::to_owned),
            ..entry(1)
        }
    });
    prop::collection::vec(one, 60)
}

fn counted(entry: &HistoryEntry) -> UsageCounts {
    let count = |is_counted: bool| u64::from(entry.is_first && is_counted);
    UsageCounts {
        ends: 1,
        started: count(true),
        messages: count(entry.message_at.is_some()),
        verified: count(entry.verified_at.is_some()),
        redeemed: count(matches!(entry.ending, Ending::Redeemed | Ending::Typed | Ending::Delivered)),
    }
}

/// What each side of the rows has, counted one by one; none for a row that the side does not have.
fn recount<K: Ord>(
    entries: &[HistoryEntry],
    key: impl Fn(&HistoryEntry) -> Option<K>,
) -> BTreeMap<K, UsageCounts> {
    let mut sums: BTreeMap<K, UsageCounts> = BTreeMap::new();
    for entry in entries {
        if let Some(key) = key(entry) {
            *sums.entry(key).or_default() += counted(entry);
        }
    }
    sums
}

fn value_on(facet: Facet, entry: &HistoryEntry) -> Option<String> {
    match facet {
        Facet::Hours => None,
        Facet::Endings => Some(entry.ending.number().to_string()),
        Facet::Countries => Some(entry.country.clone().unwrap_or_default()),
        Facet::Pace => entry.pace().map(|pace| pace.to_string()),
        Facet::Messages => {
            let is_code = matches!(entry.kind, HistoryKind::Code | HistoryKind::Gateway);
            let is_sent = is_code && entry.is_first && entry.message_at.is_some();
            is_sent.then(|| "0".to_owned())
        }
    }
}

async fn check_counts(store: &impl Store, entries: &[HistoryEntry], of_app: Option<usize>) {
    // Within a day, and with whole days between.
    for hours in [2, 70] {
        let from_hour = NOW.0 / HOUR_MILLIS;
        check_hours(store, entries, of_app, (from_hour, from_hour + hours)).await;
    }
}

async fn check_hours(
    store: &impl Store,
    entries: &[HistoryEntry],
    of_app: Option<usize>,
    (from_hour, to_hour): (i64, i64),
) {
    let filter = UsageFilter { app_key: of_app.map(key), apps: None, from_hour, to_hour };
    let hour = |entry: &HistoryEntry| entry.started_at.0 / HOUR_MILLIS;
    let is_asked = |entry: &HistoryEntry| {
        (from_hour..to_hour).contains(&hour(entry)) && of_app.is_none_or(|app| entry.app_key == key(app))
    };
    let hours = store.usage_by_hour(filter.clone()).await.unwrap();
    let hours: Vec<_> =
        hours.into_iter().map(|UsageHour { hour, kind, counts }| ((hour, kind), counts)).collect();
    let expected = recount(entries, |entry| is_asked(entry).then(|| (hour(entry), entry.kind)));
    assert_eq!(hours, expected.into_iter().collect::<Vec<_>>());
    for facet in [Facet::Endings, Facet::Countries, Facet::Pace, Facet::Messages] {
        let values = store.usage_by(filter.clone(), facet).await.unwrap();
        let name = |app_key: AppKey| app_key.as_str().to_owned();
        let values: BTreeMap<_, _> =
            values.into_iter().map(|one| ((name(one.app_key), one.kind, one.value), one.counts)).collect();
        let expected = recount(entries, |entry| {
            let value = value_on(facet, entry).filter(|_| is_asked(entry));
            value.map(|value| (name(entry.app_key), entry.kind, value))
        });
        assert_eq!(values, expected, "{facet:?}");
    }
}

/// Whatever ended, and however much of it was counted at once: counts are those of the rows, each once.
pub(in crate::store) async fn counts_are_those_of_a_recount(store: &impl Store) {
    for app_key in APPS {
        store.insert_app(&app(app_key)).await.unwrap();
    }
    let mut all = Vec::new();
    for at_once in [0, 7, 1_000] {
        let some = entries().new_tree(&mut TestRunner::default()).unwrap().current();
        add(store, some.clone()).await;
        all.extend(some);
        if at_once > 0 {
            assert!(store.count_history(at_once).await.unwrap() > 0);
        }
        for of_app in [None, Some(0), Some(1)] {
            check_counts(store, &all, of_app).await;
        }
    }
    assert_eq!(store.count_history(MOST).await.unwrap(), 0, "nothing is counted twice");
    check_counts(store, &all, None).await;
}

pub(in crate::store) async fn messages_are_counted_by_what_they_say(store: &impl Store) {
    let login = login(1, State::Verified);
    let (code, app_key, recipient) = (login.code, login.code.app_key(), [1; 32]);
    store.insert_app(&app(app_key.as_str())).await.unwrap();
    let owed = Owed { kind: MessageKind::SignedIn, recipient, now: NOW, most_per_day: None };
    store.apply(vec![Change { owed: Some(owed), ..insert(login) }]).await.unwrap();
    let sent = async || {
        let filter = UsageFilter {
            app_key: None,
            apps: None,
            from_hour: NOW.0 / HOUR_MILLIS,
            to_hour: NOW.0 / HOUR_MILLIS + 1,
        };
        let sent = store.usage_by(filter, Facet::Messages).await.unwrap();
        sent.into_iter().map(|one| (one.app_key, one.value, one.counts.ends)).collect::<Vec<_>>()
    };
    let attempt = Attempt {
        code,
        serial: 1,
        recipient,
        now: NOW,
        until: NOW + HOUR,
        pause: Duration::from_secs(1),
        burst: 10,
    };
    assert_eq!(store.begin_message(attempt.clone()).await.unwrap(), Begun::Taken);
    let retry = Ended::Retry { due_at: NOW, recipient_pauses: false };
    store.end_message(code, 1, retry, recipient).await.unwrap();
    assert_eq!(sent().await, []);
    let finally = Ended::Finally { state: MessageState::Sent, again: NOW };
    store.end_message(code, 1, finally, recipient).await.unwrap();
    assert_eq!(sent().await, [(app_key, MessageKind::SignedIn.number().to_string(), 1)]);
}

pub(in crate::store) async fn what_is_old_or_too_much_goes_once_it_is_counted(store: &impl Store) {
    store.insert_app(&app(APPS[0])).await.unwrap();
    let at = |seconds| NOW + Duration::from_secs(seconds);
    let unanswered = |number| HistoryEntry { ending: Ending::NoMessage, ended_at: at(100), ..entry(number) };
    add(store, [HistoryEntry { ended_at: at(1), ..entry(1) }, HistoryEntry { ended_at: at(50), ..entry(2) }])
        .await;
    add(store, (3..=5).map(unanswered)).await;
    let hour = NOW.0 / HOUR_MILLIS;
    let purge = HistoryPurge { now: at(1_000), before: at(50), hour: 0, most_unanswered: 2 };
    assert_eq!(store.purge_history(purge, 10).await.unwrap(), 0, "it is not counted yet");
    assert_eq!(store.count_history(MOST).await.unwrap(), 5);
    assert_eq!(store.purge_history(purge, 10).await.unwrap(), 2);
    let left: Vec<String> = [5, 4, 2].into_iter().map(|number| entry(number).name).collect();
    assert_eq!(names(store, HistoryFilter::default()).await, left);
    let filter = UsageFilter { app_key: None, apps: None, from_hour: hour, to_hour: hour + 1 };
    let counted = store.usage_by_hour(filter.clone()).await.unwrap();
    assert_eq!(counted[0].counts.started, 5, "the counts stay");
    let everything = HistoryPurge { now: at(1_000), before: at(1_000), hour: hour + 1, most_unanswered: 0 };
    assert!(store.purge_history(everything, 2).await.unwrap() >= 2, "as many as are asked for");
    while store.purge_history(everything, 10).await.unwrap() > 0 {}
    assert_eq!(store.usage_by_hour(filter.clone()).await.unwrap(), []);
    // What comes then is found and counted, though nothing is left of what was before.
    add(store, [entry(6)]).await;
    assert_eq!(store.count_history(MOST).await.unwrap(), 1);
    assert_eq!(names(store, HistoryFilter::default()).await, [entry(6).name]);
    assert_eq!(store.usage_by_hour(filter).await.unwrap()[0].counts.started, 1);
}

pub(in crate::store) async fn an_app_keeps_its_history_as_long_as_it_says_and_no_longer_than_the_server(
    store: &impl Store,
) {
    let day = HOUR * 24;
    for (app_key, history_days) in APPS.into_iter().zip([Some(7), None]) {
        let app = App { history_days, ..app(app_key) };
        store.insert_app(&app).await.unwrap();
        assert_eq!(store.app(app.app_key).await.unwrap().unwrap().history_days, history_days);
    }
    // Of each app one that ended 8 days ago, and one that ended a minute less than 7; some end late.
    let minute = HOUR / 60;
    let now = NOW + day * 8;
    for (number, ended_at) in [(1, NOW), (3, NOW + day + minute), (5, NOW + day - minute)] {
        let rows = [0, 1].map(|app| HistoryEntry {
            app_key: key(app),
            ended_at,
            ..entry(number + u8::try_from(app).unwrap())
        });
        add(store, rows).await;
    }
    store.count_history(MOST).await.unwrap();
    let purge = HistoryPurge { now, before: NOW - day, hour: 0, most_unanswered: 100 };
    assert_eq!(store.purge_history(purge, 1).await.unwrap(), 1, "so many at once");
    assert_eq!(store.purge_history(purge, 10).await.unwrap(), 1);
    let left: Vec<String> = [6, 4, 3, 2].into_iter().map(|number| entry(number).name).collect();
    assert_eq!(names(store, HistoryFilter::default()).await, left);
    // The server keeps less than either.
    let less = HistoryPurge { before: now, ..purge };
    assert_eq!(store.purge_history(less, 10).await.unwrap(), 4);
}

pub(in crate::store) async fn with_an_app_goes_its_history(store: &impl Store) {
    for app_key in APPS {
        store.insert_app(&app(app_key)).await.unwrap();
    }
    add(store, [entry(1), HistoryEntry { app_key: key(1), ..entry(2) }]).await;
    store.count_history(MOST).await.unwrap();
    add(store, [entry(3)]).await;
    let gone = crate::store::Act::DeleteApp(key(0));
    assert!(store.administer(gone, "alice".to_owned(), NOW).await.unwrap());
    assert_eq!(names(store, HistoryFilter::default()).await, [entry(2).name]);
    let filter = UsageFilter { app_key: None, apps: None, from_hour: 0, to_hour: i64::MAX };
    let left = store.usage_by(filter, Facet::Endings).await.unwrap();
    assert_eq!(left.into_iter().map(|one| one.app_key).collect::<Vec<_>>(), [key(1)]);
}
