//! How every store keeps people.

use loggin_protocol::{AppKey, PhoneNumber, Subject};

use super::{
    logins::{NOW, app, insert, login},
    webhooks::{endpoint, event},
};
use crate::store::{
    Act, Change, ChangeOutcome, EventKind, Login, MessageId, PeopleChange, Person, PersonQuery, Recognised,
    State, Store,
};

/// Runs the suite against what `$open` makes: see `store_suite`.
macro_rules! identity_suite {
    ($open:path) => {
        identity_suite!($open:
            a_person_is_found_by_each_name,
            a_change_of_people_who_are_not_as_they_were_is_a_conflict,
            names_change_hands_in_one_change,
            a_notice_counts_once,
            what_apps_were_told_of_only_grows,
            people_are_deleted_with_their_app,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::identity::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use identity_suite;

const APP: &str = "8XKPQ2WN";

fn app_key() -> AppKey {
    AppKey::parse(APP).unwrap()
}

fn phone(number: u8) -> PhoneNumber {
    PhoneNumber::parse(&format!("91987654320{number}")).unwrap()
}

/// A person without a name, by their number in these tests.
pub(crate) fn person(number: u8) -> Person {
    Person {
        app_key: app_key(),
        subject: Subject::from_random([number; 20]),
        version: 1,
        phone: None,
        phone_shown: false,
        user_id: None,
        parent_user_id: None,
        identity_key: None,
        left_phone: None,
        changes: 0,
        told: 0,
    }
}

fn full(number: u8) -> Person {
    Person {
        phone: Some(phone(number)),
        phone_shown: true,
        user_id: Some(format!("IN.{number}")),
        parent_user_id: Some(format!("IN.ENT.{number}")),
        identity_key: Some([number; 32]),
        left_phone: Some([number + 100; 32]),
        changes: 3,
        told: 2,
        ..person(number)
    }
}

fn by_phone(number: u8) -> PersonQuery {
    PersonQuery {
        app_key: Some(app_key()),
        phone_name: Some(phone(number).expose().to_owned()),
        ..PersonQuery::default()
    }
}

/// A change that was decided upon when these were found.
fn after(query: PersonQuery, found: &[&Person], put: Vec<Person>) -> PeopleChange {
    let found = found.iter().map(|person| (person.subject, person.version)).collect();
    PeopleChange { seen: vec![(query, found)], put, ..PeopleChange::default() }
}

async fn put(store: &impl Store, people: Vec<Person>) {
    let change = PeopleChange { put: people, ..PeopleChange::default() };
    assert_eq!(store.change_people(change, None).await.unwrap(), ChangeOutcome::Applied);
}

/// Who is found, in the order of their subjects.
async fn found(store: &impl Store, queries: &[PersonQuery]) -> Vec<Person> {
    let mut people = store.people(queries).await.unwrap();
    people.sort_unstable_by_key(|person| person.subject);
    people
}

pub(in crate::store) async fn a_person_is_found_by_each_name(store: &impl Store) {
    let elsewhere = Person { app_key: AppKey::parse("00000000").unwrap(), ..full(1) };
    let elsewhere = Person { subject: Subject::from_random([9; 20]), ..elsewhere };
    put(store, vec![full(1), full(2), person(3), elsewhere.clone()]).await;
    let query = |app_key| PersonQuery { app_key, ..PersonQuery::default() };
    let here = query(Some(app_key()));
    for one in [
        by_phone(1),
        PersonQuery { user_id: Some("IN.1".to_owned()), ..here.clone() },
        PersonQuery { parent_user_id: Some("IN.ENT.1".to_owned()), ..here.clone() },
        PersonQuery { left_phone: vec![[50; 32], [101; 32]], ..here.clone() },
        PersonQuery { user_id: Some("IN.1".to_owned()), left_phone: vec![[101; 32]], ..by_phone(1) },
    ] {
        assert_eq!(found(store, std::slice::from_ref(&one)).await, [full(1)], "{one:?}");
        let anywhere = PersonQuery { app_key: None, ..one };
        assert_eq!(found(store, &[anywhere]).await, [full(1), elsewhere.clone()]);
    }
    assert_eq!(found(store, &[by_phone(1), by_phone(2), by_phone(1)]).await, [full(1), full(2)]);
    for nobody in [here, query(None), by_phone(3)] {
        assert_eq!(found(store, &[nobody]).await, []);
    }
    assert_eq!(found(store, &[]).await, []);
    // A number is found in whatever form WhatsApp reports it.
    let mexican = Person { phone: Some(PhoneNumber::parse("5215512345678").unwrap()), ..person(4) };
    put(store, vec![mexican.clone()]).await;
    let today = PersonQuery { phone_name: Some("525512345678".to_owned()), ..by_phone(1) };
    assert_eq!(found(store, &[today]).await, [mexican]);
}

pub(in crate::store) async fn a_change_of_people_who_are_not_as_they_were_is_a_conflict(store: &impl Store) {
    let (first, second) = (full(1), Person { version: 2, changes: 4, ..full(1) });
    let apply = async |expected: Option<i64>, state, people: PeopleChange| {
        let login = Login { version: expected.unwrap_or_default() + 1, ..login(1, state) };
        let change = Change { expected, people: Some(Box::new(people)), ..insert(login) };
        store.apply(vec![change]).await.unwrap().remove(0)
    };
    let new = after(by_phone(1), &[], vec![first.clone()]);
    let outcome = apply(None, State::Verified, new.clone()).await;
    assert_eq!(outcome, ChangeOutcome::Applied);
    // Somebody with this number is there meanwhile, or is another than the one who was seen.
    for stale in [new, after(by_phone(1), &[&second], vec![person(2)])] {
        assert_eq!(apply(Some(1), State::Claimed, stale.clone()).await, ChangeOutcome::Conflict);
        assert_eq!(store.change_people(stale, None).await.unwrap(), ChangeOutcome::Conflict);
        let code = login(1, State::Verified).code;
        assert_eq!(store.logins(&[code]).await.unwrap()[0].state, State::Verified, "nothing is written");
        assert_eq!(found(store, &[by_phone(1), by_phone(2)]).await, std::slice::from_ref(&first));
    }
    // Where the login is another, the person stays as well.
    let next = after(by_phone(1), &[&first], vec![second.clone()]);
    assert_eq!(apply(Some(7), State::Claimed, next.clone()).await, ChangeOutcome::Conflict);
    assert_eq!(found(store, &[by_phone(1)]).await, [first]);
    assert_eq!(apply(Some(1), State::Claimed, next).await, ChangeOutcome::Applied);
    assert_eq!(found(store, &[by_phone(1)]).await, [second]);
}

pub(in crate::store) async fn names_change_hands_in_one_change(store: &impl Store) {
    put(store, vec![full(1), full(2), full(3)]).await;
    // Two swap their numbers, and a third has no name left.
    let one = Person { version: 2, phone: Some(phone(2)), ..full(1) };
    let other = Person { version: 2, phone: Some(phone(1)), ..full(2) };
    let swap = PeopleChange {
        put: vec![one.clone(), other.clone()],
        removed: vec![(app_key(), full(3).subject)],
        ..PeopleChange::default()
    };
    assert_eq!(store.change_people(swap, None).await.unwrap(), ChangeOutcome::Applied);
    assert_eq!(found(store, &[by_phone(1), by_phone(2), by_phone(3)]).await, [one, other]);
}

pub(in crate::store) async fn a_notice_counts_once(store: &impl Store) {
    assert!(store.insert_app(&app(APP)).await.unwrap());
    assert!(store.put_webhook_endpoint(&endpoint("a", &[])).await.unwrap());
    let id = MessageId { phone_number_id: "1".to_owned(), hash: [1; 32], received_at: NOW };
    let notice = |version, event_id: &str| PeopleChange {
        put: vec![Person { version, ..full(1) }],
        events: vec![event(event_id, EventKind::UserChanged)],
        ..PeopleChange::default()
    };
    let take = async |change, id| store.change_people(change, id).await.unwrap();
    assert_eq!(take(notice(1, "1"), Some(id.clone())).await, ChangeOutcome::Applied);
    assert_eq!(take(notice(2, "2"), Some(id.clone())).await, ChangeOutcome::Duplicate);
    assert_eq!(found(store, &[by_phone(1)]).await, [full(1)]);
    // One that came too late for what it was decided upon can come again.
    let other = MessageId { hash: [2; 32], ..id };
    let stale = PeopleChange { seen: vec![(by_phone(1), Vec::new())], ..notice(3, "3") };
    assert_eq!(take(stale, Some(other.clone())).await, ChangeOutcome::Conflict);
    assert_eq!(take(notice(3, "3"), Some(other)).await, ChangeOutcome::Applied);
    let told = store.webhook_deliveries("a", None, None, 9).await.unwrap();
    let mut told: Vec<&str> = told.iter().map(|delivery| delivery.event_id.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["1", "3"]);
}

pub(in crate::store) async fn what_apps_were_told_of_only_grows(store: &impl Store) {
    put(store, vec![Person { changes: 9, told: 2, ..full(1) }, full(2)]).await;
    for (changes, told) in [(5, 5), (3, 5), (7, 7)] {
        let person = Recognised { subject: full(1).subject, changes };
        let change = PeopleChange { told: Some((app_key(), person)), ..PeopleChange::default() };
        assert_eq!(store.change_people(change, None).await.unwrap(), ChangeOutcome::Applied);
        let now = found(store, &[by_phone(1), by_phone(2)]).await;
        assert_eq!(now, [Person { changes: 9, told, ..full(1) }, full(2)]);
    }
}

pub(in crate::store) async fn people_are_deleted_with_their_app(store: &impl Store) {
    assert!(store.insert_app(&app(APP)).await.unwrap());
    let other = Person { app_key: AppKey::parse("00000000").unwrap(), ..full(2) };
    put(store, vec![full(1), other.clone()]).await;
    assert!(store.administer(Act::DeleteApp(app_key()), "alice".to_owned(), NOW).await.unwrap());
    let anywhere = |number| PersonQuery { app_key: None, ..by_phone(number) };
    assert_eq!(found(store, &[anywhere(1), anywhere(2)]).await, [other]);
}
