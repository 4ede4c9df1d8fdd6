//! The behaviour that every store must show: one list of tests, which each store runs.

use std::{collections::HashSet, time::Duration};

use loggin_protocol::{AppKey, Code, PhoneNumber, Subject, Token};

use crate::{
    clock::UnixMillis,
    languages::Language,
    store::{
        App, Asker, Change, ChangeOutcome, Confirm, Login, MessageId, PhoneHidden, Recognised, Stage, State,
        Steps, Store, Write,
    },
};

const APP: &str = "8XKPQ2WN";
pub(in crate::store) const NOW: UnixMillis = UnixMillis(1_790_416_800_000);

/// Runs the suite against what `$open` makes: a store with nothing in it, and whatever must outlive it.
macro_rules! store_suite {
    ($open:path) => {
        store_suite!($open:
            apps_are_kept_as_they_are,
            a_taken_app_key_is_not_overwritten,
            a_login_reads_back_as_it_was_written,
            of_two_changes_of_one_version_one_is_applied,
            a_change_of_a_missing_login_is_a_conflict,
            of_many_that_insert_one_login_one_does,
            a_message_counts_once,
            a_message_of_a_conflict_can_come_again,
            changes_of_one_call_stand_alone,
            thousands_of_changes_keep_their_order,
            overdue_logins_are_found_by_their_stage,
            a_deleted_login_is_gone_if_it_was_the_expected_one,
            lapsed_logins_are_trimmed_to_the_limit,
            old_messages_are_purged,
            logins_are_found_by_sender_and_by_reply,
            logins_that_were_taken_back_are_found,
            logins_without_result_are_counted_to_the_limit,
            a_process_does_not_follow_what_it_published,
            a_closed_store_takes_nothing,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            // A store whose database is not installed is passed over, which has been said.
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::logins::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use store_suite;

fn code(number: u8) -> Code {
    Token::from_secret(AppKey::parse(APP).unwrap(), [number; 20]).code()
}

pub(crate) fn login(number: u8, state: State) -> Login {
    login_of(APP, number, state)
}

pub(in crate::store) fn login_of(app: &str, number: u8, state: State) -> Login {
    Login {
        code: Token::from_secret(AppKey::parse(app).unwrap(), [number; 20]).code(),
        state,
        version: 1,
        deadline: NOW,
        waited_for: true,
        phone: None,
        user_id: None,
        person: None,
        verified_at: None,
        claimed_by: None,
        confirmation: None,
        attempts_left: 0,
        reply_reference: None,
        language: None,
        confirm: Confirm::None,
        asker: None,
        steps: Steps::default(),
    }
}

fn asker() -> Asker {
    Asker {
        browser: Some("Firefox".to_owned()),
        system: None,
        region: Some("IN".to_owned()),
        return_to: Some("https://shop.example/login".to_owned()),
        at: NOW.0,
    }
}

fn full_login(number: u8) -> Login {
    Login {
        waited_for: false,
        phone: Some(PhoneNumber::parse("919876543210").unwrap()),
        user_id: Some("IN.1234".to_owned()),
        person: Some(Recognised { subject: Subject::from_random([3; 20]), changes: 2 }),
        verified_at: Some(NOW),
        claimed_by: Some([1; 32]),
        confirmation: Some([2; 32]),
        attempts_left: 3,
        reply_reference: Some(format!("reference {number}")),
        language: Some(Language::Hindi),
        confirm: Confirm::Match,
        asker: Some(Box::new(asker())),
        steps: Steps { started_at: Some(NOW), message_at: Some(NOW + Duration::from_secs(2)) },
        ..login(number, State::Claimed)
    }
}

pub(crate) fn insert(login: Login) -> Change {
    Change {
        expected: None,
        login,
        write: Write::Put,
        message: None,
        owed: None,
        people: None,
        event: None,
        end: None,
        is_news: true,
        begun: None,
    }
}

fn update(expected: i64, login: Login) -> Change {
    let login = Login { version: expected + 1, ..login };
    Change { expected: Some(expected), ..insert(login) }
}

fn with_message(change: Change, number: u8) -> Change {
    let message = MessageId { phone_number_id: "1".to_owned(), hash: [number; 32], received_at: NOW };
    Change { message: Some(message), ..change }
}

async fn one(store: &impl Store, change: Change) -> ChangeOutcome {
    let outcomes = store.apply(vec![change]).await.unwrap();
    assert_eq!(outcomes.len(), 1);
    outcomes[0]
}

async fn read(store: &impl Store, number: u8) -> Option<Login> {
    store.logins(&[code(number)]).await.unwrap().into_iter().next()
}

pub(in crate::store) fn app(key: &str) -> App {
    App {
        app_key: AppKey::parse(key).unwrap(),
        name: "A shop".to_owned(),
        require_secret_key: true,
        hide_phone_from_browser: true,
        allowed_origins: vec!["https://a.example".to_owned(), "*".to_owned()],
        confirm: Confirm::Code,
        phone_hidden: PhoneHidden::Fail,
        calls_per_minute: 7,
        monthly_quota: Some(u32::MAX),
        live_only: true,
        messages_per_day: Some(9),
        history_days: Some(90),
        created_at: NOW,
        disabled_at: None,
    }
}

pub(in crate::store) async fn apps_are_kept_as_they_are(store: &impl Store) {
    let first = app("00000000");
    let second = App {
        require_secret_key: false,
        hide_phone_from_browser: false,
        allowed_origins: Vec::new(),
        confirm: Confirm::Reply,
        phone_hidden: PhoneHidden::Ask,
        calls_per_minute: 120,
        monthly_quota: None,
        live_only: false,
        messages_per_day: None,
        created_at: NOW + Duration::from_millis(1),
        disabled_at: Some(NOW),
        ..app("11111111")
    };
    assert_eq!(store.app(first.app_key).await.unwrap(), None);
    assert!(!store.update_app(&first).await.unwrap());
    assert!(store.insert_app(&second).await.unwrap());
    assert!(store.insert_app(&first).await.unwrap());
    assert_eq!(store.apps().await.unwrap(), [first.clone(), second]);
    let renamed = App { name: "Another".to_owned(), ..first };
    assert!(store.update_app(&renamed).await.unwrap());
    assert_eq!(store.app(renamed.app_key).await.unwrap(), Some(renamed));
}

pub(in crate::store) async fn a_taken_app_key_is_not_overwritten(store: &impl Store) {
    let first = app("00000000");
    assert!(store.insert_app(&first).await.unwrap());
    let second = App { name: "Another".to_owned(), ..first.clone() };
    assert!(!store.insert_app(&second).await.unwrap());
    assert_eq!(store.app(first.app_key).await.unwrap(), Some(first));
}

pub(in crate::store) async fn a_login_reads_back_as_it_was_written(store: &impl Store) {
    let logins = [
        full_login(1),
        Login { confirm: Confirm::Code, asker: Some(Box::new(asker())), ..login(2, State::Pending) },
        login(3, State::PhoneHidden),
    ];
    let outcomes = store.apply(logins.iter().cloned().map(insert).collect()).await.unwrap();
    assert_eq!(outcomes, [ChangeOutcome::Applied; 3]);
    let mut read = store.logins(&[code(1), code(2), code(3), code(4)]).await.unwrap();
    read.sort_by_key(|login| login.code.expose());
    let mut expected = logins.to_vec();
    expected.sort_by_key(|login| login.code.expose());
    assert_eq!(read, expected);
    assert_eq!(store.logins(&[]).await.unwrap(), []);
}

pub(in crate::store) async fn of_two_changes_of_one_version_one_is_applied(store: &impl Store) {
    assert_eq!(one(store, insert(login(1, State::Pending))).await, ChangeOutcome::Applied);
    let verified = update(1, full_login(1));
    let expired = update(1, login(1, State::Expired));
    let (first, second) = tokio::join!(one(store, verified.clone()), one(store, expired.clone()));
    let winner = match (first, second) {
        (ChangeOutcome::Applied, ChangeOutcome::Conflict) => verified.login,
        (ChangeOutcome::Conflict, ChangeOutcome::Applied) => expired.login,
        other => panic!("{other:?}"),
    };
    assert_eq!(read(store, 1).await, Some(winner));
}

pub(in crate::store) async fn a_change_of_a_missing_login_is_a_conflict(store: &impl Store) {
    assert_eq!(one(store, update(1, full_login(1))).await, ChangeOutcome::Conflict);
    assert_eq!(read(store, 1).await, None);
}

pub(in crate::store) async fn of_many_that_insert_one_login_one_does(store: &impl Store) {
    // Both ways in: waited for, and by a message.
    let waited = || insert(login(1, State::Pending));
    let early = || insert(full_login(1));
    let changes = (0..50).flat_map(|_| [waited(), early()]).collect();
    let outcomes = store.apply(changes).await.unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == ChangeOutcome::Applied).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == ChangeOutcome::Conflict).count(), 99);
}

pub(in crate::store) async fn a_message_counts_once(store: &impl Store) {
    assert_eq!(one(store, with_message(insert(full_login(1)), 1)).await, ChangeOutcome::Applied);
    let again = with_message(update(1, login(1, State::Denied)), 1);
    assert_eq!(one(store, again).await, ChangeOutcome::Duplicate);
    assert_eq!(read(store, 1).await, Some(full_login(1)));
    // The same id at another number of the business is another message.
    let mut elsewhere = with_message(insert(full_login(2)), 1);
    elsewhere.message.as_mut().unwrap().phone_number_id = "2".to_owned();
    assert_eq!(one(store, elsewhere).await, ChangeOutcome::Applied);
}

pub(in crate::store) async fn a_message_of_a_conflict_can_come_again(store: &impl Store) {
    assert_eq!(one(store, with_message(update(7, full_login(1)), 1)).await, ChangeOutcome::Conflict);
    assert_eq!(one(store, with_message(insert(full_login(1)), 1)).await, ChangeOutcome::Applied);
}

pub(in crate::store) async fn changes_of_one_call_stand_alone(store: &impl Store) {
    let changes = vec![
        with_message(insert(full_login(1)), 1),
        with_message(insert(full_login(2)), 1),
        update(9, full_login(3)),
        insert(login(4, State::Pending)),
    ];
    let outcomes = store.apply(changes).await.unwrap();
    // One message may bring about several changes of one call.
    assert_eq!(
        outcomes,
        [ChangeOutcome::Applied, ChangeOutcome::Applied, ChangeOutcome::Conflict, ChangeOutcome::Applied]
    );
    assert_eq!(one(store, with_message(insert(full_login(5)), 1)).await, ChangeOutcome::Duplicate);
    assert_eq!(read(store, 4).await, Some(login(4, State::Pending)));
}

pub(in crate::store) async fn thousands_of_changes_keep_their_order(store: &impl Store) {
    let app_key = AppKey::parse(APP).unwrap();
    let logins = (0_u32..2_500).map(|number| {
        let mut secret = [0; 20];
        secret[..4].copy_from_slice(&number.to_le_bytes());
        Login { code: Token::from_secret(app_key, secret).code(), ..login(0, State::Pending) }
    });
    let logins: Vec<Login> = logins.collect();
    let even: Vec<Change> = logins.iter().step_by(2).cloned().map(insert).collect();
    assert!(store.apply(even).await.unwrap().iter().all(|outcome| *outcome == ChangeOutcome::Applied));
    let all = store.apply(logins.iter().cloned().map(insert).collect()).await.unwrap();
    for (number, outcome) in all.into_iter().enumerate() {
        let expected = if number % 2 == 0 { ChangeOutcome::Conflict } else { ChangeOutcome::Applied };
        assert_eq!(outcome, expected, "{number}");
    }
    let codes: Vec<Code> = logins.iter().map(|login| login.code).collect();
    let read: HashSet<Code> = store.logins(&codes).await.unwrap().iter().map(|login| login.code).collect();
    assert_eq!(read.len(), 2_500);
}

pub(in crate::store) async fn overdue_logins_are_found_by_their_stage(store: &impl Store) {
    let second = Duration::from_secs(1);
    let logins = [
        Login { deadline: NOW, ..login(1, State::Pending) },
        Login { deadline: NOW - second, ..login(2, State::Claimed) },
        Login { deadline: NOW + second, ..login(3, State::Verified) },
        Login { deadline: NOW - second, ..login(4, State::Used) },
        Login { deadline: NOW + second * 2, ..login(5, State::Expired) },
        Login { deadline: NOW + second * 9, ..login(6, State::Pending) },
        Login { deadline: NOW + second * 9, ..login(7, State::Lapsed) },
    ];
    store.apply(logins.into_iter().map(insert).collect()).await.unwrap();
    let due = async |stage, limit| {
        let due = store.due(stage, NOW, NOW + second * 5, limit).await.unwrap();
        due.iter().map(|login| login.code).collect::<Vec<_>>()
    };
    // What lies beyond the horizon is due as well: no right clock wrote it.
    assert_eq!(due(Stage::Living, 10).await, [code(2), code(1), code(6)]);
    assert_eq!(due(Stage::Ended, 10).await, [code(4), code(7)]);
    assert_eq!(due(Stage::Living, 1).await, [code(2)]);
}

pub(in crate::store) async fn a_deleted_login_is_gone_if_it_was_the_expected_one(store: &impl Store) {
    let delete = |expected| Change { write: Write::Delete, ..update(expected, login(1, State::Used)) };
    assert_eq!(one(store, insert(login(1, State::Used))).await, ChangeOutcome::Applied);
    assert_eq!(one(store, delete(2)).await, ChangeOutcome::Conflict);
    assert!(read(store, 1).await.is_some());
    assert_eq!(one(store, delete(1)).await, ChangeOutcome::Applied);
    assert_eq!(read(store, 1).await, None);
}

pub(in crate::store) async fn lapsed_logins_are_trimmed_to_the_limit(store: &impl Store) {
    let lapsed = (1..=5).map(|number| Login {
        deadline: NOW + Duration::from_secs(number.into()),
        ..login(number, State::Lapsed)
    });
    let others = [login(6, State::Expired), login(7, State::Pending)];
    store.apply(lapsed.chain(others).map(insert).collect()).await.unwrap();
    assert_eq!(store.trim_lapsed(5, 10).await.unwrap(), 0);
    assert_eq!(store.trim_lapsed(2, 2).await.unwrap(), 2);
    assert_eq!(store.trim_lapsed(2, 2).await.unwrap(), 1);
    assert_eq!(store.trim_lapsed(2, 2).await.unwrap(), 0);
    let mut left = HashSet::new();
    for number in 1..=7 {
        left.extend(read(store, number).await.map(|login| login.code));
    }
    assert_eq!(left, HashSet::from([4, 5, 6, 7].map(code)), "the oldest go first");
}

pub(in crate::store) async fn old_messages_are_purged(store: &impl Store) {
    let second = Duration::from_secs(1);
    assert_eq!(one(store, with_message(insert(full_login(1)), 1)).await, ChangeOutcome::Applied);
    let again = || with_message(insert(full_login(4)), 1);
    assert_eq!(store.purge_messages(NOW, NOW, 10).await.unwrap(), 0);
    assert_eq!(one(store, again()).await, ChangeOutcome::Duplicate);
    assert_eq!(store.purge_messages(NOW, NOW + second, 10).await.unwrap(), 1);
    assert_eq!(one(store, again()).await, ChangeOutcome::Applied);
    // One that a clock far ahead received is as old as the first look at it.
    assert_eq!(store.purge_messages(NOW - second * 9, NOW - second * 8, 10).await.unwrap(), 1);
}

pub(in crate::store) async fn logins_are_found_by_sender_and_by_reply(store: &impl Store) {
    let user = |number, state, user_id: &str| Login {
        user_id: Some(user_id.to_owned()),
        reply_reference: Some(format!("reference {number}")),
        ..login(number, state)
    };
    let logins = [
        user(1, State::MessageReceived, "IN.1"),
        user(2, State::MessageReceived, "IN.1"),
        user(3, State::MessageReceived, "IN.2"),
        user(4, State::Verified, "IN.1"),
    ];
    store.apply(logins.into_iter().map(insert).collect()).await.unwrap();
    let found = async |limit| {
        let found = store.awaiting_phone("IN.1", limit).await.unwrap();
        found.iter().map(|login| login.code).collect::<Vec<_>>()
    };
    assert_eq!(found(10).await, [code(2), code(1)], "the latest first");
    assert_eq!(found(1).await, [code(2)]);
    let named = store.by_reply("reference 4").await.unwrap();
    assert_eq!(named.map(|login| login.code), Some(code(4)));
    assert_eq!(store.by_reply("reference 5").await.unwrap(), None);
}

pub(in crate::store) async fn logins_that_were_taken_back_are_found(store: &impl Store) {
    let redeemed = |number, state, seconds| Login {
        claimed_by: Some([1; 32]),
        deadline: NOW + Duration::from_secs(seconds),
        ..login(number, state)
    };
    let logins = [
        redeemed(1, State::Denied, 10),
        redeemed(2, State::Denied, 20),
        redeemed(3, State::Used, 30),
        login(4, State::Denied),
    ];
    store.apply(logins.into_iter().map(insert).collect()).await.unwrap();
    let app_key = AppKey::parse(APP).unwrap();
    assert_eq!(store.taken_back(app_key, 10).await.unwrap(), [code(2), code(1)], "the latest first");
    assert_eq!(store.taken_back(app_key, 1).await.unwrap(), [code(2)]);
    assert_eq!(store.taken_back(AppKey::parse("00000000").unwrap(), 10).await.unwrap(), []);
}

pub(in crate::store) async fn logins_without_result_are_counted_to_the_limit(store: &impl Store) {
    let logins = [
        login(1, State::Pending),
        login(2, State::MessageReceived),
        login(3, State::AwaitingConfirmation),
        login(4, State::Verified),
        login(5, State::Expired),
    ];
    store.apply(logins.into_iter().map(insert).collect()).await.unwrap();
    let app_key = AppKey::parse(APP).unwrap();
    assert_eq!(store.without_result(app_key, 10).await.unwrap(), 3);
    assert_eq!(store.without_result(app_key, 2).await.unwrap(), 2);
    assert_eq!(store.without_result(AppKey::parse("00000000").unwrap(), 10).await.unwrap(), 0);
}

pub(in crate::store) async fn a_process_does_not_follow_what_it_published(store: &impl Store) {
    let before = store.cursor().await.unwrap();
    store.apply(vec![insert(login(1, State::Pending))]).await.unwrap();
    let changed = store.changed_since(before, 10).await.unwrap();
    assert_eq!(changed.logins, []);
    assert!(changed.cursor > before);
    assert_eq!(changed.cursor, store.cursor().await.unwrap());
}

pub(in crate::store) async fn a_closed_store_takes_nothing(store: &impl Store) {
    let waiting = store.apply(vec![insert(login(1, State::Pending))]);
    let (written, ()) = tokio::join!(waiting, store.close());
    // What came before the end is written, what came after is refused: never is it lost in silence.
    let refused = store.apply(vec![insert(login(2, State::Pending))]).await;
    assert_eq!(written.unwrap(), [ChangeOutcome::Applied]);
    assert!(refused.is_err() && store.check().await.is_err());
}
