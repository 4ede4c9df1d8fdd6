//! How every store keeps the browsers that the issuer remembers.

use std::time::Duration;

use loggin_protocol::{AppKey, PhoneNumber};
use uuid::Uuid;

use super::{
    identity::person,
    logins::{NOW, app, insert, login},
};
use crate::{
    limits,
    store::{Act, Confirm, IssuerSession, KnownSession, Login, PeopleChange, Person, State, Store},
};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! issuer_session_suite {
    ($open:path) => {
        issuer_session_suite!($open:
            a_session_has_the_names_that_its_person_has_by_now,
            who_takes_a_login_back_ends_what_it_began,
            of_a_persons_sessions_the_latest_are_kept,
            sessions_end_by_name_by_time_and_with_their_app,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::issuer_sessions::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use issuer_session_suite;

const HOUR: Duration = Duration::from_secs(3_600);

/// A session of the person with this number in these tests.
pub(in crate::store) fn session(number: u8) -> IssuerSession {
    let person = person(number);
    IssuerSession {
        secret_hash: [number; 32],
        session_id: Uuid::from_u128(number.into()),
        app_key: person.app_key,
        subject: person.subject,
        code: Some(login(number, State::Used).code),
        auth_time: NOW,
        confirmation: Confirm::Match,
        is_changed: true,
        expires_at: NOW + HOUR,
    }
}

fn phone(end: u8) -> PhoneNumber {
    PhoneNumber::parse(&format!("91987654320{end}")).unwrap()
}

async fn put_person(store: &impl Store, person: Person) {
    let change = PeopleChange { put: vec![person], ..PeopleChange::default() };
    store.change_people(change, None).await.unwrap();
}

async fn is_known(store: &impl Store, number: u8) -> bool {
    store.issuer_session([number; 32]).await.unwrap().is_some()
}

pub(in crate::store) async fn a_session_has_the_names_that_its_person_has_by_now(store: &impl Store) {
    store.put_issuer_session(session(1)).await.unwrap();
    assert!(!is_known(store, 1).await, "nobody knows this person");
    let someone = Person { phone: Some(phone(1)), user_id: Some("IN.1".to_owned()), ..person(1) };
    put_person(store, someone.clone()).await;
    let known = store.issuer_session([1; 32]).await.unwrap();
    let expected =
        KnownSession { session: session(1), phone: Some(phone(1)), user_id: Some("IN.1".to_owned()) };
    assert_eq!(known, Some(expected.clone()));
    // What the browser holds stays the one that it was given.
    store.put_issuer_session(IssuerSession { secret_hash: [1; 32], ..session(2) }).await.unwrap();
    put_person(store, Person { phone: Some(phone(2)), user_id: None, version: 2, ..someone }).await;
    let known = store.issuer_session([1; 32]).await.unwrap();
    assert_eq!(known, Some(KnownSession { phone: Some(phone(2)), user_id: None, ..expected }));
    assert!(!is_known(store, 2).await);
    let by_typed_code = IssuerSession { code: None, is_changed: false, ..session(3) };
    put_person(store, person(3)).await;
    store.put_issuer_session(by_typed_code.clone()).await.unwrap();
    assert_eq!(store.issuer_session([3; 32]).await.unwrap().unwrap().session, by_typed_code);
}

pub(in crate::store) async fn who_takes_a_login_back_ends_what_it_began(store: &impl Store) {
    for (number, state) in [(1, State::Used), (2, State::Denied)] {
        put_person(store, person(number)).await;
        let redeemed = Login { claimed_by: Some([number; 32]), ..login(number, state) };
        store.apply(vec![insert(redeemed)]).await.unwrap();
        store.put_issuer_session(session(number)).await.unwrap();
    }
    assert!(is_known(store, 1).await);
    assert!(!is_known(store, 2).await);
}

pub(in crate::store) async fn of_a_persons_sessions_the_latest_are_kept(store: &impl Store) {
    put_person(store, person(1)).await;
    put_person(store, person(2)).await;
    let most = u8::try_from(limits::ISSUER_SESSIONS_PER_PERSON).unwrap();
    store.put_issuer_session(IssuerSession { secret_hash: [200; 32], ..session(2) }).await.unwrap();
    for number in 10..=10 + most {
        let auth_time = NOW + HOUR * u32::from(number);
        let subject = person(1).subject;
        store.put_issuer_session(IssuerSession { subject, auth_time, ..session(number) }).await.unwrap();
    }
    assert!(!is_known(store, 10).await);
    assert!(is_known(store, 11).await && is_known(store, 10 + most).await && is_known(store, 200).await);
}

pub(in crate::store) async fn sessions_end_by_name_by_time_and_with_their_app(store: &impl Store) {
    let other = AppKey::parse("11111111").unwrap();
    for number in 1..=4 {
        put_person(store, person(number)).await;
        store.put_issuer_session(session(number)).await.unwrap();
    }
    let elsewhere = Person { app_key: other, phone: Some(phone(5)), ..person(5) };
    put_person(store, elsewhere).await;
    let lasting = NOW + HOUR * 9;
    store
        .put_issuer_session(IssuerSession { app_key: other, expires_at: lasting, ..session(5) })
        .await
        .unwrap();
    assert!(store.end_issuer_session(Uuid::from_u128(1)).await.unwrap());
    assert!(!store.end_issuer_session(Uuid::from_u128(1)).await.unwrap());
    assert!(!is_known(store, 1).await && is_known(store, 2).await);
    assert_eq!(store.purge_issuer_sessions(NOW + HOUR - Duration::from_millis(1), 9).await.unwrap(), 0);
    assert_eq!(store.purge_issuer_sessions(NOW + HOUR, 1).await.unwrap(), 1);
    assert_eq!(store.purge_issuer_sessions(NOW + HOUR, 1).await.unwrap(), 1);
    assert_eq!(store.purge_issuer_sessions(NOW + HOUR, 9).await.unwrap(), 1);
    assert!(is_known(store, 5).await);
    assert!(store.insert_app(&app("11111111")).await.unwrap());
    assert!(store.administer(Act::DeleteApp(other), "alice".to_owned(), NOW).await.unwrap());
    assert_eq!(store.purge_issuer_sessions(lasting, 9).await.unwrap(), 0);
}
