//! The behaviour of secret keys, and of apps that end, that every store must show.

use std::time::Duration;

use loggin_protocol::{AppKey, SecretKey};
use uuid::Uuid;

use super::{
    logins::{NOW, app, insert, login_of},
    otp::{phone, session},
};
use crate::{
    limits,
    store::{
        Act, AppSecretKey, Change, KeyUse, MessageKind, OtpCall, OtpPhone, OtpSession, OtpWrite, Owed, State,
        Store,
    },
};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! key_suite {
    ($open:path) => {
        key_suite!($open:
            keys_are_kept_as_they_are,
            a_key_needs_its_app_and_an_id_of_its_own,
            an_app_has_so_many_good_keys_and_remembers_so_many_that_ended,
            a_key_that_is_replaced_ends_at_its_time,
            a_key_is_revoked_once,
            a_new_only_key_ends_all_others,
            an_act_of_two_steps_is_done_whole_or_not_at_all,
            a_use_is_noted_once_in_a_while,
            an_app_is_disabled_and_enabled_once,
            a_deleted_app_leaves_nothing_and_touches_no_other,
            acts_and_keys_go_when_they_are_old_enough,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::keys::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use key_suite;

const APP: &str = "00000000";
const OTHER: &str = "11111111";
const HOUR: Duration = Duration::from_secs(60 * 60);

fn app_key(text: &str) -> AppKey {
    AppKey::parse(text).unwrap()
}

fn key(of: &str, number: u8) -> AppSecretKey {
    let key = SecretKey::from_secret(app_key(of), [number; 20]);
    AppSecretKey::of(&key, "a label", NOW + Duration::from_millis(number.into()))
}

async fn does(store: &impl Store, act: Act) -> bool {
    store.administer(act, "alice".to_owned(), NOW).await.unwrap()
}

async fn keys(store: &impl Store) -> Vec<AppSecretKey> {
    store.secret_keys(app_key(APP)).await.unwrap()
}

async fn with_apps(store: &impl Store) {
    for text in [APP, OTHER] {
        assert!(store.insert_app(&app(text)).await.unwrap());
    }
}

pub(in crate::store) async fn keys_are_kept_as_they_are(store: &impl Store) {
    with_apps(store).await;
    let full = AppSecretKey { last_used_at: Some(NOW), expires_at: Some(NOW + HOUR), ..key(APP, 2) };
    assert!(store.insert_secret_key(&full).await.unwrap());
    assert!(store.insert_secret_key(&key(APP, 1)).await.unwrap());
    assert!(store.insert_secret_key(&key(OTHER, 3)).await.unwrap());
    assert_eq!(keys(store).await, [key(APP, 1), full]);
}

pub(in crate::store) async fn a_key_needs_its_app_and_an_id_of_its_own(store: &impl Store) {
    assert!(!store.insert_secret_key(&key(APP, 1)).await.unwrap());
    with_apps(store).await;
    assert!(store.insert_secret_key(&key(APP, 1)).await.unwrap());
    let same = AppSecretKey { label: "another".to_owned(), ..key(APP, 1) };
    assert!(!does(store, Act::CreateKey(same)).await);
    assert_eq!(keys(store).await, [key(APP, 1)]);
}

pub(in crate::store) async fn an_app_has_so_many_good_keys_and_remembers_so_many_that_ended(
    store: &impl Store,
) {
    with_apps(store).await;
    let (most, ended) = (limits::SECRET_KEYS_PER_APP, limits::ENDED_KEYS_PER_APP);
    let number = |number: u32| u8::try_from(number).unwrap();
    for count in 1..=most {
        assert!(does(store, Act::CreateKey(key(APP, number(count)))).await);
    }
    assert!(!does(store, Act::CreateKey(key(APP, 255))).await);
    // Each takes the place of the one before.
    for count in most..most + ended + 3 {
        let next = key(APP, number(count + 1));
        let at = next.created_at;
        assert!(does(store, Act::RotateKey(next, key(APP, number(count)).id, at)).await, "{count}");
    }
    let (good, gone): (Vec<_>, Vec<_>) =
        keys(store).await.into_iter().partition(|key| key.is_good(NOW + HOUR));
    assert_eq!((good.len(), gone.len()), (most as usize, ended as usize));
    assert_eq!(gone[0].id, key(APP, number(most + 3)).id, "the latest stay");
}

pub(in crate::store) async fn a_key_that_is_replaced_ends_at_its_time(store: &impl Store) {
    with_apps(store).await;
    assert!(store.insert_secret_key(&key(APP, 1)).await.unwrap());
    let until = NOW + HOUR;
    assert!(does(store, Act::RotateKey(key(APP, 2), key(APP, 1).id, until)).await);
    let old = AppSecretKey { expires_at: Some(until), ..key(APP, 1) };
    assert_eq!(keys(store).await, [old.clone(), key(APP, 2)]);
    assert!(old.is_good(until - Duration::from_millis(1)) && !old.is_good(until));
    // One that ends before is not made to live longer.
    assert!(does(store, Act::RotateKey(key(APP, 3), key(APP, 1).id, until + HOUR)).await);
    assert_eq!(keys(store).await[0], old);
}

pub(in crate::store) async fn a_key_is_revoked_once(store: &impl Store) {
    with_apps(store).await;
    assert!(store.insert_secret_key(&key(APP, 1)).await.unwrap());
    let revoke = |of: &str, at| Act::RevokeKey(app_key(of), key(APP, 1).id, at);
    assert!(!does(store, revoke(OTHER, NOW)).await);
    assert!(does(store, revoke(APP, NOW)).await);
    assert!(!does(store, revoke(APP, NOW + HOUR)).await);
    assert!(!does(store, Act::RotateKey(key(APP, 2), key(APP, 1).id, NOW + HOUR)).await);
    assert_eq!(keys(store).await, [AppSecretKey { expires_at: Some(NOW), ..key(APP, 1) }]);
}

pub(in crate::store) async fn a_new_only_key_ends_all_others(store: &impl Store) {
    with_apps(store).await;
    for number in 1..=2 {
        assert!(store.insert_secret_key(&key(APP, number)).await.unwrap());
    }
    assert!(store.insert_secret_key(&key(OTHER, 1)).await.unwrap());
    let new = AppSecretKey { created_at: NOW + HOUR, ..key(APP, 3) };
    assert!(does(store, Act::UpdateApp(app(APP), vec!["secret_key"], Some(new.clone()))).await);
    let good: Vec<_> = keys(store).await.into_iter().filter(|key| key.is_good(NOW + HOUR)).collect();
    assert_eq!(good, [new]);
    assert_eq!(store.secret_keys(app_key(OTHER)).await.unwrap(), [key(OTHER, 1)]);
}

pub(in crate::store) async fn an_act_of_two_steps_is_done_whole_or_not_at_all(store: &impl Store) {
    with_apps(store).await;
    assert!(store.insert_secret_key(&key(APP, 1)).await.unwrap());
    assert!(!does(store, Act::RotateKey(key(APP, 1), key(APP, 1).id, NOW + HOUR)).await);
    assert_eq!(keys(store).await, [key(APP, 1)], "the old one does not end where there is no new one");
    assert!(store.audit(9).await.unwrap().is_empty());
}

pub(in crate::store) async fn a_use_is_noted_once_in_a_while(store: &impl Store) {
    with_apps(store).await;
    for number in 1..=2 {
        assert!(store.insert_secret_key(&key(APP, number)).await.unwrap());
    }
    let use_at = |at| KeyUse { app_key: app_key(APP), id: key(APP, 1).id, at };
    for (at, noted) in [
        (NOW, NOW),
        (NOW + HOUR / 2, NOW),
        (NOW + HOUR, NOW + HOUR),
        // As where a clock that was ahead is put right.
        (NOW + HOUR / 2, NOW + HOUR / 2),
    ] {
        store.note_key_uses(vec![use_at(at)], HOUR).await.unwrap();
        assert_eq!(keys(store).await[0].last_used_at, Some(noted));
    }
    assert_eq!(keys(store).await[1].last_used_at, None);
}

pub(in crate::store) async fn an_app_is_disabled_and_enabled_once(store: &impl Store) {
    with_apps(store).await;
    let disabled_at = async || store.app(app_key(APP)).await.unwrap().unwrap().disabled_at;
    assert!(!does(store, Act::EnableApp(app_key(APP))).await);
    assert!(does(store, Act::DisableApp(app_key(APP), NOW)).await);
    assert!(!does(store, Act::DisableApp(app_key(APP), NOW + HOUR)).await);
    assert_eq!(disabled_at().await, Some(NOW));
    assert!(does(store, Act::EnableApp(app_key(APP))).await);
    assert_eq!(disabled_at().await, None);
    assert!(!does(store, Act::DisableApp(app_key("22222222"), NOW)).await);
    assert_eq!(store.app(app_key(OTHER)).await.unwrap().unwrap().disabled_at, None);
}

/// Writes of one app's one-time codes: a session, its phone, an account that it counts with, and a named call.
fn codes_of(of: &str, number: u8) -> Vec<OtpWrite> {
    let id = Uuid::from_u128(number.into());
    let call = OtpCall { hash: [number; 32], body_mac: [number; 32] };
    let row = OtpPhone { subject: [number + 100; 32], version: 1, ..phone(1) };
    let (app_key, subject) = (app_key(of), [number; 32]);
    vec![
        OtpWrite::Session(OtpSession { session_id: id, app_key, subject, ..session(number.into()) }),
        OtpWrite::Join { from: subject, version: 0, into: row.subject },
        OtpWrite::Phone(row),
        OtpWrite::CountSend { app_key, month: 202_611, most: None },
        OtpWrite::Response { call, session_id: Some(id), response: vec![1], now: NOW },
    ]
}

pub(in crate::store) async fn a_deleted_app_leaves_nothing_and_touches_no_other(store: &impl Store) {
    with_apps(store).await;
    let owed =
        |number| Owed { kind: MessageKind::SignedIn, recipient: [number; 32], now: NOW, most_per_day: None };
    for (of, number) in [(APP, 1), (OTHER, 2)] {
        assert!(store.insert_secret_key(&key(of, number)).await.unwrap());
        let login = login_of(of, number, State::Verified);
        store.apply(vec![Change { owed: Some(owed(number)), ..insert(login) }]).await.unwrap();
        assert!(store.write(codes_of(of, number)).await.unwrap().is_ok());
    }
    // What of the two is there: login, message, session, phone, response, count, key, app.
    let left = async |of: &str, number: u8| {
        let code = login_of(of, number, State::Verified).code;
        let due = store.due_messages(NOW, 10).await.unwrap();
        [
            !store.logins(&[code]).await.unwrap().is_empty(),
            due.iter().any(|due| due.message.code == code),
            store.otp_session(Uuid::from_u128(number.into())).await.unwrap().is_some(),
            store.otp_phone(&[number; 32]).await.unwrap().is_some(),
            store.otp_call(&[number; 32]).await.unwrap().is_some(),
            store.otp_sends(app_key(of), 202_611).await.unwrap() > 0,
            !store.secret_keys(app_key(of)).await.unwrap().is_empty(),
            store.app(app_key(of)).await.unwrap().is_some(),
        ]
    };
    assert_eq!((left(APP, 1).await, left(OTHER, 2).await), ([true; 8], [true; 8]));
    assert!(does(store, Act::DeleteApp(app_key(APP))).await);
    assert_eq!((left(APP, 1).await, left(OTHER, 2).await), ([false; 8], [true; 8]));
    assert!(!does(store, Act::DeleteApp(app_key(APP))).await);
    let told: Vec<_> = store.audit(9).await.unwrap().into_iter().map(|row| (row.act, row.subject)).collect();
    assert_eq!(told, [("app_delete".to_owned(), APP.to_owned())]);
}

pub(in crate::store) async fn acts_and_keys_go_when_they_are_old_enough(store: &impl Store) {
    with_apps(store).await;
    let at = |hours: u32| NOW + HOUR * hours;
    let act = async |act: Act, hours| store.administer(act, "alice".to_owned(), at(hours)).await.unwrap();
    assert!(act(Act::MarkDevelopment, 0).await);
    for (number, hours) in [(1, 0), (2, 1), (3, 2)] {
        assert!(act(Act::CreateKey(key(APP, number)), hours).await);
    }
    assert!(does(store, Act::RevokeKey(app_key(APP), key(APP, 1).id, at(1))).await);
    let told = async || {
        let rows = store.audit(9).await.unwrap();
        rows.into_iter().map(|row| (row.act, row.at)).collect::<Vec<_>>()
    };
    let row = |act: &str, hours| (act.to_owned(), at(hours));
    let all = [
        row("development_data", 0),
        row("key_create", 0),
        row("key_create", 1),
        row("key_create", 2),
        row("key_revoke", 0),
    ];
    assert_eq!(told().await, all);
    assert_eq!(store.trim_audit(at(0), 10).await.unwrap(), 0);
    assert_eq!((told().await.len(), keys(store).await.len()), (5, 3));
    assert_eq!(store.trim_audit(at(1), 1).await.unwrap(), 1, "the oldest first");
    assert_eq!(told().await.len(), 4);
    assert_eq!(store.trim_audit(at(2), 10).await.unwrap(), 3);
    assert_eq!(told().await, [all[0].clone(), all[3].clone()], "the mark stays");
    assert!(store.is_development().await.unwrap());
    assert_eq!(keys(store).await, [key(APP, 2), key(APP, 3)]);
}
